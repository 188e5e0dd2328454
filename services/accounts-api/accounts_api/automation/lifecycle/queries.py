from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.automation.lifecycle.models import lifecycle_rules, lifecycle_status_periods
from accounts_api.automation.lifecycle.rules import DEFAULT
from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.evaluation.rule_sets.store import RuleSet, instants
from accounts_api.language.rules.catalog import Field
from accounts_api.language.rules.context import EvaluationContext
from accounts_api.language.rules.typed import Rule
from accounts_api.language.sql.compile import verdict
from accounts_api.language.sql.dates import begins, is_over
from accounts_api.language.sql.evaluate_many import verdicts
from accounts_api.language.sql.rows import Row, record_table
from shared.ids import new_id

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    id: UUID
    title: str
    status: Any
    rule: dict[str, Any]
    since_field: str | None
    end_field: str | None
    faults: list[dict[str, Any]] | None
    version: int
    created_at: datetime
    updated_at: datetime


STORE = RuleSet(lifecycle_rules, LifecycleRule)


async def evaluated(
    session: AsyncSession,
    workspace_id: UUID,
    rules: Sequence[tuple[Rule, tuple[Field | None, ...]]],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> Sequence[Any]:
    """Rows of (record_id, deleted, matched, next_changes, dates, ends, status, since, period,
    trial_ends_at, next_change_at). `matched`, `next_changes`, `dates` and `ends` have a place for
    each rule: `dates` of its field that says since when, `ends` of the one that says until when.
    `period` is the status of the current period.
    """
    since_fields = [dates[0] for _, dates in rules]
    end_fields = [dates[1] for _, dates in rules]

    def current(row: Row, what: ColumnElement[Any]) -> ColumnElement[Any]:
        running = select(what).where(
            lifecycle_status_periods.c.workspace_id == row.workspace,
            lifecycle_status_periods.c.account_id == row.id,
            lifecycle_status_periods.c.ended_at.is_(None),
        )
        return running.scalar_subquery()

    statement = verdicts(
        [rule for rule, _ in rules],
        workspace_id,
        ids,
        context,
        lambda row: instants(begins, row, since_fields, context).label("dates"),
        lambda row: instants(is_over, row, end_fields, context).label("ends"),
        lambda row: row.column("lifecycle_status").label("status"),
        lambda row: row.column("lifecycle_status_since").label("since"),
        lambda row: current(row, lifecycle_status_periods.c.status).label("period"),
        lambda row: current(row, lifecycle_status_periods.c.trial_ends_at).label("trial_ends_at"),
        lambda row: stored_next_change(row.workspace, workspace_id, row.id),
    )
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return rows


_END_PERIODS = text(
    """
    update lifecycle_status_periods s set ended_at = greatest(x.at, s.started_at)
    from jsonb_to_recordset(cast(:periods as jsonb)) as x(account_id uuid, at timestamptz)
    where s.workspace_id = :workspace_id and s.account_id = x.account_id and s.ended_at is null
    """
)
_START_PERIODS = text(
    """
    insert into lifecycle_status_periods
        (workspace_id, account_id, id, status, started_at, rule_id, trial_ends_at)
    select :workspace_id, x.account_id, x.id, x.status, x.at, x.rule_id, x.trial_ends_at
    from jsonb_to_recordset(cast(:periods as jsonb))
           as x(account_id uuid, id uuid, status text, at timestamptz, rule_id uuid,
                trial_ends_at timestamptz)
    """
)
_MOVE_PERIODS = text(
    """
    update lifecycle_status_periods s set started_at = x.at, trial_ends_at = x.trial_ends_at
    from jsonb_to_recordset(cast(:periods as jsonb))
           as x(account_id uuid, at timestamptz, trial_ends_at timestamptz)
    where s.workspace_id = :workspace_id and s.account_id = x.account_id and s.ended_at is null
    """
)


async def start_periods(
    session: AsyncSession, workspace_id: UUID, periods: Sequence[Mapping[str, Any]]
) -> None:
    """End what runs and start these: account_id, status, at, rule_id, trial_ends_at."""
    rows = to_json([{**period, "id": new_id()} for period in periods]).decode()
    given = {"workspace_id": workspace_id, "periods": rows}
    await session.execute(_END_PERIODS, given)
    await session.execute(_START_PERIODS, given)


async def move_periods(
    session: AsyncSession, workspace_id: UUID, periods: Sequence[Mapping[str, Any]]
) -> None:
    """Stints that run began, or end, at another instant than was thought: account_id, at,
    trial_ends_at.
    """
    given = {"workspace_id": workspace_id, "periods": to_json(list(periods)).decode()}
    await session.execute(_MOVE_PERIODS, given)


async def status_periods(
    session: AsyncSession, workspace_id: UUID, account_id: UUID
) -> Sequence[Any]:
    """Latest first."""
    found = (
        select(
            lifecycle_status_periods.c.status,
            lifecycle_status_periods.c.started_at,
            lifecycle_status_periods.c.ended_at,
            lifecycle_status_periods.c.rule_id,
            lifecycle_status_periods.c.trial_ends_at,
        )
        .where(
            lifecycle_status_periods.c.workspace_id == workspace_id,
            lifecycle_status_periods.c.account_id == account_id,
        )
        .order_by(lifecycle_status_periods.c.id.desc())
        .limit(100)
    )
    return (await session.execute(found)).all()


async def unconverted(
    session: AsyncSession,
    workspace_id: UUID,
    *,
    now: datetime,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Any]:
    """Trials past their end, the longest over first."""
    following = "" if after is None else "and (s.trial_ends_at, s.account_id) > (:ends_at, :id)"
    statement = text(
        f"""
        select s.account_id, a.name, a.external_id, s.started_at, s.trial_ends_at
        from lifecycle_status_periods s
        join accounts a on a.workspace_id = :workspace_id and a.id = s.account_id
         and a.deleted_at is null
        where s.workspace_id = :workspace_id and s.ended_at is null and s.trial_ends_at <= :now
          {following}
        order by s.trial_ends_at, s.account_id limit :limit
        """
    )
    given: dict[str, Any] = {"workspace_id": workspace_id, "now": now, "limit": limit}
    if after is not None:
        given |= {"ends_at": after[0], "id": after[1]}
    return (await session.execute(statement, given)).all()


async def movements(
    session: AsyncSession,
    workspace_id: UUID,
    rules: Sequence[tuple[str, Rule]],
    context: EvaluationContext,
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Accounts by (status now, status by these rules), and some of those that would move."""
    table = record_table(rules[0][1].type)
    chosen = case(
        *((verdict(rule, table, context), status) for status, rule in rules), else_=DEFAULT
    )
    accounts = (
        select(
            table.c.id,
            table.c.name,
            table.c.lifecycle_status.label("before"),
            chosen.label("after"),
        )
        .where(table.c.workspace_id == workspace_id, table.c.deleted_at.is_(None))
        .cte("accounts_by_status")
    )
    pair = (accounts.c.before, accounts.c.after)
    counted = select(*pair, func.count().label("accounts")).group_by(*pair)
    movers = (
        select(accounts)
        .where(and_(accounts.c.before != accounts.c.after))
        .order_by(accounts.c.name, accounts.c.id)
        .limit(SAMPLES)
    )
    return (await session.execute(counted)).all(), (await session.execute(movers)).all()


async def account_status(session: AsyncSession, workspace_id: UUID, account_id: UUID) -> Any:
    statement = text(
        "select lifecycle_status as status, lifecycle_status_since as since from accounts"
        " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    )
    given = {"workspace_id": workspace_id, "id": account_id}
    return (await session.execute(statement, given)).one_or_none()
