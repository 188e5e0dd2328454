from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    text,
)

from accounts_api.automation.lifecycle.models import (
    lifecycle_rule_versions,
    lifecycle_rules,
    lifecycle_status_periods,
)
from accounts_api.automation.lifecycle.rules import DEFAULT
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.evaluation.rule_sets.store import RuleSet, instants
from accounts_api.language.rules.reads import reads_of
from shared.data import WORKSPACE
from shared.events.records import LifecycleStatus
from shared.ids import new_id
from shared.keys import Keys
from shared.rules.sql.compile import verdict
from shared.rules.sql.dates import begins, is_over
from shared.rules.sql.evaluate_many import verdicts
from shared.rules.sql.rows import Row, record_table
from shared.rules.types.catalog import Field
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

SAMPLES = 20


@dataclass(frozen=True, slots=True)
class LifecycleRule:
    id: UUID
    key: str
    title: str
    status: Any
    rule: dict[str, Any]
    since_field: str | None
    end_field: str | None
    faults: list[dict[str, Any]] | None
    version: int
    created_at: datetime
    updated_at: datetime


KEYS = Keys("lifecycle_rule", "lifecycle_rules")
STORE = RuleSet(lifecycle_rules, LifecycleRule)


async def keep_version(
    uow: UnitOfWork,
    stored: LifecycleRule,
    deleted: bool,  # noqa: FBT001  # `RuleFeature` calls it by place, as a field of its own
) -> None:
    """What a rule is from now on."""
    await uow.run(
        insert(lifecycle_rule_versions).values(
            rule_id=stored.id,
            version=stored.version + deleted,
            status=stored.status,
            rule=stored.rule,
            since_field=stored.since_field,
            end_field=stored.end_field,
            deleted=deleted,
            effective_at=await uow.now(),
        )
    )


@dataclass(frozen=True, slots=True)
class EvaluatedAccount:
    """The lists have a place for each rule: `dates` of its field that says since when, `ends` of
    the one that says until when.
    """

    record_id: UUID
    deleted: bool
    matched: list[bool]
    next_changes: list[datetime | None]
    dates: list[datetime | None]
    ends: list[datetime | None]
    status: LifecycleStatus
    since: datetime | None
    period: str | None
    """The status of the current period."""
    trial_ends_at: datetime | None
    next_change_at: datetime | None


async def evaluated(
    uow: UnitOfWork,
    rules: Sequence[tuple[Rule, tuple[Field | None, ...]]],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[EvaluatedAccount]:
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
        uow.workspace_id,
        ids,
        context,
        lambda row: instants(begins, row, since_fields, context).label("dates"),
        lambda row: instants(is_over, row, end_fields, context).label("ends"),
        lambda row: row.column("lifecycle_status").label("status"),
        lambda row: row.column("lifecycle_status_since").label("since"),
        lambda row: current(row, lifecycle_status_periods.c.status).label("period"),
        lambda row: current(row, lifecycle_status_periods.c.trial_ends_at).label("trial_ends_at"),
        lambda row: stored_next_change(row.workspace, uow.workspace_id, row.id),
    )
    return await uow.rows(EvaluatedAccount, statement)


_TAKE_BACK = text(
    """
    delete from lifecycle_status_periods s
    using jsonb_to_recordset(cast(:periods as jsonb)) as x(account_id uuid, at timestamptz)
    where s.workspace_id = :workspace_id and s.account_id = x.account_id and s.started_at >= x.at
    """
)
_CUT = text(
    """
    update lifecycle_status_periods s set ended_at = x.at
    from jsonb_to_recordset(cast(:periods as jsonb)) as x(account_id uuid, at timestamptz)
    where s.workspace_id = :workspace_id and s.account_id = x.account_id
      and (s.ended_at is null or s.ended_at > x.at)
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
_GO_ON = text(
    """
    update lifecycle_status_periods s set ended_at = x.at
    from jsonb_to_recordset(cast(:periods as jsonb)) as x(account_id uuid, at timestamptz)
    join lifecycle_status_periods c on c.workspace_id = :workspace_id
     and c.account_id = x.account_id and c.ended_at is null and c.started_at < x.at
    where s.workspace_id = :workspace_id and s.account_id = x.account_id
      and s.ended_at = c.started_at
    returning s.account_id, s.status, s.started_at as since, s.ended_at as until,
              c.started_at as at
    """
)


_FORGET = text(
    """
    delete from lifecycle_status_periods s
    where s.workspace_id = :workspace_id and s.account_id = any(cast(:ids as uuid[]))
      and s.ended_at is null
    """
)


async def start_periods(uow: UnitOfWork, periods: Sequence[Mapping[str, Any]]) -> None:
    """End what runs and start these: account_id, status, at, rule_id, trial_ends_at. Nothing is
    left of what was thought to have begun since.
    """
    rows = to_json([{**period, "id": new_id()} for period in periods]).decode()
    await uow.run(_TAKE_BACK, periods=rows)
    await uow.run(_CUT, periods=rows)
    await uow.run(_START_PERIODS, periods=rows)


@dataclass(frozen=True, slots=True)
class LongerPeriod:
    """A period that lasted longer than was thought: not until `at`, but until `until`."""

    account_id: UUID
    status: LifecycleStatus
    since: datetime
    at: datetime
    until: datetime


async def move_periods(uow: UnitOfWork, periods: Sequence[Mapping[str, Any]]) -> list[LongerPeriod]:
    """Periods that began, or end, at another instant than was thought, as for `start_periods`. The
    ones before those that began later.
    """
    longer = await uow.rows(LongerPeriod, _GO_ON, periods=to_json(list(periods)).decode())
    await uow.run(_FORGET, ids=[period.account_id for period in longer])
    await start_periods(uow, periods)
    return longer


@dataclass(frozen=True, slots=True)
class StatusPeriod:
    status: LifecycleStatus
    started_at: datetime
    ended_at: datetime | None
    rule_id: UUID | None
    trial_ends_at: datetime | None


_PERIODS = (
    select(*(lifecycle_status_periods.c[field.name] for field in fields(StatusPeriod)))
    .where(
        lifecycle_status_periods.c.workspace_id == WORKSPACE,
        lifecycle_status_periods.c.account_id == bindparam("account_id"),
    )
    .order_by(lifecycle_status_periods.c.started_at.desc(), lifecycle_status_periods.c.id.desc())
    .limit(100)
)


async def status_periods(uow: UnitOfWork, account_id: UUID) -> list[StatusPeriod]:
    """Latest first."""
    return await uow.rows(StatusPeriod, _PERIODS, account_id=account_id)


@dataclass(frozen=True, slots=True)
class UnconvertedTrial:
    account_id: UUID
    name: str
    external_id: str | None
    started_at: datetime
    trial_ends_at: datetime


async def unconverted(
    uow: UnitOfWork, *, now: datetime, after: tuple[datetime, UUID] | None, limit: int
) -> list[UnconvertedTrial]:
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
    start = {} if after is None else {"ends_at": after[0], "id": after[1]}
    return await uow.rows(UnconvertedTrial, statement, now=now, limit=limit, **start)


@dataclass(frozen=True, slots=True)
class Transition:
    before: LifecycleStatus
    after: LifecycleStatus
    accounts: int


@dataclass(frozen=True, slots=True)
class Mover:
    id: UUID
    name: str
    before: LifecycleStatus
    after: LifecycleStatus


async def movements(
    uow: UnitOfWork, rules: Sequence[tuple[str, Rule]], context: EvaluationContext
) -> tuple[list[Transition], list[Mover]]:
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
        .where(table.c.workspace_id == WORKSPACE, table.c.deleted_at.is_(None))
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
    moved = await moved_types(uow, reads_of(rule for _, rule in rules))
    return (
        await uow.rows(Transition, moved.begun(counted), **moved.parameters),
        await uow.rows(Mover, moved.begun(movers), **moved.parameters),
    )


@dataclass(frozen=True, slots=True)
class AccountStatus:
    status: LifecycleStatus
    since: datetime | None


_ACCOUNT_STATUS = text(
    "select lifecycle_status as status, lifecycle_status_since as since from accounts"
    " where workspace_id = :workspace_id and id = :id and deleted_at is null"
)


async def account_status(uow: UnitOfWork, account_id: UUID) -> AccountStatus | None:
    return await uow.row(AccountStatus, _ACCOUNT_STATUS, id=account_id)
