from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Table,
    Uuid,
    any_,
    bindparam,
    case,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.records.schema.models import accounts, contacts, record_aliases
from accounts_api.signals.product_events.models import product_events
from shared.data import WORKSPACE
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.rules.sql.compile import verdict
from shared.rules.types.catalog import RecordType
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class ProductEvent:
    id: UUID
    message_id: str
    name: str
    user_id: str | None
    anonymous_id: str | None
    group_id: str | None
    email: str | None
    contact_id: UUID | None
    account_id: UUID | None
    properties: Mapping[str, object]
    happened_at: datetime
    received_at: datetime


_events = product_events.c


def _is_here(record_type: str, table: Table, owner: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether an event's record is not deleted, or became one that is not. Each is looked up for
    each row by a plain comparison, which row-level security lets an index answer.
    """
    winner, alias = table.alias("winner"), record_aliases.c
    deleted_at = select(table.c.deleted_at).where(
        table.c.workspace_id == WORKSPACE, table.c.id == owner
    )
    merged = (
        select(winner.c.id)
        .join_from(record_aliases, winner, winner.c.id == alias.winner_id)
        .where(alias.workspace_id == WORKSPACE, winner.c.workspace_id == WORKSPACE)
        .where(alias.record_type == record_type, alias.loser_id == owner)
        .where(winner.c.deleted_at.is_(None))
    )
    return or_(
        deleted_at.correlate(product_events).scalar_subquery().is_(None),
        merged.correlate(product_events).exists(),
    )


_OWNER_IS_HERE: Final = case(
    (_events.account_id.is_not(None), _is_here("account", accounts, _events.account_id)),
    else_=_is_here("contact", contacts, _events.contact_id),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events: of these records, those that the rule finds at that moment."""

    type: RecordType
    rule: Rule | None
    context: EvaluationContext
    column: str
    records: Sequence[UUID] | None
    shaped_by: Sequence[object]
    """What of the request decides that."""


async def events_page(
    uow: UnitOfWork, query: ListQuery, signer: CursorSigner, wanted: Wanted
) -> dict[str, Any]:
    """Without the events of a deleted account, or of a deleted contact who had none."""
    listed = Listed(
        wanted.type, "product events", product_events, ProductEvent, sort="-happened_at"
    )
    where: list[ColumnElement[bool]] = [_OWNER_IS_HERE]
    if wanted.rule is not None:
        where.append(verdict(wanted.rule, product_events, wanted.context))
    if wanted.records is not None:
        ids = bindparam(None, list(wanted.records), type_=ARRAY(Uuid()))
        where.append(_events[wanted.column] == any_(ids))
    return await page(uow, listed, query, signer, *where, shaped_by=wanted.shaped_by)


_SAME = text(
    """
    with named as (
        select n.id, coalesce(a.winner_id, n.id) as winner_id
        from unnest(cast(:ids as uuid[])) as n(id)
        left join record_aliases a on a.workspace_id = :workspace_id
         and a.record_type = any(array['account', 'contact']) and a.loser_id = n.id
    )
    select n.id, n.winner_id, array(
        select l.loser_id from record_aliases l
        where l.workspace_id = :workspace_id
          and l.record_type = any(array['account', 'contact']) and l.winner_id = n.winner_id
    ) as losers
    from named n
    """
)


@dataclass(frozen=True, slots=True)
class _Same:
    id: UUID
    winner_id: UUID
    losers: list[UUID]


async def same_records(uow: UnitOfWork, ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """For each account or contact those that are one with it, by merges: the winner first."""
    wanted = sorted(set(ids))
    rows = await uow.rows(_Same, _SAME, ids=wanted) if wanted else []
    return {row.id: [row.winner_id, *row.losers] for row in rows}
