"""The SQL functions that rules call answer as their Python twins do."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from deploy.roles import OWNER, role_url
from shared.rules.types.context import EvaluationContext
from shared.rules.types.fold import fold
from shared.rules.types.instants import iso_date, iso_instant
from tests.harness import Tenure

ALPHABET = (
    "ABCZabcz 09%_-.@ÀÉÎÕÜàéîõüÇçŠšŽžŁłØøÆæŒœßẞĐđıİŊŋΑΩάώσςЖжЙйЁёЇїҐґ漢字かなﬁﬂ①½"
    "\u0301\u0308\u200b😀ऀ한글"
)


@pytest.mark.parametrize(
    ("given_", "folded"),
    [
        ("ÀÉÎ Õü", "aei ou"),
        ("Łódź", "lodz"),
        ("STRASSE", "strasse"),
        ("Ørsted Æ", "orsted æ"),
        ("ΆΈΣΣς", "αεσσσ"),
        ("Йогурт ЁЖ", "иогурт еж"),
        ("İstanbul", "istanbul"),
        ("ﬁne", "fine"),
        ("서울전자", "서울전자"),
        ("ｶﾞス・ガス", "ガス・ガス"),
    ],
)
def test_folding_forgets_case_and_accents(given_: str, folded: str) -> None:
    assert fold(given_) == folded


@pytest.mark.parametrize(
    ("name", "part"), [("서울전자", "서우"), ("강남상사", "가"), ("김앤장", "기"), ("ガス", "カ")]
)
def test_a_syllable_is_not_found_by_a_part_of_it(name: str, part: str) -> None:
    assert fold(part) not in fold(name)
    assert fold(name[0]) in fold(name)


@given(st.text())
def test_folding_twice_is_folding_once(given_: str) -> None:
    assert fold(fold(given_)) == fold(given_)


# What Unicode has not assigned yet, a newer server may know already.
ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"], exclude_characters="\0")
JAMO = "".join(map(chr, range(0x1100, 0x1200))) + "\u3131\u314f\uac00\uac01\u3099\u309aかは"


@settings(deadline=None, max_examples=100)
@given(
    texts=st.lists(
        st.text(ASSIGNED, max_size=12) | st.text(ALPHABET, max_size=12) | st.text(JAMO, max_size=8),
        min_size=1,
        max_size=40,
    )
)
async def test_folding_is_the_same_in_the_database(scratch: AsyncEngine, texts: list[str]) -> None:
    statement = text("select fold(t) from unnest(cast(:texts as text[])) with ordinality u (t, i)")
    async with scratch.connect() as connection:
        found = (await connection.execute(statement, {"texts": texts})).scalars().all()
    assert found == [fold(one) for one in texts]


digits = st.text("0123456789-T:.Z", max_size=30)
nearly = st.sampled_from(
    [
        "2026-02-28",
        "2026-02-29",
        "2024-02-29",
        "0000-01-01",
        "0001-01-01",
        "9999-12-31",
        "2026-04-31",
        "2026-12-32",
        "20260101",
        "2026-1-1",
        "2026-01-01T00:00:00Z",
        "2026-01-01T23:59:59.999999Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T10:60:00Z",
        "2026-01-01T10:00:60Z",
        "2026-02-30T10:00:00Z",
        "2026-01-01T10:00:00+00:00",
        "2026-01-01T10:00:00.1234567Z",
        "2026-01-01T10:00:00.5Z",
        "0001-01-01T00:00:00Z",
    ]
)


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(digits | nearly, min_size=1, max_size=40))
async def test_dates_are_read_the_same_in_the_database(
    scratch: AsyncEngine, texts: list[str]
) -> None:
    statement = text(
        "select iso_date(t), iso_instant(t) from unnest(cast(:texts as text[]))"
        " with ordinality u (t, i) order by i"
    )
    async with scratch.connect() as connection:
        found = (await connection.execute(statement, {"texts": texts})).all()
    assert [tuple(row) for row in found] == [(iso_date(one), iso_instant(one)) for one in texts]


ZONES = (
    "UTC",
    "America/New_York",
    "America/Havana",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Asia/Beirut",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "America/Scoresbysund",
)


@pytest.mark.parametrize("zone", ZONES)
async def test_days_start_at_the_same_instant_in_the_database(
    scratch: AsyncEngine, zone: str
) -> None:
    at = EvaluationContext(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone))
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(366 * 4)]
    statement = text(
        "select day_start(d, :zone) from unnest(cast(:days as date[])) with ordinality u (d, i)"
        " order by i"
    )
    async with scratch.connect() as connection:
        found = await connection.execute(statement, {"zone": zone, "days": days})
    assert list(found.scalars()) == [at.day_start(day) for day in days]


async def test_the_migration_makes_the_functions_that_rules_call(
    scratch: AsyncEngine, fresh_database: Tenure
) -> None:
    statement = text(
        "select p.proname, p.provolatile, pg_get_function_sqlbody(p.oid), n.nspname"
        " from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where p.proname in ('fold', 'iso_date', 'iso_instant', 'day_start')"
        " and n.nspname in (current_schema(), 'accounts') order by 1"
    )

    def said(rows: Sequence[Any]) -> list[tuple[str, ...]]:
        return [(name, kind, body.replace(f"{schema}.", "")) for name, kind, body, schema in rows]

    migrated = create_async_engine(
        role_url(
            fresh_database.admin_url,
            OWNER,
            fresh_database.secrets.passwords[OWNER],
            fresh_database.database,
        )
    )
    async with scratch.connect() as here, migrated.connect() as there:
        wanted = said((await here.execute(statement)).all())
        assert said((await there.execute(statement)).all()) == wanted
    await migrated.dispose()
    assert len(wanted) == 4
