from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.uow import UnitOfWork

_INSERT = text(
    """
    insert into field_changes (workspace_id, record_id, id, record_type, field, old, new,
                               valid_from, known_at, cause)
    select :workspace_id, c.record_id, c.id, :record_type, c.field, c.old, c.new,
           coalesce(c.valid_from, workspace_now(:workspace_id)), known.at, cast(:cause as jsonb)
    from jsonb_to_recordset(cast(:changes as jsonb))
           as c(record_id uuid, id uuid, field text, old jsonb, new jsonb, valid_from timestamptz),
         (select clock_timestamp() as at) known
    """
)


async def insert_changes(
    uow: UnitOfWork, record_type: str, changes: Sequence[Mapping[str, Any]]
) -> None:
    await uow.run(
        _INSERT,
        record_type=record_type,
        changes=to_json(changes).decode(),
        cause=to_json(uow.cause).decode(),
    )


_FORGET = text(
    "delete from field_changes where workspace_id = :workspace_id and record_id = :record_id"
)


async def forget(uow: UnitOfWork, record_id: UUID) -> None:
    await uow.run(_FORGET, record_id=record_id)


@dataclass(frozen=True, slots=True)
class _Label:
    id: str
    label: str


_LABELS = text(
    """
    select id::text as id, full_name as label from members
    where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))
    """
)


async def labels(uow: UnitOfWork, ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """What members are called now."""
    rows = await uow.rows(_Label, _LABELS, ids=list(ids))
    return {("member", row.id): row.label for row in rows}
