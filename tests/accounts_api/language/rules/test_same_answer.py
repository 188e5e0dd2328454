"""For any rule and any data, SQL, Python and the explanation say the same."""

from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_api.language.rules.context import Moment
from accounts_api.language.rules.evaluate import matches
from accounts_api.language.rules.explain import explain
from accounts_api.language.rules.needs import needs
from accounts_api.language.rules.next_change import horizon
from accounts_api.language.rules.sql import next_change as sql_horizon
from accounts_api.language.rules.sql.compile import verdict
from accounts_api.language.rules.sql.rows import record_table
from accounts_api.language.rules.sql.snapshot import read_snapshot, snapshot
from accounts_api.language.rules.syntax.json_codec import read_json
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule
from tests.accounts_api.language.rules.random_rules import Author
from tests.accounts_api.language.rules.worlds import NOW, WORKSPACE, World, catalog, world

CATALOG = catalog()
ZONES = ("UTC", "America/New_York", "Pacific/Auckland", "America/Havana", "Africa/Cairo")

CASES = 150
"""Random cases of a test. Each has a number of its own, which a failure names."""


def case(number: int, type_: str) -> tuple[Rule, World, Moment]:
    """A random rule, a random world and a random moment; always the same for a number."""
    dice = Random(f"{type_} {number}")
    written = Author(dice.getrandbits(48), CATALOG).rule(CATALOG.scope(type_))
    shift = dice.choice((dice.randint(-3, 3), dice.randint(-60, 60)))
    moment = Moment(
        NOW + timedelta(hours=shift),
        ZoneInfo(dice.choice(ZONES)),
        fiscal_year_start=dice.choice((1, 2, 7)),
        holidays=frozenset({date(2026, 3, 6), date(2026, 3, 9)}),
    )
    rule = check(read_json(written), CATALOG, type_)
    return rule, world(dice.getrandbits(48)), moment


async def judged_by_sql(
    scratch: AsyncEngine, world: World, rule: Rule, moment: Moment
) -> dict[str, tuple[bool, datetime | None, str]]:
    row = record_table(rule.type)
    flips = sql_horizon.horizon(rule, row, moment)
    statement = select(
        row.c.id,
        func.coalesce(verdict(rule, row, moment), literal(False)),
        literal(None) if flips is None else flips,
        snapshot(needs(rule), row, moment),
    ).where(row.c.workspace_id == WORKSPACE)
    async with scratch.connect() as connection:
        await world.store(connection)
        found = (await connection.execute(statement)).all()
        await connection.rollback()
    return {str(id_): (said, next_change_at, loaded) for id_, said, next_change_at, loaded in found}


@pytest.mark.parametrize("type_", ["account", "contact", "opportunity", "organization"])
async def test_sql_python_and_explanation_agree(scratch: AsyncEngine, type_: str) -> None:
    for number in range(CASES):
        rule, found, moment = case(number, type_)
        for at in (moment, *await boundary(scratch, found, rule, moment)):
            await must_agree(scratch, found, rule, at, number)


async def must_agree(
    scratch: AsyncEngine, world: World, rule: Rule, at: Moment, number: int
) -> None:
    by_sql = await judged_by_sql(scratch, world, rule, at)
    for row in world.rows[rule.type.table]:
        said, next_change_at, loaded = by_sql[str(row["id"])]
        record = world.snapshot(rule.type.name, row)
        read = read_snapshot(needs(rule), loaded)
        assert matches(rule, record, at) == said, number
        assert matches(rule, read, at) == said, number
        assert explain(rule, read, at).verdict == said, number
        assert horizon(rule, record, at) == next_change_at, number
        assert horizon(rule, read, at) == next_change_at, number


async def boundary(scratch: AsyncEngine, world: World, rule: Rule, moment: Moment) -> list[Moment]:
    """The very instant of the first change, where bounds are met exactly."""
    found = await judged_by_sql(scratch, world, rule, moment)
    flips = [
        next_change_at for _, next_change_at, _ in found.values() if next_change_at is not None
    ]
    return [later(moment, min(flips))] if flips else []


@pytest.mark.parametrize("type_", ["account", "opportunity"])
def test_the_verdict_stays_until_the_horizon(type_: str) -> None:
    for number in range(2 * CASES):
        rule, found, moment = case(number, type_)
        must_stay(rule, found, moment, number)


def must_stay(rule: Rule, world: World, moment: Moment, number: int) -> None:
    for row in world.rows[rule.type.table]:
        record = world.snapshot(rule.type.name, row)
        before = matches(rule, record, moment)
        end = horizon(rule, record, moment)
        assert end is None or end > moment.now
        probes = [moment.now + timedelta(hours=hours) for hours in (1, 13, 30, 100, 400, 3000)]
        if end is not None:
            probes += [end - timedelta(microseconds=1), end - timedelta(seconds=1)]
            half = (end - moment.now) / 2
            probes.append(moment.now + half)
        for probe in probes:
            if moment.now < probe and (end is None or probe < end):
                assert matches(rule, record, later(moment, probe)) == before, (number, probe)


def later(moment: Moment, now: datetime) -> Moment:
    return Moment(now, moment.zone, moment.fiscal_year_start, moment.holidays)
