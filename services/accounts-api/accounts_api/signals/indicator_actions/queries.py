from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, MetaData, Table, bindparam, or_, select, text

from accounts_api.language.rules.ignored import IGNORED
from accounts_api.records.schema.models import accounts
from accounts_api.signals.indicator_actions.rules import INDICATOR
from accounts_api.signals.indicator_definitions.service import KEYS
from accounts_api.signals.indicators.models import indicators
from accounts_api.signals.indicators.rows import Indicator
from shared.columns import AT
from shared.data import WORKSPACE
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.uow import UnitOfWork

LISTED: Final = Listed(
    INDICATOR,
    "indicators",
    indicators,
    Indicator,
    sort="-severity,-opened_at",
    keys={"definition_id": KEYS},
)


def _of_customer(table: Table) -> ColumnElement[bool]:
    return or_(
        table.c.account_id.is_(None),
        select(accounts.c.lifecycle_status != IGNORED)
        .where(accounts.c.workspace_id == WORKSPACE, accounts.c.id == table.c.account_id)
        .correlate(table)
        .scalar_subquery(),
    )


_THEN: Final = Table(
    "indicators",
    MetaData(),
    *(Column(each.name, each.type, nullable=each.nullable) for each in indicators.columns),
)
# By the name of the table, which the statement then reads in its place.
_WAS: Final = """
    select i.workspace_id, i.id, i.definition_id, i.kind, i.severity, i.record_type, c.record_id,
           c.account_id, i.cause, c.state, c.owner_id, i.owner_by_hand, i.opened_by, i.opened_at,
           i.reason, c.note, c.silenced_until, a.addressed_at,
           case when a.addressed_at is not null then i.addressed_by end as addressed_by,
           case when c.state = 'cleared' then c.effective_at end as cleared_at, c.cleared_by,
           c.version, i.created_at, c.created_at as updated_at
    from (
        select distinct on (indicator_id) * from indicator_changes
        where workspace_id = :workspace_id and effective_at <= :as_of
        order by indicator_id, version desc
    ) c
    join indicators i on i.workspace_id = :workspace_id and i.id = c.indicator_id
    left join lateral (
        select max(d.effective_at) as addressed_at from indicator_changes d
        where d.workspace_id = :workspace_id and d.indicator_id = c.indicator_id
          and d.version <= c.version and d.change = 'addressed' and c.state = 'addressed'
    ) a on true
"""


def _listed(as_of: datetime | None) -> Listed[Indicator]:
    """Of now, or of an instant that is over."""
    if as_of is None:
        return LISTED
    was = text(_WAS).bindparams(bindparam("as_of", as_of, type_=AT)).columns().cte("indicators")
    return replace(LISTED, table=_THEN, ctes=(was,))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which indicators, beside what the rule of a list says; None: whichever."""

    state: str | None = None
    kind: str | None = None
    severity: int | None = None
    definition_id: UUID | None = None
    owner_id: UUID | None = None
    account_id: UUID | None = None


async def indicators_page(
    uow: UnitOfWork,
    query: ListQuery,
    signer: CursorSigner,
    wanted: Wanted,
    as_of: datetime | None,
) -> dict[str, Any]:
    """Without those of accounts that are ignored now."""
    listed = _listed(as_of)
    table = listed.table
    named = {
        name: value
        for name in Wanted.__dataclass_fields__
        if (value := getattr(wanted, name)) is not None
    }
    where: list[ColumnElement[bool]] = [_of_customer(table)]
    where += [table.c[name] == value for name, value in named.items()]
    return await page(uow, listed, query, signer, *where, shaped_by=[*named.items(), as_of])


_LOCK = text(
    "select id from indicator_definitions"
    " where workspace_id = :workspace_id and id = :definition_id for share"
)


async def share_definition(uow: UnitOfWork, definition_id: UUID) -> None:
    """Its rule opens nothing meanwhile."""
    await uow.run(_LOCK, definition_id=definition_id)
