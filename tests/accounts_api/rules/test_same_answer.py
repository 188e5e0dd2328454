"""For any rule and any data, SQL, Python and the explanation say the same."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncEngine

from accounts_api.rules.check import check
from accounts_api.rules.checked import Rule
from accounts_api.rules.evaluate import matches
from accounts_api.rules.explain import explain
from accounts_api.rules.horizon import horizon
from accounts_api.rules.moment import Moment
from accounts_api.rules.needs import needs
from accounts_api.rules.sql import horizon as sql_horizon
from accounts_api.rules.sql.rows import record_table
from accounts_api.rules.sql.snapshot import read_snapshot, snapshot
from accounts_api.rules.sql.verdict import verdict
from accounts_api.rules.syntax.json_form import read_json
from tests.accounts_api.rules.random_rules import rules
from tests.accounts_api.rules.worlds import NOW, WORKSPACE, World, catalog, worlds

CATALOG = catalog()
ZONES = ("UTC", "America/New_York", "Pacific/Auckland", "America/Havana", "Africa/Cairo")

moments = st.builds(
    lambda shift, zone, start: Moment(
        NOW + timedelta(hours=shift),
        ZoneInfo(zone),
        fiscal_year_start=start,
        holidays=frozenset({date(2026, 3, 6), date(2026, 3, 9)}),
    ),
    st.integers(-60, 60),
    st.sampled_from(ZONES),
    st.sampled_from([1, 2, 7]),
)
generously = settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


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
    return {str(id_): (said, flips_at, loaded) for id_, said, flips_at, loaded in found}


@pytest.mark.parametrize("type_", ["account", "contact", "opportunity", "organization"])
@generously
@given(data=st.data(), world=worlds, moment=moments)
async def test_sql_python_and_explanation_agree(
    scratch: AsyncEngine, type_: str, data: st.DataObject, world: World, moment: Moment
) -> None:
    rule = check(read_json(data.draw(rules(type_), "rule")), CATALOG, type_)
    by_sql = await judged_by_sql(scratch, world, rule, moment)
    for row in world.rows[rule.type.table]:
        said, flips_at, loaded = by_sql[str(row["id"])]
        record = world.snapshot(type_, row)
        read = read_snapshot(needs(rule), loaded)
        assert matches(rule, record, moment) == said
        assert matches(rule, read, moment) == said
        assert explain(rule, read, moment).verdict == said
        assert horizon(rule, record, moment) == flips_at
        assert horizon(rule, read, moment) == flips_at


@pytest.mark.parametrize("type_", ["account", "opportunity"])
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), world=worlds, moment=moments)
def test_the_verdict_stays_until_the_horizon(
    type_: str, data: st.DataObject, world: World, moment: Moment
) -> None:
    rule = check(read_json(data.draw(rules(type_), "rule")), CATALOG, type_)
    for row in world.rows[rule.type.table]:
        record = world.snapshot(type_, row)
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
                later = at(moment, probe)
                assert matches(rule, record, later) == before, probe


def at(moment: Moment, now: datetime) -> Moment:
    return Moment(now, moment.zone, moment.fiscal_year_start, moment.holidays)
