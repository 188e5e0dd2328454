"""Members and statuses as of an instant, lists by them, stints and periods, and the rules of then
tell one past, whatever is told late.
"""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.accounts_api.automation.segments.making import members, segment
from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEPS = 12
RULES = {
    "large": ["arr >= 2", "arr >= 3", 'arr >= 2 and traits.tier = "a"'],
    "gold": ['traits.tier = "a"', 'traits.tier = "b" or arr = 1'],
    "selling": ["any opportunity (arr >= 2)", "any opportunity (arr >= 2) and arr >= 2"],
    "due": ["traits.due within last 3 days", "traits.due within last 2 days or arr = 3"],
}
GROUPED = ("large", "gold")
STATUSES = {
    "churned": ['traits.tier = "b"', "arr = 3"],
    "trial": ["traits.due within last 2 days", 'traits.tier = "a" and arr >= 2'],
}


def late(hours: float) -> datetime:
    return START + timedelta(hours=hours)


class World:
    """What happened to one workspace, as far as the past of its segments depends on it."""

    def __init__(self, ws: Workspace, seed: int) -> None:
        self.ws, self.draw = ws, random.Random(seed)
        self.now = START
        self.accounts: list[str] = []
        self.opportunities: list[str] = []
        self.segments: dict[str, str] = {}
        self.rules: dict[str, list[tuple[datetime, str]]] = {}
        self.statuses: dict[str, str] = {}
        self.said: dict[tuple[str, str], list[tuple[datetime, bool | None]]] = {}

    async def begin(self) -> None:
        for key, kind in (("tier", "string"), ("due", "date")):
            await make_trait(self.ws, "account", key, kind)
        for name in "ABC":
            made = await make(self.ws, "accounts", {"name": name, "arr": 1})
            self.accounts.append(made["id"])
        for account in self.accounts[:2]:
            body = {"name": "O", "type": "renewal", "account_id": account, "arr": 1}
            self.opportunities.append((await make(self.ws, "opportunities", body))["id"])
        for place, (name, rules) in enumerate(RULES.items()):
            grouped = name in GROUPED
            more: dict[str, Any] = {"key": name}
            more |= {"group": "size", "priority": place + 1} if grouped else {}
            self.segments[name] = await segment(self.ws, rules[0], **more)
            self.rules[name] = [(START, rules[0])]
        beyond = f'in segment "{self.segments["large"]}" or traits.tier = "b"'
        self.segments["beyond"] = await segment(self.ws, beyond)
        self.rules["beyond"] = [(START, beyond)]
        for status, rules in STATUSES.items():
            body = {"title": status, "status": status, "rule": rules[0]}
            answer = await self.ws.admin.post("/v1/lifecycle-rules", body)
            assert answer.status_code == 201, answer.text
            self.statuses[status] = answer.json()["id"]
            self.rules[status] = [(START, rules[0])]
        trying = 'lifecycle_status = "trial" or arr = 2'
        self.segments["trying"] = await segment(self.ws, trying)
        self.rules["trying"] = [(START, trying)]

    async def step(self) -> None:
        """Something happens, or is told of the past."""
        match self.draw.choice("ffffffoommrls"):
            case "f":
                await self.tell("accounts", self.draw.choice(self.accounts), self.facts())
            case "o":
                arr = self.draw.choice([1, 2])
                await self.tell("opportunities", self.draw.choice(self.opportunities), {"arr": arr})
            case "m":
                owner = {"account_id": self.draw.choice(self.accounts)}
                await self.tell("opportunities", self.draw.choice(self.opportunities), owner)
            case "r":
                name = self.draw.choice(list(RULES))
                path = f"/v1/segments/{self.segments[name]}"
                await self.redefine(path, name, self.draw.choice(RULES[name]))
            case "l":
                name = self.draw.choice(list(STATUSES))
                path = f"/v1/lifecycle-rules/{self.statuses[name]}"
                await self.redefine(path, name, self.draw.choice(STATUSES[name]))
            case "s":
                await self.say(self.draw.choice(["large", "gold", "due"]))

    def facts(self) -> dict[str, Any]:
        if self.draw.random() < 0.15:
            return {"deleted": True}
        fields: dict[str, Any] = {"arr": self.draw.choice([1, 2, 3])}
        due = (self.now - timedelta(days=self.draw.randrange(-2, 8))).date().isoformat()
        traits = {"tier": self.draw.choice(["a", "b", None]), "due": due}
        key = self.draw.choice(["tier", "due", None])
        return fields if key is None else {**fields, "traits": {key: traits[key]}}

    async def tell(self, plural: str, record: str, fields: dict[str, Any]) -> None:
        hours = (self.now - START) / timedelta(hours=1)
        row: dict[str, Any] = {"id": record, **fields}
        if self.draw.random() < 0.7:
            row["effective_at"] = late(self.draw.uniform(0, hours)).isoformat()
        if "deleted" not in fields:
            row["restore"] = True
        (result,) = await bulk(self.ws, plural, [row])
        gone = plural == "opportunities"  # or whom it is given to
        assert result["status"] != "rejected" or gone, result

    async def redefine(self, path: str, name: str, rule: str) -> None:
        answer = await self.ws.admin.patch(path, {"rule": rule})
        assert answer.status_code == 200, answer.text
        self.rules[name].append((self.now, rule))

    async def say(self, name: str) -> None:
        record, included = self.draw.choice(self.accounts), self.draw.choice([True, False, None])
        path = f"/v1/segments/{self.segments[name]}/members/{record}"
        if included is None:
            answer = await self.ws.admin.delete(path)
        else:
            answer = await self.ws.admin.put(path, {"included": included})
        if answer.status_code == 200:
            self.said.setdefault((name, record), []).append((self.now, included))

    # What the rules of then say

    async def expected(self, when: datetime) -> dict[str, set[str]]:
        matched = {
            name: set(await self.listed(last(rules, when) or "", when))
            for name, rules in self.rules.items()
        }
        there = set(await self.listed(None, when))
        found: dict[str, set[str]] = {name: set() for name in self.segments}
        for record in there:
            said = {name: last(self.said.get((name, record), ()), when) for name in self.segments}
            inside = [
                name
                for name in self.segments
                if (record in matched[name] if said[name] is None else said[name])
            ]
            grouped = [name for name in GROUPED if name in inside]
            first = min(
                grouped, key=lambda name: (said[name] is not True, GROUPED.index(name)), default=""
            )
            for name in inside:
                if name not in GROUPED or name == first:
                    found[name].add(record)
        return found

    async def statuses_then(self, when: datetime) -> dict[str, str]:
        """By the rules of then, of the accounts that were there."""
        found = dict.fromkeys(await self.listed(None, when), "subscribed")
        for status in ("trial", "churned"):
            rule = last(self.rules[status], when)
            found |= dict.fromkeys(await self.listed(rule, when), status)
        return found

    async def listed(self, rule: str | None, when: datetime, **more: str) -> list[str]:
        params = {"as_of": when.isoformat(), "limit": "100", **more}
        if rule is not None:
            params["filter"] = rule
        answer = await self.ws.observer.get("/v1/accounts", params=params)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["data"]]

    # What is stored

    async def members(self, when: datetime, **more: str) -> dict[str, set[str]]:
        return {
            name: await members(self.ws, id_, as_of=when.isoformat(), **more)
            for name, id_ in self.segments.items()
        }

    async def asked_for(self, when: datetime) -> dict[str, set[str]]:
        return {
            name: set(await self.listed(f'in segment "{id_}"', when))
            for name, id_ in self.segments.items()
        }

    async def statuses_told(self, when: datetime) -> dict[str, str]:
        return {
            id_: status
            for status in ("subscribed", "trial", "churned")
            for id_ in await self.listed(f'lifecycle_status = "{status}"', when)
        }

    async def periods(self) -> dict[str, list[dict[str, Any]]]:
        found = {}
        for record in self.accounts:
            answer = await self.ws.observer.get(
                "/v1/lifecycle-rules/explain", params={"account_id": record}
            )
            if answer.status_code == 200:
                found[record] = answer.json()["status_periods"]
        return found

    async def stints(self) -> dict[tuple[str, str], list[tuple[datetime, datetime | None]]]:
        found = {}
        for name, id_ in self.segments.items():
            for record in self.accounts:
                answer = await self.ws.observer.get(
                    f"/v1/segments/{id_}/explain", params={"record_id": record}
                )
                found[name, record] = [
                    (instant(one["entered_at"]), one["left_at"] and instant(one["left_at"]))
                    for one in answer.json().get("memberships", ())
                ]
        return found


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def last(told: Any, when: datetime) -> Any:
    held = [value for at, value in told if at <= when]
    return held[-1] if held else None


def lasts(began: str, ended: str | None, when: datetime) -> bool:
    return instant(began) <= when and (ended is None or when < instant(ended))


def containing(
    stints: dict[tuple[str, str], list[tuple[datetime, datetime | None]]], when: datetime
) -> dict[tuple[str, str], int]:
    return {
        pair: sum(began <= when and (ended is None or when < ended) for began, ended in found)
        for pair, found in stints.items()
    }


async def machine_now(tenure: Tenure, ws: Workspace) -> str:
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        return (await uow.machine_now()).isoformat()


@pytest.mark.parametrize("seed", [5, 112])
async def test_all_ways_to_ask_for_members_and_statuses_of_the_past_agree(
    tenure: Tenure, seed: int
) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, START)
    world = World(ws, seed)
    await world.begin()
    await tenure.settle()
    answers: list[tuple[datetime, str, dict[str, set[str]]]] = []
    for number in range(STEPS):
        world.now += timedelta(hours=world.draw.choice([0, 5, 21]))
        await tenure.set_clock(ws, world.now)
        for _ in range(2):
            await world.step()
        await tenure.settle()
        if number % 5 == 4:
            when = late(world.draw.uniform(0, (world.now - START) / timedelta(hours=1)))
            answers.append((when, await machine_now(tenure, ws), await world.members(when)))
    assert (await ws.admin.get("/v1/held-work/accounts")).json()["data"] == []
    stints = await world.stints()
    periods = await world.periods()
    living = set(await world.listed(None, world.now))
    hours = (world.now - START) / timedelta(hours=1)
    for when in [*(late(hours * part / 10) for part in range(11)), world.now]:
        inside = await world.members(when)
        assert inside == await world.expected(when), when
        assert inside == await world.asked_for(when), when
        statuses = await world.statuses_then(when)
        assert await world.statuses_told(when) == statuses, when
        for record, found in periods.items():
            then = [
                one["status"] for one in found if lasts(one["started_at"], one["ended_at"], when)
            ]
            assert record not in statuses or then == [statuses[record]], (when, found)
        held = containing(stints, when)
        for (name, record), times in held.items():
            assert times == (record in inside[name]) or record not in living, (when, name, record)
    for when, knew, answered in answers:
        assert await world.members(when, known_as_of=knew) == answered


async def test_a_segment_entered_since_an_instant_that_is_over_was_asked_for_since_then(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, START)
    await make_trait(ws, "account", "tier", "string")
    account = (await make(ws, "accounts", {"name": "A", "arr": 1}))["id"]
    large = await segment(ws, "arr >= 2")
    beyond = await segment(ws, f'in segment "{large}" or traits.tier = "b"')
    await tenure.settle()
    for now, since, fields in ((5, 3, {"traits": {"tier": "b"}}), (10, 1, {"arr": 2})):
        await tenure.set_clock(ws, late(now))
        row = {"id": account, **fields, "effective_at": late(since).isoformat()}
        await bulk(ws, "accounts", [row])
        await tenure.settle()
    assert await members(ws, beyond, as_of=late(0.5).isoformat()) == set()
    assert await members(ws, beyond, as_of=late(2).isoformat()) == {account}
