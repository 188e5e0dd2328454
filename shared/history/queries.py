from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes: of one field or a group of them, true since and until, known until."""

    field: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    known_until: datetime | None = None


_WHERE = {
    "before": "id < cast(:before as uuid)",
    "field": "(field = :field or starts_with(field, :field || '.'))",
    "since": "valid_from >= :since",
    "until": "valid_from <= :until",
    "known_until": "known_at <= :known_until",
}
COLUMNS = (
    "id::text as id, field, valid_from, known_at, old::text as old, new::text as new,"
    " cause::text as cause"
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """`old`, `new` and `cause` are JSON."""

    id: str
    field: str
    valid_from: datetime
    known_at: datetime
    old: str | None
    new: str | None
    cause: str


async def changes_page(
    uow: UnitOfWork, record_id: UUID, *, wanted: Wanted, before: str | None, limit: int
) -> list[FieldChange]:
    """Newest first: ids are UUIDv7, so they sort by when the change was known."""
    given = {
        "before": before,
        "field": wanted.field,
        "since": wanted.since,
        "until": wanted.until,
        "known_until": wanted.known_until,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    where = " ".join(f"and {_WHERE[name]}" for name in asked)
    page = text(
        f"""
        select {COLUMNS} from field_changes
        where workspace_id = :workspace_id and record_id = :record_id {where}
        order by field_changes.id desc limit :limit
        """
    )
    return await uow.rows(FieldChange, page, record_id=record_id, limit=limit, **asked)
