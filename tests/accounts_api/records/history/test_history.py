from datetime import UTC, datetime

from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure


def day(number: int) -> datetime:
    return datetime(2026, 3, number, 9, tzinfo=UTC)


async def test_each_change_is_kept_with_when_and_why(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    account = await make(ws, "accounts", {"name": "A", "arr": 1})
    path = f"/v1/accounts/{account['id']}"
    await tenure.set_clock(ws, day(5))
    await ws.team_member.patch(path, {"arr": 2, "traits": {"tier": "gold"}})
    page = (await ws.observer.get(f"{path}/history")).json()
    assert [(c["field"], c["old"], c["new"]) for c in page["data"]][-1] == ("created", None, None)
    changes = {c["field"]: c for c in page["data"]}
    assert (changes["arr"]["old"], changes["arr"]["new"]) == (1, 2)
    assert (changes["traits.tier"]["old"], changes["traits.tier"]["new"]) == (None, "gold")
    assert changes["arr"]["valid_from"] == "2026-03-05T09:00:00Z"
    assert changes["arr"]["known_at"] > "2026-03-05"
    assert changes["arr"]["cause"][-1]["type"] == "api_key"
    only = (await ws.observer.get(f"{path}/history?field=arr")).json()["data"]
    assert [c["field"] for c in only] == ["arr"]


async def test_history_is_paged_newest_first(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    account = await make(ws, "accounts", {"name": "A", "currency": "USD"})
    path = f"/v1/accounts/{account['id']}"
    for arr in range(5):
        await ws.admin.patch(path, {"arr": arr})
    seen, query = [], "limit=2"
    while True:
        page = (await ws.admin.get(f"{path}/history?{query}")).json()
        seen += [change["new"] for change in page["data"]]
        if page["next_cursor"] is None:
            break
        query = f"limit=2&cursor={page['next_cursor']}"
    assert seen == [4, 3, 2, 1, 0, None]
    foreign = await (await tenure.workspace("Other")).admin.get(f"{path}/history")
    assert foreign.status_code == 404


async def test_a_record_is_read_as_it_was(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    await make_trait(ws, "account", "seats", "number")
    given = {"name": "A", "arr": 1, "external_id": "crm/1", "traits": {"seats": 3}}
    account = await make(ws, "accounts", given)
    path = f"/v1/accounts/{account['id']}"
    await tenure.set_clock(ws, day(5))
    await ws.admin.patch(path, {"name": "B", "traits": {"tier": "gold", "seats": None}})
    await tenure.set_clock(ws, day(9))
    await ws.admin.delete(path)

    early = (await ws.admin.get(f"{path}?as_of=2026-03-03T00:00:00Z")).json()
    assert (early["name"], early["traits"]) == ("A", {"seats": 3})
    outside = "/v1/accounts/by-external-id/crm%2F1"
    assert (await ws.admin.get(f"{outside}?as_of=2026-03-03T00:00:00Z")).json() == early
    unknown = await ws.admin.get(f"{outside}2?as_of=2026-03-03T00:00:00Z")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    later = (await ws.admin.get(f"{path}?as_of=2026-03-06T00:00:00Z")).json()
    assert (later["name"], later["traits"]) == ("B", {"tier": "gold"})
    for then in ("2026-03-01T00:00:00Z", "2026-03-09T09:00:00Z"):
        assert (await ws.admin.get(f"{path}?as_of={then}")).status_code == 404
    known = (await ws.admin.get(f"{path}?known_as_of=2000-01-01T00:00:00Z")).status_code
    assert known == 404
    assert (await ws.admin.get(f"{path}?as_of=yesterday")).status_code == 422


async def test_a_contacts_accounts_are_part_of_its_history(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "accounts", {"name": "One"})
    contact = await make(
        ws, "contacts", {"email": "a@b.example", "accounts": [{"account_id": one["id"]}]}
    )
    path = f"/v1/contacts/{contact['id']}"
    await tenure.set_clock(ws, day(5))
    await ws.admin.patch(path, {"accounts": []})
    was = (await ws.admin.get(f"{path}?as_of=2026-03-03T00:00:00Z")).json()
    assert was["accounts"] == contact["accounts"]


async def test_months_to_come_have_their_partition(tenure: Tenure) -> None:
    from accounts_api.records.history.queries import make_partitions

    ws = await tenure.workspace()
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        assert await make_partitions(uow) == 0
    await bulk(ws, "accounts", [{"external_id": "a", "name": "A"}])


async def test_why_a_field_changed_is_one_call(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    account = await make(ws, "accounts", {"name": "A", "arr": 1})
    path = f"/v1/accounts/{account['id']}"
    await tenure.set_clock(ws, day(5))
    await ws.admin.patch(path, {"arr": 2, "traits": {"tier": "gold"}})
    await tenure.set_clock(ws, day(9))
    await ws.admin.patch(path, {"arr": 3, "key_roles": {"csm": [ws.details["observer_id"]]}})

    async def changes(**params: str) -> list[tuple[str, object]]:
        page = (await ws.observer.get(f"{path}/history", params=params)).json()
        return [(change["field"], change["new"]) for change in page["data"]]

    then = {"until": day(6).isoformat(), "field": "arr", "limit": "1"}
    assert await changes(**then) == [("arr", 2)]
    assert await changes(field="traits") == [("traits.tier", "gold")]
    assert await changes(since=day(9).isoformat(), field="key_roles") == [
        ("key_roles.csm", [ws.details["observer_id"]])
    ]
    assert await changes(known_until="2000-01-01T00:00:00Z") == []
    why = (await ws.observer.get(f"{path}/history", params=then)).json()["data"][0]
    told = (await ws.observer.get(f"{path}/history/{why['id']}")).json()
    assert (told["old"], told["new"]) == (1, 2)
    assert [other["field"] for other in told["related_changes"]] == ["traits.tier"]
    assert told["cause"][-1]["type"] == "api_key"
    assert all(link["label"] for link in told["cause"])
    other = await make(ws, "accounts", {"name": "Other"})
    for wrong in (
        f"{path}/history/{other['id']}",
        f"/v1/accounts/{other['id']}/history/{why['id']}",
    ):
        assert (await ws.observer.get(wrong)).status_code == 404


async def test_parts_of_contacts_in_an_account_have_a_history(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one, two = [await make(ws, "accounts", {"name": name}) for name in ("One", "Two")]
    link = {"account_id": one["id"], "plan_roles": ["Champion"]}
    ada = await make(ws, "contacts", {"name": "Ada", "accounts": [link]})
    bob = await make(ws, "contacts", {"name": "Bob"})
    await make(ws, "contacts", {"name": "Eve", "accounts": [{"account_id": two["id"]}]})
    await tenure.set_clock(ws, day(5))
    more = {**link, "plan_roles": ["Champion", "Signer"]}
    await ws.admin.patch(f"/v1/contacts/{ada['id']}", {"accounts": [more]})
    await ws.admin.patch(
        f"/v1/contacts/{ada['id']}", {"accounts": [more, {"account_id": two["id"]}]}
    )
    await ws.admin.patch(f"/v1/contacts/{bob['id']}", {"accounts": [{"account_id": one["id"]}]})
    await ws.admin.patch(f"/v1/contacts/{ada['id']}", {"accounts": []})
    seen, query = [], "limit=2"
    while True:
        answer = await ws.observer.get(f"/v1/accounts/{one['id']}/plan-roles/history?{query}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [(c["contact_name"], c["old"], c["new"]) for c in page["data"]]
        if page["next_cursor"] is None:
            break
        query = f"limit=2&cursor={page['next_cursor']}"
    assert seen == [
        ("Ada", ["Champion", "Signer"], None),
        ("Bob", None, []),
        ("Ada", ["Champion"], ["Champion", "Signer"]),
        ("Ada", None, ["Champion"]),
    ]
    missing = await ws.observer.get(f"/v1/accounts/{ada['id']}/plan-roles/history")
    assert missing.status_code == 404
