"""Columns that tables of every service have. Each call makes new columns: a column belongs to one
table.
"""

from typing import Any

from sqlalchemy import Column, DateTime, Integer, Uuid, text

AT = DateTime(timezone=True)
NOW = text("clock_timestamp()")
"""Machine time of the statement, not of the start of its transaction."""


def workspace_key() -> Column[Any]:
    """The workspace that owns the row. It is the first column of every key."""
    return Column("workspace_id", Uuid, nullable=False)


def created() -> Column[Any]:
    return Column("created_at", AT, nullable=False, server_default=NOW)


def stamps() -> tuple[Column[Any], ...]:
    """When the row was created and last changed: machine time."""
    return created(), Column("updated_at", AT, nullable=False, server_default=NOW)


def versioned() -> tuple[Column[Any], ...]:
    """The version that an ETag shows, and `stamps`."""
    return Column("version", Integer, nullable=False, server_default=text("1")), *stamps()
