"""For any rule and any data, SQL, Python and the explanation say the same."""

from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.rules.interpreter.evaluate import matches
from shared.rules.interpreter.explain import explain
from shared.rules.interpreter.needs import needs
from shared.rules.interpreter.next_change import next_change
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.sql import next_change as sql_horizon
from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.syntax.json_codec import read_json
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from tests.shared.making import calendar
from tests.shared.rules.dice import NOW
from tests.shared.rules.random_rules import Author
from tests.shared.rules.worlds import WORKSPACE, World, catalog, world

CATALOG = catalog()
ZONES = ("UTC", "America/New_York", "Pacific/Auckland", "America/Havana", "Africa/Cairo")

CASES = 150
"""Random cases of a test. Each has a number of its own, which a failure names."""


def case(number: int, type_: str) -> tuple[Rule, World, EvaluationContext]:
    """A random rule, a random world and a random moment; always the same for a number."""
    dice = Random(f"{type_} {number}")
    written = Author(dice.getrandbits(48), CATALOG).rule(CATALOG.scope(type_))
    shift = dice.choice((dice.randint(-3, 3), dice.randint(-60, 60)))
    context = EvaluationContext(
        NOW + timedelta(hours=shift),
        ZoneInfo(dice.choice(ZONES)),
        fiscal_year_start=dice.choice((1, 2, 7)),
        calendar=calendar(date(2026, 3, 6), date(2026, 3, 9)),
    )
    rule = check(read_json(written), CATALOG, type_)
    return rule, world(dice.getrandbits(48)), context


async def evaluated_by_sql(
    scratch: AsyncEngine, world: World, rule: Rule, context: EvaluationContext
) -> dict[str, tuple[bool, datetime | None, str]]:
    row = record_table(rule.type)
    next_changes = sql_horizon.next_change(rule, row, context)
    statement = select(
        row.c.id,
        func.coalesce(verdict(rule, row, context), literal(False)),
        literal(None) if next_changes is None else next_changes,
        snapshot(needs(rule), row, context),
    ).where(row.c.workspace_id == WORKSPACE)
    async with scratch.connect() as connection:
        await world.store(connection)
        found = (await connection.execute(statement)).all()
        await connection.rollback()
    return {str(id_): (said, next_change_at, loaded) for id_, said, next_change_at, loaded in found}


@pytest.mark.parametrize("type_", ["account", "contact", "opportunity", "organization"])
async def test_sql_python_and_explanation_agree(scratch: AsyncEngine, type_: str) -> None:
    for number in range(CASES):
        rule, found, context = case(number, type_)
        for at in (context, *await boundary(scratch, found, rule, context)):
            await must_agree(scratch, found, rule, at, number)


async def must_agree(
    scratch: AsyncEngine, world: World, rule: Rule, at: EvaluationContext, number: int
) -> None:
    by_sql = await evaluated_by_sql(scratch, world, rule, at)
    for row in world.rows[rule.type.table]:
        said, next_change_at, loaded = by_sql[str(row["id"])]
        record = world.snapshot(rule.type.name, row)
        read = read_snapshot(needs(rule), loaded)
        assert matches(rule, record, at) == said, number
        assert matches(rule, read, at) == said, number
        assert explain(rule, read, at).verdict == said, number
        assert next_change(rule, record, at) == next_change_at, number
        assert next_change(rule, read, at) == next_change_at, number


async def boundary(
    scratch: AsyncEngine, world: World, rule: Rule, context: EvaluationContext
) -> list[EvaluationContext]:
    """The very instant of the first change, where bounds are met exactly."""
    found = await evaluated_by_sql(scratch, world, rule, context)
    next_changes = [
        next_change_at for _, next_change_at, _ in found.values() if next_change_at is not None
    ]
    return [later(context, min(next_changes))] if next_changes else []


@pytest.mark.parametrize("type_", ["account", "opportunity"])
def test_the_verdict_stays_until_the_horizon(type_: str) -> None:
    for number in range(2 * CASES):
        rule, found, context = case(number, type_)
        must_stay(rule, found, context, number)


def must_stay(rule: Rule, world: World, context: EvaluationContext, number: int) -> None:
    for row in world.rows[rule.type.table]:
        record = world.snapshot(rule.type.name, row)
        before = matches(rule, record, context)
        end = next_change(rule, record, context)
        assert end is None or end > context.now
        probes = [context.now + timedelta(hours=hours) for hours in (1, 13, 30, 100, 400, 3000)]
        if end is not None:
            probes += [end - timedelta(microseconds=1), end - timedelta(seconds=1)]
            half = (end - context.now) / 2
            probes.append(context.now + half)
        for probe in probes:
            if context.now < probe and (end is None or probe < end):
                assert matches(rule, record, later(context, probe)) == before, (number, probe)


def later(context: EvaluationContext, now: datetime) -> EvaluationContext:
    return EvaluationContext(now, context.zone, context.fiscal_year_start, context.calendar)
