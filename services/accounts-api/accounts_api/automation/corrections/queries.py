"""What waits to be corrected, who was ever linked to whom, and when something became another."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import TextClause, text

from accounts_api.automation.corrections.rules import PastChange
from shared.data import Transaction
from shared.rules.types.catalog import Children, Link, Parent, RecordType, Relation
from shared.uow import UnitOfWork

_QUEUE = text(
    """
    insert into past_corrections (workspace_id, record_type, record_id, what, since, cause)
    select :workspace_id, c.record_type, c.record_id, c.what, c.since, cast(:cause as jsonb)
    from jsonb_to_recordset(cast(:changes as jsonb))
           as c(record_type text, record_id uuid, what text[], since timestamptz)
    """
)


async def queue(uow: UnitOfWork, changes: Iterable[Mapping[str, Any]], cause: str) -> None:
    """`changes` are rows of `record_type`, `record_id`, `what`, `since`."""
    await uow.run(_QUEUE, changes=to_json(list(changes)).decode(), cause=cause)


_CLAIM = text(
    "select id, record_type, record_id, what, since, cause"
    " from claim_past_corrections(:workspace_id, :limit) order by id"
)


async def claim(uow: UnitOfWork, limit: int) -> list[PastChange]:
    return await uow.rows(PastChange, _CLAIM, limit=limit)


_COUNT = text("select count(*) from past_corrections where workspace_id = :workspace_id")


async def count(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT)


_WAITING = text(
    """
    select w.workspace_id from workspaces w
    where (select c.id from past_corrections c where c.workspace_id = w.workspace_id
           order by c.workspace_id, c.id limit 1) is not null
       or (select h.retry_at from held_work h
           where h.workspace_id = w.workspace_id and h.step = :step
           order by h.workspace_id, h.step, h.retry_at limit 1) <= clock_timestamp()
    """
)


async def workspaces_waiting(scope: Transaction, step: str) -> list[UUID]:
    return await scope.values(UUID, _WAITING, step=step)


@dataclass(frozen=True, slots=True)
class Pair:
    here: UUID
    there: UUID


async def ever_linked(
    uow: UnitOfWork,
    relation: Relation,
    ends: tuple[RecordType, RecordType],
    ids: Collection[UUID],
    *,
    backward: bool,
) -> list[Pair]:
    """Pairs of records that the relation leads, or at some time led, from the one to the other; of
    those with these ids at its start, or at its end.
    """
    here, there = ends
    match relation.join:
        case Parent(column):
            pairs = _of_parent(here.table, column, by_parent=backward, turned=False)
            return await uow.rows(Pair, pairs, ids=sorted(ids), child=here.name)
        case Children(column):
            pairs = _of_parent(there.table, column, by_parent=not backward, turned=True)
            return await uow.rows(Pair, pairs, ids=sorted(ids), child=there.name)
        case Link(here=own):
            of_contact = own == "contact_id"
            pairs = _of_link(by_account=of_contact is backward, turned=not of_contact)
            return await uow.rows(Pair, pairs, ids=sorted(ids))


@cache
def _of_parent(table: str, column: str, *, by_parent: bool, turned: bool) -> TextClause:
    """Children with their parents; `turned`, parents with their children."""
    names = "there as here, here as there" if turned else "here, there"
    is_known = "there" if by_parent else "here"
    of_record = "" if by_parent else "and c.record_id = any(cast(:ids as uuid[]))"
    return text(
        f"""
        select {names} from (
            select t.id as here, t.{column} as there from {table} t
            where t.workspace_id = :workspace_id
              and t.{column if by_parent else "id"} = any(cast(:ids as uuid[]))
            union
            select c.record_id, cast(held.parent #>> '{{}}' as uuid)
            from field_changes c cross join lateral (values (c.old), (c.new)) held (parent)
            where c.workspace_id = :workspace_id and c.record_type = :child
              and c.field = '{column}' and jsonb_typeof(held.parent) = 'string' {of_record}
        ) linked
        where there is not null and {is_known} = any(cast(:ids as uuid[]))
        """
    )


@cache
def _of_link(*, by_account: bool, turned: bool) -> TextClause:
    """Contacts with their accounts; `turned`, accounts with their contacts."""
    names = "account_id as here, contact_id as there"
    if not turned:
        names = "contact_id as here, account_id as there"
    links = "(coalesce(c.old, '[]') || coalesce(c.new, '[]'))"
    mine = (
        f"{links} @> jsonb_build_array(jsonb_build_object('account_id', cast(wanted.id as text)))"
        if by_account
        else "c.record_id = wanted.id"
    )
    known = "account_id" if by_account else "contact_id"
    return text(
        f"""
        select {names} from (
            select l.contact_id, l.account_id from account_contacts l
            where l.workspace_id = :workspace_id and l.{known} = any(cast(:ids as uuid[]))
            union
            select c.record_id, cast(link ->> 'account_id' as uuid)
            from unnest(cast(:ids as uuid[])) wanted (id)
            join field_changes c on c.workspace_id = :workspace_id and c.field = 'accounts'
             and {mine}
            cross join jsonb_array_elements({links}) link
            where jsonb_typeof(link) = 'object'
        ) linked
        where {known} = any(cast(:ids as uuid[]))
        """
    )


@dataclass(frozen=True, slots=True)
class SeenThen:
    """What rules saw of a record at an instant, for `read_snapshot`."""

    id: UUID
    seen: str


@dataclass(frozen=True, slots=True)
class Became:
    record_id: UUID
    at: datetime


_FACTS = text(
    """
    select record_id, valid_from as at from field_changes
    where workspace_id = :workspace_id and record_id = any(cast(:ids as uuid[]))
      and field = any(cast(:fields as text[])) and valid_from > :since
    group by record_id, valid_from
    """
)
_MOVES = text(
    """
    select m.record_id, moved.at
    from segment_members m cross join lateral (values (m.entered_at), (m.left_at)) moved (at)
    where m.workspace_id = :workspace_id and m.record_id = any(cast(:ids as uuid[]))
      and m.segment_id = any(cast(:segments as uuid[])) and m.retracted_at is null
      and moved.at > :since
    group by m.record_id, moved.at
    """
)


async def instants(
    uow: UnitOfWork,
    ids: Collection[UUID],
    fields: Sequence[str],
    segments: Sequence[UUID],
    since: datetime,
) -> list[Became]:
    """When, after an instant, any of the fields of these records became another, or they entered or
    left any of the segments.
    """
    asked: dict[str, Any] = {"ids": sorted(ids), "since": since}
    found = await uow.rows(Became, _FACTS, fields=list(fields), **asked)
    if segments:
        found += await uow.rows(Became, _MOVES, segments=list(segments), **asked)
    return found
