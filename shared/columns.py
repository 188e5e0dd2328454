"""Columns that tables of every service have. Each call makes new ones: a column belongs to one
table.
"""

from typing import Any

from sqlalchemy import Column, DateTime, Integer, Uuid, text

AT = DateTime(timezone=True)
NOW = text("clock_timestamp()")
"""Machine time, of the statement and not of its transaction's begin."""


def workspace_key() -> Column[Any]:
    """Whose row it is. It leads every key."""
    return Column("workspace_id", Uuid, nullable=False)


def created() -> Column[Any]:
    return Column("created_at", AT, nullable=False, server_default=NOW)


def stamps() -> tuple[Column[Any], ...]:
    """When it was made and last changed: machine time."""
    return created(), Column("updated_at", AT, nullable=False, server_default=NOW)


def versioned() -> tuple[Column[Any], ...]:
    """What an ETag tells, and `stamps`."""
    return Column("version", Integer, nullable=False, server_default=text("1")), *stamps()
