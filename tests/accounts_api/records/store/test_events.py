"""What an event tells of a change."""

from typing import Any

from tests.accounts_api.automation.memberships.making import START, Life, define_traits
from tests.accounts_api.records.making import events_of
from tests.harness import Tenure

EVENTS = ("organization", "account", "contact", "opportunity")


def held(record: dict[str, Any], name: str) -> Any:
    part, _, key = name.partition(".")
    return record["traits"].get(key) if part == "traits" else record[name]


async def test_previous_is_what_the_event_before_it_said(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await define_traits(ws)
    life = Life(ws, 11)
    members = (await ws.admin.get("/v1/members")).json()["data"]
    life.members = [member["id"] for member in members if member["active"]]
    for _ in range(16):
        await life.create()
    for _ in range(140):
        acts = (life.change, life.change, life.assign, life.delete, life.undelete, life.merge)
        await life.one(acts)()
    seen = dict.fromkeys(("changed", "traits", "key_roles", "accounts"), 0)
    for noun in EVENTS:
        last: dict[str, Any] = {}
        for event in await events_of(tenure, ws, f"accounts.{noun}_changed.v1"):
            before = last.get(event["id"])
            last[event["id"]] = event
            if event["change"] == "created":
                assert event["previous"] == {}
                continue
            assert before is not None
            assert event["version"] == before["version"] + 1
            assert sorted(event["previous"]) == event["changed"]
            for name, value in event["previous"].items():
                assert value == held(before["record"], name), (noun, name)
                assert value != held(event["record"], name), (noun, name)
                seen["changed"] += 1
                seen[name.partition(".")[0]] = seen.get(name.partition(".")[0], 0) + 1
    assert min(seen.values()) > 0, seen
