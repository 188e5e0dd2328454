"""What others are told of moves: of what lasted, in time, and of nothing that only came back."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from accounts_api.evaluation.engine import service as engine
from tests.accounts_api.automation.segments.making import made, members, segment
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def published(tenure: Tenure, ws: Workspace, segment_id: str) -> list[tuple[str, str]]:
    """Who was said to have entered or left, since when, in order."""
    statement = text(
        "select name, payload from events where workspace_id = :id"
        " and name in ('accounts.segment_entered.v1', 'accounts.segment_left.v1')"
        " and payload ->> 'segment_id' = :segment order by seq"
    )
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        rows = await uow.connection.execute(statement, {"id": ws.id, "segment": segment_id})
        return [
            (name.split("_")[1].split(".")[0], payload["effective_at"]) for name, payload in rows
        ]


async def account(ws: Workspace, arr: int, **more: Any) -> str:
    body = {"name": f"A{arr}", "arr": arr, "currency": "USD", **more}
    return str((await made(ws, "/v1/accounts", body))["id"])


async def revenue(tenure: Tenure, ws: Workspace, account_id: str, arr: int) -> None:
    answer = await ws.admin.patch(f"/v1/accounts/{account_id}", {"arr": arr})
    assert answer.status_code == 200, answer.text
    await tenure.settle()


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


async def test_a_record_that_is_back_in_time_was_never_gone(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    rich = await segment(ws, "arr > 5", debounce_minutes=30)
    await tenure.settle()
    one = await account(ws, 10)
    await tenure.settle()
    assert await members(ws, rich) == {one}
    assert await published(tenure, ws, rich) == []
    asked = await ws.observer.get(f"/v1/segments/{rich}/explain", params={"record_id": one})
    assert asked.json()["pending_notification"] == {
        "entered": True,
        "at": "2026-03-02T09:00:00Z",
        "due_at": "2026-03-02T09:30:00Z",
    }
    await tenure.set_clock(ws, at(29))
    assert await published(tenure, ws, rich) == []
    await tenure.set_clock(ws, at(30))
    entered = ("entered", "2026-03-02T09:00:00Z")
    assert await published(tenure, ws, rich) == [entered]
    # Out and in again within the half hour: nothing happened.
    await revenue(tenure, ws, one, 1)
    await tenure.set_clock(ws, at(50))
    await revenue(tenure, ws, one, 10)
    await tenure.set_clock(ws, at(500))
    assert await published(tenure, ws, rich) == [entered]
    # Out for good is told, from the instant at which it left.
    await revenue(tenure, ws, one, 1)
    await tenure.set_clock(ws, at(529))
    assert await published(tenure, ws, rich) == [entered]
    await tenure.set_clock(ws, at(530))
    assert await published(tenure, ws, rich) == [entered, ("left", "2026-03-02T17:20:00Z")]


async def test_a_clock_that_jumps_tells_what_lasted_in_between(tenure: Tenure) -> None:
    """It entered on 12 March and left on 11 June; each lasted longer than a day."""
    ws = await tenure.workspace(frozen_at=START)
    body = {"name": "R", "type": "renewal", "contract_expiration": "2026-06-10"}
    rule = "expiration within next 90 days"
    slow = await segment(ws, rule, "opportunity", debounce_minutes=1_440)
    slower = await segment(ws, rule, "opportunity", title="Slower", debounce_minutes=43_200)
    await made(ws, "/v1/opportunities", body)
    await tenure.settle()
    await tenure.set_clock(ws, datetime(2026, 7, 1, 10, 0, tzinfo=UTC))
    assert await published(tenure, ws, slow) == [
        ("entered", "2026-03-12T00:00:00Z"),
        ("left", "2026-06-11T00:00:00Z"),
    ]
    assert await published(tenure, ws, slower) == [("entered", "2026-03-12T00:00:00Z")]


async def test_what_waits_survives_and_is_told_when_the_debounce_is_taken_away(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    rich = await segment(ws, "arr > 5", debounce_minutes=30)
    one = await account(ws, 10)
    await tenure.settle()
    assert await published(tenure, ws, rich) == []
    changed = await ws.admin.patch(f"/v1/segments/{rich}", {"debounce_minutes": None})
    assert changed.json()["debounce_minutes"] is None
    assert await published(tenure, ws, rich) == [("entered", "2026-03-02T09:00:00Z")]
    await revenue(tenure, ws, one, 1)
    assert [what for what, _ in await published(tenure, ws, rich)] == ["entered", "left"]
    for minutes in (0, 43_201, 1.5):
        body = {"debounce_minutes": minutes}
        assert (await ws.admin.patch(f"/v1/segments/{rich}", body)).status_code == 422


async def test_an_account_that_is_ignored_no_longer_is_back_without_a_word(
    tenure: Tenure,
) -> None:
    """Itself, its opportunities and contacts, and who is in a segment because it is in another."""
    ws = await tenure.workspace(frozen_at=START)
    one = await account(ws, 10, external_id="one")
    deal = await made(ws, "/v1/opportunities", {"name": "R", "type": "renewal", "account_id": one})
    rich = await segment(ws, "arr > 5")
    deals = await segment(ws, {"all": []}, "opportunity")
    ann = await made(ws, "/v1/contacts", {"name": "Ann", "accounts": [{"account_id": one}]})
    people = await segment(ws, 'name = "Ann"', "contact")
    chained = await segment(ws, f'any account (in segment "{rich}")', "opportunity")
    rule = {"title": "Test accounts", "status": "ignored", "rule": 'external_id = "one"'}
    await tenure.settle()
    created = await made(ws, "/v1/lifecycle-rules", rule)
    await tenure.settle()
    for found in (rich, deals, people, chained):
        assert [what for what, _ in await published(tenure, ws, found)] == ["entered", "left"]
    assert (await ws.admin.delete(f"/v1/lifecycle-rules/{created['id']}")).status_code == 204
    await tenure.settle()
    assert await members(ws, rich) == {one}
    assert await members(ws, deals) == await members(ws, chained) == {deal["id"]}
    assert await members(ws, people) == {ann["id"]}
    public = await ws.admin.get("/v1/events", params={"limit": 200})
    types = [event["type"] for event in public.json()["data"]]
    assert types.count("segment.entered") == 4
    assert types.count("segment.left") == 4
    assert types.count("account.lifecycle_status_changed") == 2
    # What happens to it from now on is told.
    await revenue(tenure, ws, one, 1)
    await revenue(tenure, ws, one, 10)
    assert [what for what, _ in await published(tenure, ws, rich)][-2:] == ["left", "entered"]


async def test_a_group_hands_a_record_over_in_one_transaction(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    group = {"group": "model"}
    managed = await segment(ws, "arr > 50", **group, priority=1)
    scaled = await segment(ws, "arr > 5", **group, priority=2)
    one = await account(ws, 10)
    await tenure.settle()
    assert (await members(ws, managed), await members(ws, scaled)) == (set(), {one})
    await revenue(tenure, ws, one, 100)
    assert (await members(ws, managed), await members(ws, scaled)) == ({one}, set())
    # No instant lies between leaving one and entering the other, and no transaction.
    statement = text(
        "select array_agg(distinct xid::text) as transactions,"
        " array_agg(distinct payload ->> 'effective_at') as instants from events"
        " where workspace_id = :id and (name, payload ->> 'segment_id') in"
        " (('accounts.segment_left.v1', :scaled), ('accounts.segment_entered.v1', :managed))"
    )
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        given = {"id": ws.id, "scaled": scaled, "managed": managed}
        row = (await uow.connection.execute(statement, given)).one()
    assert (len(row.transactions), len(row.instants)) == (1, 1)
    # A draft that comes later in the group gets what is left over.
    draft = {"record_type": "account", "rule": "arr > 1", "group": "model", "priority": 3}
    seen = (await ws.observer.post("/v1/segments/preview", draft)).json()
    assert (seen["records"], seen["count"]) == (1, 0)
    first = (await ws.observer.post("/v1/segments/preview", {**draft, "priority": 1})).json()
    assert first["count"] == 1


async def test_the_self_check_reports_drift(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    rich = await segment(ws, "arr > 5")
    await account(ws, 10)
    await tenure.settle()
    path = f"/v1/segments/{rich}"
    assert (await ws.admin.get(path)).json()["progress"]["drift"] is None
    accounts = tenure.workers["accounts"]
    async with accounts.units.begin(ws.id, ()) as uow:
        for statement in (
            "delete from segment_members",
            "update backfills set finished_at = finished_at - interval '25 hours'",
        ):
            await uow.connection.execute(
                text(f"{statement} where workspace_id = :id"), {"id": ws.id}
            )
    await engine.recheck_all(accounts)
    await tenure.settle()
    assert (await ws.admin.get(path)).json()["progress"]["drift"] == 1
    assert (await ws.admin.post(f"{path}/recheck")).status_code == 202
    await tenure.settle()
    assert (await ws.admin.get(path)).json()["progress"]["drift"] == 0


async def test_membership_of_membership_of_membership_follows_time(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    deal = {"name": "R", "type": "renewal", "contract_expiration": "2026-06-10"}
    one = await account(ws, 10)
    deal_id = (await made(ws, "/v1/opportunities", {**deal, "account_id": one}))["id"]
    due = await segment(ws, "expiration within next 90 days", "opportunity")
    holders = await segment(ws, f'any opportunities (in segment "{due}")')
    big = await segment(ws, f'arr > 5 and in segment "{holders}"')
    rest = await segment(ws, f'not in segment "{big}"')
    await tenure.settle()
    assert (await members(ws, big), await members(ws, rest)) == (set(), {one})
    await tenure.set_clock(ws, datetime(2026, 3, 12, 0, 0, tzinfo=UTC))
    assert await members(ws, due) == {deal_id}
    assert await members(ws, holders) == await members(ws, big) == {one}
    assert await members(ws, rest) == set()
    cycle = await ws.admin.patch(f"/v1/segments/{holders}", {"rule": f'in segment "{rest}"'})
    assert cycle.status_code == 422
