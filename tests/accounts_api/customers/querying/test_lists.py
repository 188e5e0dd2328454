from typing import Any

import pytest

from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure, Workspace


async def names(ws: Workspace, path: str = "/v1/accounts", **params: Any) -> list[str]:
    answer = await ws.observer.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["data"]]


async def walk(ws: Workspace, **params: Any) -> list[str]:
    """Every page, by its cursor."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await ws.observer.get("/v1/accounts", params={**params, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [row["name"] for row in page["data"]]
        assert page["has_more"] is (page["next_cursor"] is not None)
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def some_accounts(ws: Workspace) -> None:
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "tier", "select", options=[{"value": "gold"}])
    rows: list[dict[str, Any]] = [
        {"name": "Alder", "arr": 300, "currency": "USD", "traits": {"seats": 5, "tier": "gold"}},
        {"name": "Birch", "arr": 300, "currency": "EUR", "traits": {"seats": 7}},
        {"name": "Cedar", "arr": None, "domain": "cedar.example"},
        {"name": "Dogwood", "arr": 100, "traits": {"tier": "gold"}},
        {"name": "Elm", "arr": None, "traits": {"seats": 5}},
    ]
    await bulk(ws, "accounts", [{"external_id": row["name"], **row} for row in rows])


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (None, "ABCDE"),
        ("-name", "EDCBA"),
        ("arr", "DABCE"),
        ("-arr", "BADEC"),
        ("-arr,name", "ABDCE"),
        ("arr,-name", "DBAEC"),
        ("traits.seats", "AEBCD"),
        ("-traits.seats,-name", "BEADC"),
        ("domain,name", "CABDE"),
        ("traits.tier,-arr", "ADBEC"),
        ("-created_at", "EDCBA"),
    ],
)
async def test_an_order_holds_over_pages_and_empty_values_come_last(
    tenure: Tenure, sort: str | None, order: str
) -> None:
    ws = await tenure.workspace()
    await some_accounts(ws)
    params = {"sort": sort} if sort else {}
    whole = "".join(name[0] for name in await names(ws, **params))
    if sort in {"-name", "-created_at"}:
        assert sorted(whole) == sorted(order)
    else:
        assert whole == order
    for limit in (1, 2, 3):
        assert "".join(name[0] for name in await walk(ws, **params, limit=limit)) == whole


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("arr >= 3 USD", "A"),
        ("arr >= 300", "AB"),
        ('traits.tier = "gold" and traits.seats is empty', "D"),
        ('name starts with "AL"', "A"),
        ("traits.seats between 5 and 6", "AE"),
        ('{"field": "arr", "op": "is_empty"}', "CE"),
    ],
)
async def test_a_list_is_filtered_by_a_rule(tenure: Tenure, rule: str, found: str) -> None:
    ws = await tenure.workspace()
    await some_accounts(ws)
    assert "".join(name[0] for name in await names(ws, filter=rule)) == found


async def test_a_faulty_filter_is_pointed_at(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    text = await ws.admin.get("/v1/accounts", params={"filter": 'arr > 5 and nmae = "x"'})
    assert text.status_code == 422
    (error,) = text.json()["errors"]
    assert (error["pointer"], error["code"]) == ("/query/filter", "unknown_field")
    assert (error["column"], error["suggestion"]) == (13, "name")
    rule = {"all": [{"field": "arr", "op": "eq", "value": "much"}]}
    json = await ws.admin.post("/v1/accounts/search", {"filter": rule})
    assert json.json()["errors"][0]["pointer"].startswith("/filter/all/0")
    for params in (
        {"filtr": "arr > 1"},
        {"sort": "nope"},
        {"fields": "nope"},
        {"include": "nope"},
        {"filter": "{"},
    ):
        answer = await ws.admin.get("/v1/accounts", params=params)
        assert answer.status_code == 422, params
        assert answer.json()["errors"][0]["pointer"] == f"/query/{next(iter(params))}"


async def test_fields_and_includes_are_chosen(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await some_accounts(ws)
    rows = (await ws.admin.get("/v1/accounts?fields=name,traits.seats&limit=2")).json()["data"]
    assert [set(row) for row in rows] == [{"id", "name", "traits"}] * 2
    assert [row["traits"] for row in rows] == [{"seats": 5}, {"seats": 7}]
    rows = (await ws.admin.get("/v1/accounts?fields=arr&include=key_roles,contacts")).json()
    assert set(rows["data"][0]) == {"id", "arr", "key_roles", "contacts"}
    assert rows["data"][0]["contacts"] == []


async def test_a_cursor_belongs_to_one_list(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await some_accounts(ws)
    cursor = (await ws.admin.get("/v1/accounts?limit=1&sort=name")).json()["next_cursor"]
    fits = await ws.admin.get(f"/v1/accounts?limit=1&sort=name&cursor={cursor}")
    assert fits.status_code == 200
    for other in ("sort=-name", "sort=name&filter=arr>1", "sort=name&include_ignored=true"):
        assert (await ws.admin.get(f"/v1/accounts?{other}&cursor={cursor}")).status_code == 400
    contacts = await ws.admin.get(f"/v1/contacts?sort=name&cursor={cursor}")
    assert contacts.status_code == 400
    elsewhere = await tenure.workspace("Elsewhere")
    theirs = await elsewhere.admin.get(f"/v1/accounts?sort=name&cursor={cursor}")
    assert theirs.status_code == 400
    assert (await ws.admin.get("/v1/accounts?cursor=xyz")).status_code == 400


async def test_rows_are_counted_on_request(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await bulk(ws, "organizations", [{"external_id": str(n), "name": str(n)} for n in range(1_001)])
    page = (await ws.admin.get("/v1/organizations?limit=1")).json()
    assert set(page) == {"data", "next_cursor", "has_more"}
    exact = (await ws.admin.get("/v1/organizations?limit=1&count=exact")).json()
    assert exact["count"] == {"value": 1_001, "exact": True}
    about = (await ws.admin.get("/v1/organizations?limit=1&count=estimate")).json()
    assert about["count"] == {"value": 1_000, "exact": False}


async def test_ignored_accounts_are_only_found_when_asked_for(tenure: Tenure) -> None:
    from accounts_api.customers.accounts.service import StatusChange, set_lifecycle_status

    ws = await tenure.workspace()
    seen = await make(ws, "accounts", {"name": "Seen"})
    hidden = await make(ws, "accounts", {"name": "Hidden", "domain": "hid.example"})
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        change = StatusChange(hidden["id"], "ignored", await uow.now())
        await set_lifecycle_status(uow, [change])
    assert await names(ws) == ["Seen"]
    assert await names(ws, include_ignored="true") == ["Seen", "Hidden"]
    assert await names(ws, filter='lifecycle_status = "ignored"') == ["Hidden"]
    found = await ws.admin.post("/v1/accounts/search", {"query": "hid"})
    assert [row["name"] for row in found.json()["data"]] == ["Hidden"]
    assert (await ws.admin.get(f"/v1/accounts/{hidden['id']}")).status_code == 200
    assert seen["lifecycle_status"] == "subscribed"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("acm", ["Acme Analytics"]),
        ("anal acme", ["Acme Analytics"]),
        ("cme", []),
        ("zoe", ["Zoë's Bakery"]),
        ("bakery.ex", ["Zoë's Bakery"]),
        ("ZOÉ", ["Zoë's Bakery"]),
        ("X-17", ["Acme Analytics"]),
        ("%", []),
        (".*", []),
    ],
)
async def test_a_search_finds_beginnings_of_words(
    tenure: Tenure, words: str, found: list[str]
) -> None:
    ws = await tenure.workspace()
    await make(ws, "accounts", {"name": "Acme Analytics", "external_id": "x-17"})
    await make(ws, "accounts", {"name": "Zoë's Bakery", "domain": "bakery.example"})
    answer = await ws.admin.post("/v1/accounts/search", {"query": words})
    assert answer.status_code == 200, answer.text
    assert [row["name"] for row in answer.json()["data"]] == found


async def test_a_syllable_is_found_whole_and_not_by_a_part_of_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for name in ("서울전자", "강남상사", "김앤장", "ガス"):
        await make(ws, "accounts", {"name": name})
    parts = {
        "서우": [],
        "가": [],
        "カ": [],
        "서울": ["서울전자"],
        "ｶﾞ": ["ガス"],
        "강남": ["강남상사"],
    }
    for part, found in parts.items():
        assert await names(ws, filter=f'name contains "{part}"') == found, part
        assert await names(ws, filter=f'name starts with "{part}"') == found, part
        answer = await ws.admin.post("/v1/accounts/search", {"query": part})
        assert [row["name"] for row in answer.json()["data"]] == found, part
