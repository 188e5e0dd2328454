"""Lists as of an instant: who was there, as they were, filtered and ordered by what was true."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 9, tzinfo=UTC)


async def listed(ws: Workspace, plural: str = "accounts", **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = await ws.observer.get(f"/v1/{plural}", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        params = {**params, "cursor": page["next_cursor"]}


async def names(ws: Workspace, plural: str = "accounts", **params: Any) -> list[str]:
    return [row["name"] for row in await listed(ws, plural, **params)]


async def test_a_list_of_the_past_is_the_list_that_was(tenure: Tenure) -> None:
    """Whatever happened later. Answers given on the day are asked for again at the end."""
    draw = random.Random(1)
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "select", options=[{"value": "a"}, {"value": "b"}])
    questions: list[dict[str, Any]] = [
        {},
        {"sort": "-arr,name", "limit": 3},
        {"sort": "traits.tier,name", "limit": 2},
        {"filter": 'traits.tier = "a" or arr > 2'},
        {"filter": 'any contacts (name starts with "A")'},
        {"filter": "count(opportunities where arr > 1) >= 1", "sort": "name"},
        {"include": "contacts,opportunities,key_roles,organization", "sort": "name"},
        {"filter": "arr changed within 2 days", "sort": "name"},
        {"filter": "role csm held"},
        {"count": "exact", "limit": 200},
    ]
    told: list[tuple[datetime, datetime, dict[str, Any], list[dict[str, Any]]]] = []
    member = ws.details["observer_id"]
    for number in range(3, 8):
        await tenure.set_clock(ws, day(number))
        await bulk(ws, "organizations", [{"external_id": "o", "name": draw.choice("XYZ")}])
        accounts = [
            {
                "external_id": f"a{draw.randrange(8)}",
                "name": draw.choice("ABC"),
                "arr": draw.choice([None, 1, 2, 3]),
                "traits": {"tier": draw.choice([None, "a", "b"])},
                "organization_external_id": "o",
                "key_roles": {"csm": draw.choice([[], [member]])},
                "deleted": draw.random() < 0.2,
                "restore": True,
            }
            for _ in range(5)
        ]
        for row in accounts:
            if row["deleted"]:
                del row["restore"], row["organization_external_id"]
        await bulk(ws, "accounts", accounts)
        links = [
            {"account_external_id": f"a{draw.randrange(8)}", "plan_roles": [draw.choice("PQ")]}
        ]
        contacts = [{"external_id": f"c{n}", "name": draw.choice("AB")} for n in range(3)]
        await bulk(ws, "contacts", [{**c, "accounts": links} for c in contacts])
        await bulk(
            ws,
            "opportunities",
            [
                {
                    "external_id": f"p{draw.randrange(4)}",
                    "name": "Renewal",
                    "type": "renewal",
                    "arr": draw.choice([1, 2]),
                    "account_external_id": f"a{draw.randrange(8)}",
                }
            ],
        )
        known = await machine_now(tenure, ws)
        for question in draw.sample(questions, 6):
            answer = stripped(await listed(ws, **question))
            told.append((day(number), known, question, answer))
    for at, known, question, answer in told:
        for then in ({"as_of": at}, {"known_as_of": known}):
            instant = {name: value.isoformat() for name, value in then.items()}
            # A rule that looks at the clock means the clock of the day.
            if "changed" in question.get("filter", "") and "as_of" not in then:
                continue
            again = stripped(await listed(ws, **question, **instant))
            assert again == answer, (question, then)


def stripped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in {"version", "updated_at"}} for row in rows]


async def machine_now(tenure: Tenure, ws: Workspace) -> datetime:
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        return await uow.machine_now()


async def test_contacts_and_their_parts_are_listed_as_they_were(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "accounts", {"name": "One"})
    link = {"account_id": one["id"], "plan_roles": ["Champion"]}
    contact = await make(ws, "contacts", {"name": "Ada", "accounts": [link]})
    await tenure.set_clock(ws, day(5))
    await ws.admin.patch(
        f"/v1/contacts/{contact['id']}",
        {"name": "Ada L", "accounts": [{**link, "plan_roles": ["Economic Buyer"]}]},
    )
    past = {"as_of": day(4).isoformat(), "include": "accounts"}
    (was,) = await listed(ws, "contacts", **past)
    assert (was["name"], was["accounts"]) == ("Ada", [link])
    rule = 'accounts.plan_roles has any ("Champion")'
    assert await names(ws, "contacts", filter=rule, **past) == ["Ada"]
    assert await names(ws, "contacts", filter=rule) == []
    path = f"/v1/accounts/{one['id']}"
    (seen,) = (await ws.admin.get(f"{path}?include=contacts")).json()["contacts"]
    assert (seen["name"], seen["plan_roles"]) == ("Ada L", ["Economic Buyer"])
    answer = await ws.admin.get(path, params={**past, "include": "contacts", "fields": "name"})
    (seen,) = answer.json()["contacts"]
    assert set(answer.json()) == {"id", "name", "contacts"}
    assert (seen["name"], seen["plan_roles"]) == ("Ada", ["Champion"])


async def test_members_of_a_segment_are_those_of_the_instant_and_as_was_known(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", {"name": "One", "arr": 5})
    segment = (
        await ws.admin.post(
            "/v1/segments", {"title": "Rich", "record_type": "account", "rule": "arr > 3"}
        )
    ).json()
    await tenure.settle()
    inside = await machine_now(tenure, ws)
    await tenure.set_clock(ws, day(5))
    await ws.admin.patch(f"/v1/accounts/{account['id']}", {"arr": 1})
    await tenure.settle()
    members = f"/v1/segments/{segment['id']}/members"

    async def count(**params: Any) -> int:
        answer = await ws.observer.get(members, params=params)
        assert answer.status_code == 200, answer.text
        return len(answer.json()["data"])

    assert await count() == 0
    assert await count(as_of=day(4).isoformat()) == 1
    assert await count(as_of=day(5).isoformat()) == 0
    assert await count(known_as_of=inside.isoformat()) == 1
    assert await count(known_as_of=(inside - timedelta(days=1)).isoformat()) == 0
    rule = f'in segment "{segment["id"]}"'
    assert await names(ws, filter=rule) == []
    assert await names(ws, filter=rule, as_of=day(4).isoformat()) == ["One"]
    (row,) = await listed(ws, include="segments", as_of=day(4).isoformat())
    assert [found["title"] for found in row["segments"]] == ["Rich"]


async def test_what_history_does_not_keep_cannot_be_asked_of_the_past(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for wrong in (
        {"sort": "-updated_at"},
        {"filter": "updated_at is past"},
        {"filter": "any contacts (updated_at is past)"},
    ):
        answer = await ws.admin.get("/v1/accounts", params={"as_of": START.isoformat(), **wrong})
        assert answer.status_code == 422, answer.text
        (error,) = answer.json()["errors"]
        assert error["code"] == "not_of_the_past"
        assert error["pointer"] == f"/query/{next(iter(wrong))}"
    search: dict[str, Any] = {"as_of": START.isoformat(), "query": "x"}
    answer = await ws.admin.post("/v1/accounts/search", search)
    assert answer.json()["errors"][0]["pointer"] == "/query"
    search = {"as_of": START.isoformat(), "filter": {"field": "arr", "op": "gt", "value": 1}}
    assert (await ws.admin.post("/v1/accounts/search", search)).json()["data"] == []
    first = await ws.admin.get("/v1/accounts?as_of=1899-01-01T00:00:00Z")
    assert first.status_code == 422
