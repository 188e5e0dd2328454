from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.signals.touches.rules import KINDS, Touch, column_of
from shared.uow import UnitOfWork

COLUMNS: Final = tuple(map(column_of, KINDS))


@dataclass(frozen=True, slots=True)
class TouchedRecord:
    record_type: str
    record_id: UUID


_ADD = text(
    """
    insert into touches as t (workspace_id, source, kind, record_type, record_id, at)
    select :workspace_id, :source, s.kind, s.record_type, s.record_id, s.at
    from jsonb_to_recordset(cast(:touches as jsonb))
           as s(kind text, record_type text, record_id uuid, at timestamptz)
    order by s.kind, s.record_id
    on conflict (workspace_id, source, kind, record_id) do update set at = excluded.at
    where t.at <> excluded.at
    returning record_type, record_id
    """
)
_REMOVE_OTHERS = text(
    """
    delete from touches t
    where t.workspace_id = :workspace_id and t.source = :source and not exists (
        select from jsonb_to_recordset(cast(:touches as jsonb)) as s(kind text, record_id uuid)
        where s.kind = t.kind and s.record_id = t.record_id)
    returning t.record_type, t.record_id
    """
)


def _as_json(touches: Iterable[Touch]) -> str:
    rows = [
        {"kind": t.kind, "record_type": t.record_type, "record_id": t.record_id, "at": t.at}
        for t in touches
    ]
    return to_json(rows).decode()


async def add(uow: UnitOfWork, source: str, touches: Sequence[Touch]) -> list[TouchedRecord]:
    """The records of which it was not known."""
    return await uow.rows(TouchedRecord, _ADD, source=source, touches=_as_json(touches))


async def remove_others(
    uow: UnitOfWork, source: str, touches: Sequence[Touch]
) -> list[TouchedRecord]:
    """Forget whatever else the source said; the records that this is of."""
    return await uow.rows(TouchedRecord, _REMOVE_OTHERS, source=source, touches=_as_json(touches))


# The winner keeps its own word of what both had from one source.
_HAND_OVER = text(
    """
    with moved as (
        delete from touches where workspace_id = :workspace_id and record_id = :loser
        returning source, kind, record_type, at, known_at
    )
    insert into touches (workspace_id, source, kind, record_type, record_id, at, known_at)
    select :workspace_id, source, kind, record_type, :winner, at, known_at from moved
    on conflict (workspace_id, source, kind, record_id) do nothing
    returning record_type, record_id
    """
)
_FORGET = text(
    "delete from record_touches where workspace_id = :workspace_id and record_id = :loser"
)


async def hand_over(uow: UnitOfWork, loser: UUID, winner: UUID) -> list[TouchedRecord]:
    found = await uow.rows(TouchedRecord, _HAND_OVER, loser=loser, winner=winner)
    await uow.run(_FORGET, loser=loser)
    return found


@dataclass(frozen=True, slots=True)
class LastTouches:
    record_type: str
    record_id: UUID
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None
    last_meeting_at: datetime | None
    last_note_at: datetime | None


_BEGIN = text(
    """
    insert into record_touches (workspace_id, record_type, record_id)
    select :workspace_id, record_type, record_id
    from jsonb_to_recordset(cast(:records as jsonb)) as s(record_type text, record_id uuid)
    order by record_id
    on conflict (workspace_id, record_id) do nothing
    """
)
_OWN = "workspace_id = :workspace_id and record_id = any(cast(:ids as uuid[]))"
_LOCK = text(
    f"""
    select record_type, record_id, {", ".join(COLUMNS)} from record_touches
    where {_OWN} order by record_id for update
    """
)
_LAST = ", ".join(f"max(at) filter (where kind = '{kind}') as {column_of(kind)}" for kind in KINDS)
_REFRESH = text(
    f"""
    update record_touches r
    set {", ".join(f"{name} = t.{name}" for name in COLUMNS)}
    from (
        select i.record_id, {_LAST} from unnest(cast(:ids as uuid[])) as i(record_id)
        left join touches t on t.workspace_id = :workspace_id and t.record_id = i.record_id
        group by i.record_id
    ) t
    where r.workspace_id = :workspace_id and r.record_id = t.record_id
    returning r.record_type, r.record_id, {", ".join(f"r.{name}" for name in COLUMNS)}
    """
)


async def lock(uow: UnitOfWork, records: Collection[TouchedRecord]) -> list[LastTouches]:
    """What was known of them so far. Whoever holds these rows sees all that others have said."""
    rows = [{"record_type": one.record_type, "record_id": one.record_id} for one in records]
    await uow.run(_BEGIN, records=to_json(rows).decode())
    return await uow.rows(LastTouches, _LOCK, ids=[one.record_id for one in records])


async def refresh(uow: UnitOfWork, ids: Sequence[UUID]) -> list[LastTouches]:
    """The caller holds their rows."""
    return await uow.rows(LastTouches, _REFRESH, ids=list(ids))


_ACCOUNTS_OF = text(
    """
    select l.account_id from account_contacts l
    join accounts a on a.workspace_id = :workspace_id and a.id = l.account_id
     and a.deleted_at is null
    where l.workspace_id = :workspace_id and l.contact_id = :contact_id
    order by l.account_id
    """
)


async def accounts_of(uow: UnitOfWork, contact_id: UUID) -> list[UUID]:
    return await uow.values(UUID, _ACCOUNTS_OF, contact_id=contact_id)


# Named bare, so that lists of the past read it of then.
TOUCHES_OF: Final = f"""
    select record_id::text as id, json_strip_nulls(json_build_object(
        {", ".join(f"'{name}', {name}" for name in COLUMNS)}))::text as related
    from record_touches
    where workspace_id = :workspace_id and record_id = any(cast(:ids as uuid[]))
"""
