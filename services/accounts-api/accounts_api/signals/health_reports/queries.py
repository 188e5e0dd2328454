"""Scores counted, now and as they were. Amounts are those of the instant that is asked about."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from accounts_api.records.schema.record_schemas import ACCOUNT, RecordSchema
from accounts_api.signals.health_reports.rules import OutcomeCount, ScoreCount
from shared.uow import UnitOfWork

_OLD: Final = "case when jsonb_typeof(c.old) = 'null' then null else c.old #>> '{}' end"


def _then(field: str, instant: str) -> str:
    """What an account had in a field at an instant: what its first later change replaced."""
    return (
        f"left join lateral (select {_OLD} as was from field_changes c"
        f" where c.workspace_id = :workspace_id and c.record_id = r.id and c.field = '{field}'"
        f" and c.valid_from > {instant} order by c.id limit 1) {field}_then on true"
    )


_ARR_THEN: Final = "case when arr_then is null then r.arr else cast(arr_then.was as bigint) end"
_CURRENCY_THEN: Final = "case when currency_then is null then r.currency else currency_then.was end"


async def score_counts(
    uow: UnitOfWork,
    score_id: UUID,
    schema: RecordSchema,
    *,
    as_of: datetime | None,
    segment_id: UUID | None,
) -> list[ScoreCount]:
    """Of the records that there are, or were at an instant; of one segment as it was then. Each is
    looked up by its key: a join would be planned for tables that have grown since they were last
    analyzed, as after the first evaluation of all.
    """
    scores, alive, amounts = _NOW
    if as_of is not None:
        scores, alive, amounts = _PAST
    arr, currency = "cast(null as bigint)", "cast(null as text)"
    joined = ""
    if schema is ACCOUNT and as_of is None:
        arr, currency = "r.arr", "r.currency"
    elif schema is ACCOUNT:
        arr, currency, joined = _ARR_THEN, _CURRENCY_THEN, amounts
    if segment_id is not None:
        member = "m.left_at is null"
        if as_of is not None:
            member = "m.entered_at <= :as_of and (m.left_at is null or m.left_at > :as_of)"
        joined += f"""
            cross join lateral (
                select 1 from segment_members m
                where m.workspace_id = :workspace_id and m.segment_id = :segment_id
                  and m.record_id = r.id and m.retracted_at is null and {member} limit 1
            ) m
        """
    statement = text(
        f"""
        with scores as ({scores})
        select s.score, s.label, s.null_reason, {currency} as currency, count(*) as records,
               cast(coalesce(sum({arr}), 0) as bigint) as arr
        from scores s
        cross join lateral (
            select * from {schema.table} r
            where r.workspace_id = :workspace_id and r.id = s.record_id limit 1
        ) r
        {joined}
        where {alive}
        group by 1, 2, 3, 4
        """
    )
    given: dict[str, object] = {"score_id": score_id}
    given |= {} if as_of is None else {"as_of": as_of}
    given |= {} if segment_id is None else {"segment_id": segment_id}
    return await uow.rows(ScoreCount, statement, **given)


_NOW: Final = (
    """
    select record_id, score, label, null_reason from health_scores
    where workspace_id = :workspace_id and score_id = :score_id
    """,
    "r.deleted_at is null",
    "",
)
_PAST: Final = (
    """
    select distinct on (record_id) record_id, score, label, null_reason from health_changes
    where workspace_id = :workspace_id and score_id = :score_id and valid_from <= :as_of
    order by record_id, valid_from desc, id desc
    """,
    "(r.deleted_at is null or r.deleted_at > :as_of)",
    f"{_then('arr', ':as_of')} {_then('currency', ':as_of')}",
)


_OUTCOMES = text(
    f"""
    with churned as (
        select distinct on (account_id) account_id, started_at as at
        from lifecycle_status_periods
        where workspace_id = :workspace_id and status = 'churned'
          and started_at >= :since and started_at < :until
        order by account_id, started_at
    ), renewed as (
        select account_id, min(day_start(close_date, :zone)) as at
        from opportunities
        where workspace_id = :workspace_id and type = 'renewal' and is_won
          and deleted_at is null and account_id is not null
          and close_date >= :first_day and close_date <= :last_day
          and account_id not in (select account_id from churned)
        group by account_id
    ), ended as (
        select account_id, 'churned' as outcome, at - :horizon * interval '1 day' as before
        from churned
        union all
        select account_id, 'renewed', at - :horizon * interval '1 day' from renewed
    )
    select e.outcome, h.label, {_CURRENCY_THEN} as currency, count(*) as accounts,
           cast(coalesce(sum({_ARR_THEN}), 0) as bigint) as arr
    from ended e
    join accounts r on r.workspace_id = :workspace_id and r.id = e.account_id
    left join lateral (
        select c.label from health_changes c
        where c.workspace_id = :workspace_id and c.score_id = :score_id
          and c.record_id = e.account_id and c.valid_from <= e.before
        order by c.valid_from desc, c.id desc limit 1
    ) h on true
    {_then("arr", "e.before")}
    {_then("currency", "e.before")}
    where r.lifecycle_status <> 'ignored'
    group by 1, 2, 3
    """
)


async def outcome_counts(
    uow: UnitOfWork,
    score_id: UUID,
    *,
    first_day: date,
    last_day: date,
    since: datetime,
    until: datetime,
    horizon: int,
) -> list[OutcomeCount]:
    """Each account once, by the first churn of the period, else by its first renewal."""
    return await uow.rows(
        OutcomeCount,
        _OUTCOMES,
        score_id=score_id,
        first_day=first_day,
        last_day=last_day,
        since=since,
        until=until,
        horizon=horizon,
        zone=str(await uow.zone()),
    )


_LOWEST_LABEL = text(
    """
    select document -> 0 -> 'labels' -> 0 ->> 'key' from health_definitions
    where workspace_id = :workspace_id and score_id = :score_id and version = :version
    """
)


async def lowest_label(uow: UnitOfWork, score_id: UUID, version: int) -> str | None:
    """Of the first definition of a list; None when there is none."""
    return await uow.value(str, _LOWEST_LABEL, score_id=score_id, version=version)
