from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Uuid, any_, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.exc import IntegrityError

from accounts_api.signals.indicators.models import indicator_changes, indicators
from accounts_api.signals.indicators.rows import Indicator, IndicatorChange
from shared.data import WORKSPACE
from shared.uow import UnitOfWork

_I = indicators.c
COLUMNS: Final = tuple(_I[field.name] for field in fields(Indicator))
_OF_WORKSPACE = select(*COLUMNS).where(_I.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(_I.id == bindparam("indicator_id"))
_IDS = bindparam("ids", type_=ARRAY(Uuid()))
_LIVE = text("state <> 'cleared'")
_LIVE_OF = (
    _OF_WORKSPACE.where(
        _I.definition_id == bindparam("definition_id"), _I.record_id == any_(_IDS), _LIVE
    )
    .order_by(_I.id)
    .with_for_update()
)
_LIVE_OF_RECORD = (
    _OF_WORKSPACE.where(_I.record_id == bindparam("record_id"), _LIVE)
    .order_by(_I.id)
    .with_for_update()
)
_LIVE_OF_CAUSE = _OF_WORKSPACE.where(
    _I.definition_id == bindparam("definition_id"),
    _I.record_id == bindparam("record_id"),
    _I.cause == bindparam("cause"),
    _LIVE,
)
_LAST_CLEARED = (
    _OF_WORKSPACE.where(
        _I.definition_id == bindparam("definition_id"),
        _I.record_id == any_(_IDS),
        _I.cause == bindparam("cause"),
        _I.state == "cleared",
    )
    .ext(distinct_on(_I.record_id))
    .order_by(_I.record_id, _I.cleared_at.desc(), _I.id.desc())
)


async def indicator_by_id(
    uow: UnitOfWork, indicator_id: UUID, *, lock: bool = False
) -> Indicator | None:
    statement = _BY_ID.with_for_update() if lock else _BY_ID
    return await uow.row(Indicator, statement, indicator_id=indicator_id)


async def live_indicators(
    uow: UnitOfWork, definition_id: UUID, record_ids: Collection[UUID]
) -> list[Indicator]:
    """Of a definition and these records, whatever their cause. They are locked."""
    return await uow.rows(Indicator, _LIVE_OF, definition_id=definition_id, ids=list(record_ids))


async def live_of_record(uow: UnitOfWork, record_id: UUID) -> list[Indicator]:
    """They are locked."""
    return await uow.rows(Indicator, _LIVE_OF_RECORD, record_id=record_id)


async def live_of_cause(
    uow: UnitOfWork, definition_id: UUID, record_id: UUID, cause: str
) -> Indicator | None:
    named = {"definition_id": definition_id, "record_id": record_id, "cause": cause}
    return await uow.row(Indicator, _LIVE_OF_CAUSE, **named)


async def last_cleared(
    uow: UnitOfWork, definition_id: UUID, record_ids: Collection[UUID], cause: str
) -> dict[UUID, Indicator]:
    """By record, the one of this cause that was cleared last."""
    ids = list(record_ids)
    named = {"definition_id": definition_id, "ids": ids, "cause": cause}
    rows = await uow.rows(Indicator, _LAST_CLEARED, **named) if ids else []
    return {row.record_id: row for row in rows}


_TYPES: Final = {
    "id": "uuid",
    "definition_id": "uuid",
    "kind": "text",
    "severity": "integer",
    "record_type": "text",
    "record_id": "uuid",
    "account_id": "uuid",
    "cause": "text",
    "state": "text",
    "owner_id": "uuid",
    "owner_by_hand": "boolean",
    "opened_by": "text",
    "opened_at": "timestamptz",
    "reason": "jsonb",
    "note": "text",
    "silenced_until": "timestamptz",
    "addressed_at": "timestamptz",
    "addressed_by": "uuid",
    "cleared_at": "timestamptz",
    "cleared_by": "text",
    "version": "integer",
}
_NAMES: Final = ", ".join(_TYPES)
_GIVEN: Final = f"""
    insert into indicators (workspace_id, {_NAMES})
    select :workspace_id, {", ".join(f"r.{name}" for name in _TYPES)}
    from jsonb_to_recordset(cast(:rows as jsonb))
        as r({", ".join(f"{name} {kind}" for name, kind in _TYPES.items())})
"""
_ADD = text(
    f"""
    {_GIVEN} order by r.record_id
    on conflict (workspace_id, definition_id, record_id, cause) where state <> 'cleared'
    do nothing returning id
    """
)
_FIXED: Final = ("id", "definition_id", "kind", "severity", "record_type", "cause", "opened_by")
_SET: Final = ", ".join(f"{name} = excluded.{name}" for name in _TYPES if name not in _FIXED)
# Each row is found by its key and then meets itself, as memberships are when they end.
_STORE = text(
    f"""
    {_GIVEN} order by r.id
    on conflict (workspace_id, id) do update set {_SET}, updated_at = clock_timestamp()
    """
)


async def add_indicators(uow: UnitOfWork, rows: Sequence[Indicator]) -> frozenset[UUID]:
    """The ids of those that are there now: of one cause a record has one live indicator."""
    return frozenset(await uow.values(UUID, _ADD, rows=_written(rows)))


async def store_indicators(uow: UnitOfWork, rows: Sequence[Indicator]) -> None:
    """As they are now; they are locked."""
    await uow.run(_STORE, rows=_written(rows))


def _written(rows: Sequence[Indicator]) -> str:
    return to_json([asdict(row) for row in rows]).decode()


_ADD_CHANGES = text(
    """
    insert into indicator_changes (workspace_id, indicator_id, version, change, state, record_id,
        account_id, owner_id, silenced_until, cleared_by, note, effective_at, cause)
    select :workspace_id, r.id, r.version, r.change, r.state, r.record_id, r.account_id, r.owner_id,
           r.silenced_until, r.cleared_by, r.note, r.effective_at, cast(:cause as jsonb)
    from jsonb_to_recordset(cast(:rows as jsonb))
        as r(id uuid, version integer, change text, state text, record_id uuid, account_id uuid,
             owner_id uuid, silenced_until timestamptz, cleared_by text, note text,
             effective_at timestamptz)
    """
)


async def add_changes(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    cause = to_json(uow.cause).decode()
    await uow.run(_ADD_CHANGES, rows=to_json(rows).decode(), cause=cause)


_COUNT = text(
    """
    insert into indicator_counts (workspace_id, record_id, record_type, risks, opportunities)
    select :workspace_id, r.record_id, r.record_type, r.risks, r.opportunities
    from jsonb_to_recordset(cast(:rows as jsonb))
        as r(record_id uuid, record_type text, risks integer, opportunities integer)
    order by r.record_id
    on conflict (workspace_id, record_id) do update
    set risks = indicator_counts.risks + excluded.risks,
        opportunities = indicator_counts.opportunities + excluded.opportunities
    """
)


async def count(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """How many more are open of a record, by kind; less than none are fewer."""
    await uow.run(_COUNT, rows=to_json(rows).decode())


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a record of which an indicator is: whose it is, what it is worth."""

    record_id: UUID
    record_name: str
    account_id: UUID | None
    account_name: str | None
    arr: int | None
    currency: str | None
    holder_id: UUID | None
    """Who holds the key role on the account, of several who has held it longest."""


_ACCOUNT_OF: Final = {
    "account": "select r.id, r.name, r.arr, r.currency",
    "opportunity": """
        select a.id, a.name, a.arr, a.currency from accounts a
        where a.workspace_id = :workspace_id and a.id = r.account_id limit 1
    """,
    # Of several the one that is a customer, then the oldest.
    "contact": """
        select a.id, a.name, a.arr, a.currency
        from account_contacts l
        join accounts a on a.workspace_id = :workspace_id and a.id = l.account_id
        where l.workspace_id = :workspace_id and l.contact_id = r.id and a.deleted_at is null
        order by a.lifecycle_status = 'ignored', a.id limit 1
    """,
}
_TABLES: Final = {"account": "accounts", "opportunity": "opportunities", "contact": "contacts"}
_WORTH: Final = {"account": "a", "opportunity": "r", "contact": "a"}
_FACTS: Final = {
    record_type: text(
        f"""
        select r.id as record_id, r.name as record_name, a.id as account_id,
               a.name as account_name, {_WORTH[record_type]}.arr, {_WORTH[record_type]}.currency,
               h.member_id as holder_id
        from {table} r
        left join lateral ({_ACCOUNT_OF[record_type]}) a on true
        left join lateral (
            select k.member_id from key_role_assignments k
            join members m on m.workspace_id = :workspace_id and m.id = k.member_id and m.active
            where k.workspace_id = :workspace_id and k.account_id = a.id
              and k.key_role_key = :key_role and k.valid_to is null
            order by k.valid_from, k.member_id limit 1
        ) h on true
        where r.workspace_id = :workspace_id and r.id = any(cast(:ids as uuid[]))
        """
    )
    for record_type, table in _TABLES.items()
}


async def facts_of(
    uow: UnitOfWork, record_type: str, ids: Collection[UUID], key_role: str | None
) -> dict[UUID, Facts]:
    """By record; deleted ones too."""
    named = {"ids": sorted(ids), "key_role": key_role or ""}
    rows = await uow.rows(Facts, _FACTS[record_type], **named) if ids else []
    return {row.record_id: row for row in rows}


_C = indicator_changes.c
_HISTORY = select(*(_C[field.name] for field in fields(IndicatorChange))).where(
    _C.workspace_id == WORKSPACE,
    _C.indicator_id == bindparam("indicator_id"),
    _C.version > bindparam("after"),
)


async def changes_page(
    uow: UnitOfWork, indicator_id: UUID, after: int, limit: int
) -> list[IndicatorChange]:
    """Oldest first."""
    page = _HISTORY.order_by(_C.version).limit(limit)
    return await uow.rows(IndicatorChange, page, indicator_id=indicator_id, after=after)


_HAND_OVER = text(
    """
    update indicators set record_id = :record_id, account_id = :account_id
    where workspace_id = :workspace_id and id = :id
    """
)


async def hand_over(uow: UnitOfWork, moved: Indicator) -> bool:
    """Whether it is of its new record now: not when that has a live one of the same cause. A rule
    that opens one there at this moment is waited for.
    """
    given = {"id": moved.id, "record_id": moved.record_id, "account_id": moved.account_id}
    try:
        async with uow.savepoint():
            await uow.run(_HAND_OVER, **given)
    except IntegrityError as error:
        if "uq_indicators_live" not in str(error.orig):
            raise
        return False
    return True
