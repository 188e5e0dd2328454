"""Pages neither skip nor repeat a record, whatever is written between them."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts_api.customers.querying.rules import sort_keys
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.schema.record_schemas import ACCOUNT
from shared.errors import Invalid
from tests.accounts_api.records.making import bulk
from tests.harness import Tenure, Workspace

# A busy machine says nothing about a property.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
SORTS = ["name", "-arr", "arr,-name", "-domain,arr", "country,-arr,name", "-updated_at", None]


@pytest.fixture
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    """Nobody needs to hear of the thousands of changes between pages."""
    async with tenure.passing_workspace("Paged") as made:
        yield made


def row(draw: random.Random, number: int) -> dict[str, Any]:
    return {
        "external_id": f"e{number}",
        "name": draw.choice(["A", "B", "b", "Ä", "C c"]),
        "arr": draw.choice([None, 1, 2, 3]),
        "domain": draw.choice([None, "a.example", "b.example"]),
        "country": draw.choice([None, "DE", "US"]),
    }


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_no_page_skips_or_repeats_what_stays_where_it_is(
    ws: Workspace, sort: str | None, seed: int
) -> None:
    """While pages are read others come, go and move; those left alone are each seen once."""
    draw = random.Random(seed)
    await bulk(ws, "accounts", [row(draw, number) for number in range(60)])
    touched: set[str] = set()
    fresh = 60
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 7, **({"sort": sort} if sort else {})}
    while True:
        page = (await ws.observer.get("/v1/accounts", params=params)).json()
        seen += [account["external_id"] for account in page["data"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
        changes = [row(draw, draw.randrange(60)) for _ in range(2)]
        changes.append({"external_id": f"e{draw.randrange(60)}", "deleted": True})
        changes.append(row(draw, fresh))
        fresh += 1
        touched |= {change["external_id"] for change in changes}
        await bulk(ws, "accounts", changes)
    untouched = {f"e{number}" for number in range(60)} - touched
    assert sorted(e for e in seen if e in untouched) == sorted(untouched)


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_put_together_are_the_list(ws: Workspace, sort: str | None) -> None:
    draw = random.Random(7)
    await bulk(ws, "accounts", [row(draw, number) for number in range(90)])
    params = {"sort": sort} if sort else {}
    whole = await ids(ws, {**params, "limit": 200})
    assert len(set(whole)) == 90
    for limit in (1, 8, 89):
        assert await ids(ws, {**params, "limit": limit}) == whole


async def test_pages_follow_each_other_over_yes_and_no_and_over_the_longest_texts(
    ws: Workspace,
) -> None:
    for key, schema in (("key_customer", "boolean"), ("story", "text"), ("site", "url")):
        definition = {"record_type": "account", "key": key, "title": key, "type": schema}
        assert (await ws.admin.post("/v1/traits", definition)).status_code == 201
    told = [None, *({"key_customer": n % 2 == 0, "story": "ä" * 5_000 + str(n)} for n in range(7))]
    site = "https://acme.example/" + "a" * 1_900
    rows = [
        {"external_id": f"e{n}", "name": "N" * 200, "traits": {**traits, "site": site}}
        for n, traits in enumerate(traits or {} for traits in told)
    ]
    await bulk(ws, "accounts", rows)
    deals = [
        {"external_id": f"o{n}", "name": "O", "type": "renewal", "is_closed": n % 2 == 0}
        for n in range(6)
    ]
    await bulk(ws, "opportunities", deals)
    for sort in ("traits.key_customer", "-traits.key_customer,name,-traits.story,traits.site"):
        whole = await ids(ws, {"sort": sort, "limit": 200})
        assert await ids(ws, {"sort": sort, "limit": 2}) == whole
        assert len(set(whole)) == len(rows)
    for sort in ("is_closed", "-is_closed,name"):
        whole = await ids(ws, {"sort": sort, "limit": 200}, "opportunities")
        assert await ids(ws, {"sort": sort, "limit": 2}, "opportunities") == whole
        assert len(set(whole)) == len(deals)


async def ids(ws: Workspace, params: dict[str, Any], plural: str = "accounts") -> list[str]:
    found: list[str] = []
    while True:
        page = (await ws.observer.get(f"/v1/{plural}", params=params)).json()
        found += [account["id"] for account in page["data"]]
        if page["next_cursor"] is None:
            return found
        params = {**params, "cursor": page["next_cursor"]}


@PATIENT
@given(st.text(max_size=40))
def test_any_text_is_an_order_or_refused(sort: str) -> None:
    try:
        keys = sort_keys(ACCOUNT, sort, STANDARD, "/query/sort")
    except Invalid:
        return
    assert len(keys) <= 4
