from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy import text

from accounts_api.records.schema.related_json import related_of
from shared.data import Transaction
from shared.history.queries import COLUMNS
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class ExplainedChange:
    id: str
    field: str
    valid_from: datetime
    known_at: datetime
    old: str | None
    new: str | None
    cause: str
    related_changes: str
    """The other fields that were written with it, as JSON."""


_CHANGE_BY_ID = text(
    f"""
    select {COLUMNS}, (
        select coalesce(json_agg(json_build_object(
            'id', o.id, 'field', o.field, 'old', o.old, 'new', o.new) order by o.id), '[]')
        from field_changes o
        where o.workspace_id = :workspace_id and o.record_id = :record_id
          and o.known_at = field_changes.known_at and o.id <> field_changes.id
    )::text as related_changes
    from field_changes
    where workspace_id = :workspace_id and record_id = :record_id and id = :change_id
    """
)


async def change_by_id(uow: UnitOfWork, record_id: UUID, change_id: UUID) -> ExplainedChange | None:
    return await uow.row(ExplainedChange, _CHANGE_BY_ID, record_id=record_id, change_id=change_id)


@dataclass(frozen=True, slots=True)
class _Label:
    type: str
    id: str
    label: str


_LABELS = text(
    """
    select 'member' as type, id::text as id, full_name as label from members
    where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))
    union all
    select 'api_key', id::text, name from api_keys
    where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))
    union all
    select 'segment', id::text, title from segments
    where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))
    """
)


async def labels(uow: UnitOfWork, ids: Iterable[str]) -> dict[tuple[str, str], str]:
    """What those who may be causes are called now, by type and id."""
    rows = await uow.rows(_Label, _LABELS, ids=list(ids))
    return {(row.type, row.id): row.label for row in rows}


def _roles_in(links: str) -> str:
    return (
        f"(select link -> 'plan_roles' from jsonb_array_elements(coalesce({links}, '[]')) link"
        " where link ->> 'account_id' = cast(:account_id as text))"
    )


_LINKS_OF_CONTACT = related_of("accounts", ":workspace_id", "f.record_id")
_PLAN_ROLES = text(f"""
    with named as (
        select contact_id as id from account_contacts
        where workspace_id = :workspace_id and account_id = cast(cast(:account_id as text) as uuid)
        union
        select record_id from field_changes
        where workspace_id = :workspace_id and field = 'accounts'
          and (coalesce(old, '[]') || coalesce(new, '[]'))
              @> jsonb_build_array(jsonb_build_object('account_id', cast(:account_id as text)))
    ), links as (
        select f.record_id, f.id, f.valid_from, f.known_at, f.cause, f.old,
               case when f.field = 'accounts' then f.new
                    else coalesce(lead(f.old) over of_contact, cast(
                        {_LINKS_OF_CONTACT} as jsonb)) end as new
        from named n
        join field_changes f on f.workspace_id = :workspace_id and f.record_id = n.id
         and f.field in ('created', 'accounts')
        window of_contact as (partition by f.record_id order by f.id)
    ), roles as (
        select l.record_id, l.id, l.valid_from, l.known_at, l.cause,
               {_roles_in("l.old")} as old, {_roles_in("l.new")} as new
        from links l
    )
    select r.id::text as id, r.record_id::text as contact_id, c.name as contact_name,
           r.old::text as old, r.new::text as new, r.valid_from, r.known_at, r.cause::text as cause
    from roles r
    join contacts c on c.workspace_id = :workspace_id and c.id = r.record_id
    where r.old is distinct from r.new
      and r.id < coalesce(cast(cast(:before as text) as uuid),
                          'ffffffff-ffff-ffff-ffff-ffffffffffff')
    order by r.id desc limit :limit
""")


@dataclass(frozen=True, slots=True)
class PlanRolesChange:
    """`old`, `new` and `cause` are JSON."""

    id: str
    contact_id: str
    contact_name: str
    old: str | None
    new: str | None
    valid_from: datetime
    known_at: datetime
    cause: str


async def plan_roles_page(
    uow: UnitOfWork, account_id: UUID, before: str | None, limit: int
) -> list[PlanRolesChange]:
    """Newest first: of each contact that is or was linked to the account, its roles there before
    and after. None: it was not linked. What a contact was created with is told by the first change
    after it, or else by what it has now.
    """
    asked = {"account_id": str(account_id), "before": before, "limit": limit}
    return await uow.rows(PlanRolesChange, _PLAN_ROLES, **asked)


# Over all facts of a field: what it was at an instant. Of those that held and were known the one
# since the latest instant, of one instant the one that was told last; before all of them, what the
# first that was ever told replaced.
_KNOWN = "valid_from <= :valid_at and known_at <= :known_at"
HELD: Final = f"""
    case when bool_or({_KNOWN})
        then (array_agg(new order by valid_from desc, known_at desc, c.id desc)
              filter (where {_KNOWN}))[1]
        else (array_agg(old order by known_at, c.id))[1] end
"""
_UNDONE = text(
    f"""
    select field, ({HELD})::text as was from field_changes c
    where workspace_id = :workspace_id and record_id = :record_id
    group by field having not bool_and({_KNOWN})
    """
)


@dataclass(frozen=True, slots=True)
class _Undone:
    field: str
    was: str | None
    """As JSON."""


async def undone(
    uow: UnitOfWork, record_id: UUID, *, valid_at: datetime, known_at: datetime
) -> list[tuple[str, Any]]:
    """Fields of which something became true, or was learned, later; and what they were."""
    rows = await uow.rows(
        _Undone, _UNDONE, record_id=record_id, valid_at=valid_at, known_at=known_at
    )
    return [(row.field, None if row.was is None else from_json(row.was)) for row in rows]


_MORE_PARTITIONS = text("select make_field_changes_partitions(3)")


async def make_partitions(scope: Transaction) -> int:
    """How many were missing for this month and the three after it."""
    return await scope.one_value(int, _MORE_PARTITIONS)
