from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    ColumnElement,
    DateTime,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.lifecycle.models import lifecycle_rules, lifecycle_stints
from accounts_api.lifecycle.rules import DEFAULT
from accounts_api.rules.catalog import Field
from accounts_api.rules.checked import Rule
from accounts_api.rules.moment import Moment
from accounts_api.rules.needs import Needs
from accounts_api.rules.sql.dates import begins, is_over
from accounts_api.rules.sql.judged import verdicts
from accounts_api.rules.sql.rows import Row, other_table, record_table
from accounts_api.rules.sql.snapshot import snapshot
from accounts_api.rules.sql.verdict import verdict
from shared.ids import new_id

SAMPLES = 20
_AT = DateTime(timezone=True)


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


_COLUMNS = (
    lifecycle_rules.c.id,
    lifecycle_rules.c.title,
    lifecycle_rules.c.status,
    lifecycle_rules.c.rule,
    lifecycle_rules.c.since_field,
    lifecycle_rules.c.end_field,
    lifecycle_rules.c.faults,
    lifecycle_rules.c.version,
    lifecycle_rules.c.created_at,
    lifecycle_rules.c.updated_at,
)


def _rule(row: Any) -> LifecycleRule:
    return LifecycleRule(*row)


async def all_rules(session: AsyncSession, workspace_id: UUID) -> Sequence[LifecycleRule]:
    found = select(*_COLUMNS).where(lifecycle_rules.c.workspace_id == workspace_id)
    return [_rule(row) for row in await session.execute(found)]


async def rule_by_id(
    session: AsyncSession, workspace_id: UUID, rule_id: UUID, *, lock: bool = False
) -> LifecycleRule | None:
    found = select(*_COLUMNS).where(
        lifecycle_rules.c.workspace_id == workspace_id, lifecycle_rules.c.id == rule_id
    )
    row = (await session.execute(found.with_for_update() if lock else found)).one_or_none()
    return None if row is None else _rule(row)


async def add_rule(
    session: AsyncSession, workspace_id: UUID, values: Mapping[str, Any]
) -> LifecycleRule:
    made = insert(lifecycle_rules).values(workspace_id=workspace_id, id=new_id(), **values)
    return _rule((await session.execute(made.returning(*_COLUMNS))).one())


async def change_rule(
    session: AsyncSession, workspace_id: UUID, rule_id: UUID, values: Mapping[str, Any]
) -> LifecycleRule:
    changed = (
        update(lifecycle_rules)
        .where(lifecycle_rules.c.workspace_id == workspace_id, lifecycle_rules.c.id == rule_id)
        .values(version=lifecycle_rules.c.version + 1, updated_at=func.clock_timestamp(), **values)
    )
    return _rule((await session.execute(changed.returning(*_COLUMNS))).one())


async def remove_rule(session: AsyncSession, workspace_id: UUID, rule_id: UUID) -> None:
    await session.execute(
        delete(lifecycle_rules).where(
            lifecycle_rules.c.workspace_id == workspace_id, lifecycle_rules.c.id == rule_id
        )
    )


async def set_faults(
    session: AsyncSession, workspace_id: UUID, rule_id: UUID, faults: list[dict[str, Any]] | None
) -> None:
    await session.execute(
        update(lifecycle_rules)
        .where(lifecycle_rules.c.workspace_id == workspace_id, lifecycle_rules.c.id == rule_id)
        .values(faults=faults)
    )


async def standings(
    session: AsyncSession,
    workspace_id: UUID,
    rules: Sequence[tuple[Rule, Field | None, Field | None]],
    ids: Sequence[UUID],
    moment: Moment,
) -> Sequence[Any]:
    """How accounts stand: (record_id, deleted, matched, flips, dates, ends, status, since, stint,
    trial_ends_at, flips_at). `matched`, `flips`, `dates` and `ends` have a place for each rule, of
    its own field that says since when and of the one that says until when; `stint` is the status
    of the stint that runs.
    """

    def dates(row: Row) -> ColumnElement[Any]:
        found = [begins(row, field, moment) for _, field, _ in rules]
        return array[Any](found, type_=_AT).label("dates")

    def ends(row: Row) -> ColumnElement[Any]:
        found = [is_over(row, field, moment) for *_, field in rules]
        return array[Any](found, type_=_AT).label("ends")

    def stint(row: Row, what: ColumnElement[Any]) -> ColumnElement[Any]:
        running = select(what).where(
            lifecycle_stints.c.workspace_id == row.workspace,
            lifecycle_stints.c.account_id == row.id,
            lifecycle_stints.c.ended_at.is_(None),
        )
        return running.scalar_subquery()

    def horizon(row: Row) -> ColumnElement[Any]:
        horizons = other_table(
            "watch_horizons", {"watch_id": row.id.type, "record_id": row.id.type, "flips_at": _AT}
        )
        found = row.beside(
            horizons,
            horizons.c.watch_id == workspace_id,
            horizons.c.record_id == row.id,
            what=horizons.c.flips_at,
        )
        return found.scalar_subquery().label("flips_at")

    statement = verdicts(
        [rule for rule, *_ in rules],
        workspace_id,
        ids,
        moment,
        dates,
        ends,
        lambda row: row.column("lifecycle_status").label("status"),
        lambda row: row.column("lifecycle_status_since").label("since"),
        lambda row: stint(row, lifecycle_stints.c.status).label("stint"),
        lambda row: stint(row, lifecycle_stints.c.trial_ends_at).label("trial_ends_at"),
        horizon,
    )
    rows: Sequence[Any] = (await session.execute(statement)).all()
    return rows


_END_STINTS = text(
    """
    update lifecycle_stints s set ended_at = greatest(x.at, s.started_at)
    from jsonb_to_recordset(cast(:stints as jsonb)) as x(account_id uuid, at timestamptz)
    where s.workspace_id = :workspace_id and s.account_id = x.account_id and s.ended_at is null
    """
)
_START_STINTS = text(
    """
    insert into lifecycle_stints
        (workspace_id, account_id, id, status, started_at, rule_id, trial_ends_at)
    select :workspace_id, x.account_id, x.id, x.status, x.at, x.rule_id, x.trial_ends_at
    from jsonb_to_recordset(cast(:stints as jsonb))
           as x(account_id uuid, id uuid, status text, at timestamptz, rule_id uuid,
                trial_ends_at timestamptz)
    """
)
_MOVE_STINTS = text(
    """
    update lifecycle_stints s set started_at = x.at, trial_ends_at = x.trial_ends_at
    from jsonb_to_recordset(cast(:stints as jsonb))
           as x(account_id uuid, at timestamptz, trial_ends_at timestamptz)
    where s.workspace_id = :workspace_id and s.account_id = x.account_id and s.ended_at is null
    """
)


async def next_stints(
    session: AsyncSession, workspace_id: UUID, stints: Sequence[Mapping[str, Any]]
) -> None:
    """End what runs and start these: account_id, status, at, rule_id, trial_ends_at."""
    rows = to_json([{**stint, "id": new_id()} for stint in stints]).decode()
    given = {"workspace_id": workspace_id, "stints": rows}
    await session.execute(_END_STINTS, given)
    await session.execute(_START_STINTS, given)


async def move_stints(
    session: AsyncSession, workspace_id: UUID, stints: Sequence[Mapping[str, Any]]
) -> None:
    """Stints that run began, or end, at another instant than was thought: account_id, at,
    trial_ends_at.
    """
    given = {"workspace_id": workspace_id, "stints": to_json(list(stints)).decode()}
    await session.execute(_MOVE_STINTS, given)


async def stints_of(session: AsyncSession, workspace_id: UUID, account_id: UUID) -> Sequence[Any]:
    """Latest first."""
    found = (
        select(
            lifecycle_stints.c.status,
            lifecycle_stints.c.started_at,
            lifecycle_stints.c.ended_at,
            lifecycle_stints.c.rule_id,
            lifecycle_stints.c.trial_ends_at,
        )
        .where(
            lifecycle_stints.c.workspace_id == workspace_id,
            lifecycle_stints.c.account_id == account_id,
        )
        .order_by(lifecycle_stints.c.id.desc())
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
        from lifecycle_stints s
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
    moment: Moment,
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Accounts by (status now, status by these rules), and some of those that would move."""
    table = record_table(rules[0][1].type)
    chosen = case(
        *((verdict(rule, table, moment), status) for status, rule in rules), else_=DEFAULT
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


async def account_snapshot(
    session: AsyncSession, workspace_id: UUID, needs: Needs, account_id: UUID, moment: Moment
) -> str | None:
    row = record_table(needs.type)
    found = select(snapshot(needs, row, moment)).where(
        row.c.workspace_id == workspace_id, row.c.id == account_id, row.c.deleted_at.is_(None)
    )
    return (await session.scalars(found)).one_or_none()


async def account_status(session: AsyncSession, workspace_id: UUID, account_id: UUID) -> Any:
    statement = text(
        "select lifecycle_status as status, lifecycle_status_since as since from accounts"
        " where workspace_id = :workspace_id and id = :id and deleted_at is null"
    )
    given = {"workspace_id": workspace_id, "id": account_id}
    return (await session.execute(statement, given)).one_or_none()
