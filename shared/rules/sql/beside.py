"""The tables that a catalog says lie beside a record's own: the sets it is in, the roles held on
it, its changes, its product events.
"""

from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Date, FromClause, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from shared.columns import AT
from shared.rules.sql.rows import Row, other_table
from shared.rules.types.catalog import Changes, EventDays, Holdings, Memberships

N = TypeVar("N", Changes, Holdings, Memberships)


def kept(names: N | None) -> N:
    """A condition on what a record type does not have is refused when its rule is checked."""
    if names is None:
        raise AssertionError("this record type keeps none")
    return names


def memberships(names: Memberships) -> FromClause:
    return other_table(names.table, {names.set: Uuid(), names.record: Uuid(), names.left_at: AT})


def holdings(names: Holdings) -> FromClause:
    return other_table(
        names.table,
        {
            names.record: Uuid(),
            names.role: Text(),
            names.member: Uuid(),
            names.valid_from: AT,
            names.valid_to: AT,
        },
    )


def changes(names: Changes) -> FromClause:
    return other_table(
        names.table,
        {names.record_type: Text(), names.record: Uuid(), names.field: Text(), names.at: AT},
    )


def changes_of(
    names: Changes, table: FromClause, field: str, row: Row
) -> list[ColumnElement[bool]]:
    return [
        table.c[names.record_type] == row.type.name,
        table.c[names.record] == row.id,
        table.c[names.field] == field,
    ]


def event_values(names: EventDays) -> FromClause:
    """The roll-ups by declared properties."""
    return other_table(
        names.values or names.table,
        {
            names.record: Uuid(),
            names.name: Text(),
            names.day: Date(),
            names.count: BigInteger(),
            names.properties: JSONB(),
            **_contact(names),
        },
    )


def event_days(names: EventDays) -> FromClause:
    return other_table(
        names.table,
        {
            names.record: Uuid(),
            names.name: Text(),
            names.day: Date(),
            names.count: BigInteger(),
            **_contact(names),
        },
    )


def _contact(names: EventDays) -> dict[str, TypeEngine[Any]]:
    return {names.contact: Uuid()} if names.contact else {}
