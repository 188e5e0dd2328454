"""The sequencer's tick: what it costs follows what is due, not how many are enrolled."""

import statistics
import time
from typing import Any

from pydantic_core import to_json

from deploy.bench.measuring import Case, Result
from deploy.bench.sql import captured, psql
from deploy.bench.stage import Stage
from sequencer.sequences.due_work.jobs import plan_due_enrollments
from sequencer.sequences.enrollments.service import workspaces_with_due_enrollments
from sequencer.sequences.sequences.schemas import Definition, Step
from shared.ids import new_id

FEW = 10_000
MANY = 1_000_000
DUE = 100
ROUNDS = 5
SEQUENCE = new_id()

_DEFINITION = Definition(
    steps=[
        Step(
            id=new_id(),
            title=f"{days} days before",
            offset_days=-days,
            subject="Your renewal",
            text="Hi {{ contact.first_name }}",
        )
        for days in (90, 60, 30, 14, 7)
    ]
)

_SEED = """
    with fresh as materialized (
        select gen_random_uuid() as id, gen_random_uuid() as opportunity_id,
               gen_random_uuid() as account_id, gen_random_uuid() as contact_id
        from generate_series(1, $3::int)
    ), opportunity as (
        insert into opportunities (workspace_id, id, version, deleted, account_id, name, type,
            is_closed, contract_expiration, manual_entry, deal_room_url, traits)
        select $1, opportunity_id, 1, false, account_id, 'Renewal', 'renewal', false,
               current_date + 60, false, 'https://rooms.example/1', '{}' from fresh
    ), account as (
        insert into accounts (workspace_id, id, version, deleted, name, lifecycle_status, traits,
            key_roles)
        select $1, account_id, 1, false, 'Company', 'subscribed', '{}', '{}' from fresh
    ), contact as (
        insert into contacts (workspace_id, id, version, deleted, name, first_name, email, address,
            email_status, deactivated, traits)
        select $1, contact_id, 1, false, 'Ann', 'Ann', 'ann@acme.example', 'ann@acme.example',
               'ok', false, '{}' from fresh
    ), link as (
        insert into contact_accounts (workspace_id, contact_id, account_id, plan_roles)
        select $1, contact_id, account_id, '[]' from fresh
    )
    insert into enrollments (workspace_id, id, sequence_id, sequence_version, opportunity_id,
        account_id, contact_id, entry, state, anchor_on, next_due_at, entered_at)
    select $1, id, $2, 1, opportunity_id, account_id, contact_id, 'audience', 'active',
           current_date + 60,
           clock_timestamp() + interval '30 days' + random() * interval '30 days',
           clock_timestamp()
    from fresh
"""
_MAKE_DUE = """
    update enrollments set next_due_at = clock_timestamp() - interval '1 minute', state = 'active'
    where workspace_id = $1 and id = any($2)
"""
_FORGET = (
    "delete from messages where workspace_id = $1 and enrollment_id = any($2)",
    "delete from enrollment_entries where workspace_id = $1 and enrollment_id = any($2)",
    "delete from events where workspace_id = $1 and cardinality($2::uuid[]) > 0",
)


async def prepare(stage: Stage) -> None:
    """A published sequence, and the first few enrollments."""
    async with stage.as_admin() as connection:
        await connection.execute("set search_path to sequencer, public")
        await connection.execute(
            "insert into workspaces (workspace_id, name, time_zone) values ($1, 'Bench', 'UTC')"
            " on conflict do nothing",
            stage.workspace_id,
        )
        definition = to_json(_DEFINITION).decode()
        await connection.execute(
            "insert into sequences (workspace_id, id, title, state, draft, published_version)"
            " values ($1, $2, 'Renewals', 'enabled', $3, 1)",
            stage.workspace_id,
            SEQUENCE,
            definition,
        )
        await connection.execute(
            "insert into sequence_versions"
            " (workspace_id, sequence_id, number, definition, published_by)"
            " values ($1, $2, 1, $3, 'Bench')",
            stage.workspace_id,
            SEQUENCE,
            definition,
        )
    await _enroll(stage, FEW)


async def _enroll(stage: Stage, number: int) -> None:
    async with stage.as_admin() as connection:
        await connection.execute("set search_path to sequencer, public")
        for _ in range(0, number, FEW):
            await connection.execute(_SEED, stage.workspace_id, SEQUENCE, FEW)
        for table in ("enrollments", "opportunities", "accounts", "contacts", "contact_accounts"):
            await connection.execute(f"vacuum analyze sequencer.{table}")


async def _make_due(stage: Stage, ids: list[Any] | None = None) -> list[Any]:
    """Some enrollments, or these once more."""
    async with stage.as_admin() as connection:
        await connection.execute("set search_path to sequencer, public")
        if ids is None:
            rows = await connection.fetch(
                "select id from enrollments where workspace_id = $1 and id > gen_random_uuid()"
                f" order by id limit {DUE}",
                stage.workspace_id,
            )
            ids = [row["id"] for row in rows]
        for statement in _FORGET:
            await connection.execute(statement, stage.workspace_id, ids)
        await connection.execute(_MAKE_DUE, stage.workspace_id, ids)
    return ids


async def _tick(stage: Stage) -> tuple[float, float]:
    """Seconds for a tick with some due: ours, and the same statements by psql."""
    service = stage.service("sequencer")
    ours, sql = [], []
    empty = await psql(stage, "sequencer", "select 1;")
    for _ in range(ROUNDS):
        ids = await _make_due(stage)
        with captured(service) as seen:
            began = time.perf_counter()
            await plan_due_enrollments(service)
            ours.append(time.perf_counter() - began)
        await _make_due(stage, ids)
        script = seen.script(stage.workspace_id, read_only=False)
        sql.append(await psql(stage, "sequencer", script) - empty)
    return statistics.median(ours), max(statistics.median(sql), 0.0001)


async def tick_among_few(stage: Stage) -> Result:
    """Run before the other, which enrolls many more."""
    ours, sql = await _tick(stage)
    return Result(
        unit="enrollments", per_second=DUE / ours, sql_per_second=DUE / sql, p50_ms=ours * 1000
    )


async def tick_among_many(stage: Stage) -> Result:
    """The same number due; a tick with nothing due besides."""
    few, _ = await _tick(stage)
    await _enroll(stage, MANY - FEW)
    many, sql = await _tick(stage)
    return Result(
        unit="enrollments",
        per_second=DUE / many,
        sql_per_second=DUE / sql,
        p50_ms=many * 1000,
        target="<= 1.5 x the cost at 10,000; nothing due <= 5 ms",
        more={"growth": round(many / few, 2), "nothing_due_ms": round(await _idle(stage), 2)},
    )


async def _idle(stage: Stage) -> float:
    service, took = stage.service("sequencer"), []
    for _ in range(20):
        began = time.perf_counter()
        assert not await workspaces_with_due_enrollments(service)  # noqa: S101
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


CASES = (
    Case(f"sequencer tick, {DUE} due of {FEW:,}", tick_among_few),
    Case(f"sequencer tick, {DUE} due of {MANY:,}", tick_among_many),
)
