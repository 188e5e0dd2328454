"""Whatever happens in whatever order: scores are what the definitions give from scratch, and the
past is what was read then.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.schemas import HealthDefinitionIn
from accounts_api.signals.scoring.score import score_values
from tests.accounts_api.records.making import make_trait
from tests.accounts_api.signals.health_scores.making import (
    define,
    definition,
    linear,
    made,
    measure,
    score,
)
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STEPS = 14
Read = dict[str, tuple[int | None, str | None]]


@dataclass
class World:
    tenure: Tenure
    ws: Workspace
    chance: random.Random
    zone: ZoneInfo
    now: datetime = START
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    definitions: list[dict[str, Any]] = field(default_factory=list)
    past: dict[datetime, Read] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        chance = self.chance
        day = self.now.date() - timedelta(days=chance.randint(-3, 40))
        return {
            "name": chance.choice(["VIP one", "Plain", "VIP two", "Other"]),
            "arr": chance.choice([None, 10_000, 500_000]),
            "traits": {
                "seats": chance.choice([None, 0, 12.5, 33, 70, 100, 240]),
                "mood": chance.choice([None, "happy", "sad", "odd"]),
                "met_on": chance.choice([None, day.isoformat()]),
            },
        }

    def some_list(self) -> list[dict[str, Any]]:
        chance = self.chance
        far = chance.randint(1, 30)
        measures = [
            measure(
                "seats",
                "traits.seats",
                chance.choice([linear(0, 100), linear(100, 10), linear(-5, 33)]),
                weight=chance.randint(1, 4),
                when_null=chance.choice(["skip", 0, 37.5]),
            ),
            measure(
                "mood",
                "traits.mood",
                {"values": {"happy": 100, "sad": 12.25}, "other": chance.choice([None, 50])},
                weight=chance.randint(1, 4),
            ),
            measure(
                "met",
                "days_since(traits.met_on)",
                chance.choice(
                    [
                        linear(far + 5, 0),
                        {
                            "bands": [
                                {"points": 100},
                                {"from": far, "points": 50},
                                {"from": far + 7, "points": 0},
                            ]
                        },
                    ]
                ),
                when_null=chance.choice(["skip", 20]),
            ),
            measure("pays", "rule(arr > 0 USD)", linear(0, 100), weight=chance.randint(1, 3)),
        ]
        chance.shuffle(measures)
        caps = [{"title": "Sad", "when": 'traits.mood = "sad"', "at_most": chance.randint(40, 90)}]
        every = definition(
            *measures, title="Everybody", caps=caps, minimum_weight=chance.choice([0, 60])
        )
        groups = every["groups"][0]
        groups["mode"] = chance.choice(["weighted", "worst"])
        best = definition(*measures[:2], title="VIP", segment_id="vip")
        return chance.choice([[every], [best, every], [best]])

    def expected(self) -> Read:
        documents = TypeAdapter(list[HealthDefinitionIn]).validate_python(self.definitions)
        read, faults = read_definitions(documents)
        assert faults == []
        found: Read = {}
        for id_, account in self.accounts.items():
            values = self.values(account)
            found[id_] = (None, None)
            for one in read:
                if one.segment is None or account["name"].startswith("VIP"):
                    holding = [0] if one.caps and account["traits"]["mood"] == "sad" else []
                    given = [values[each.key] for each in one.measures]
                    verdict = score_values(one, given, holding)
                    found[id_] = (verdict.score, verdict.label.key if verdict.label else None)
                    break
        return found

    def values(self, account: dict[str, Any]) -> dict[str, Any]:
        traits = account["traits"]
        today = self.now.astimezone(self.zone).date()
        met = traits["met_on"]
        return {
            "seats": None if traits["seats"] is None else Decimal(str(traits["seats"])),
            "mood": traits["mood"],
            "met": None if met is None else (today - date.fromisoformat(met)).days,
            "pays": 100 if account["arr"] else 0,
        }

    async def read(self, as_of: datetime | None = None) -> Read:
        params: dict[str, Any] = {"fields": "health.score,health.label", "limit": 200}
        params |= {} if as_of is None else {"as_of": as_of.isoformat()}
        answer = await self.ws.observer.get("/v1/accounts", params=params)
        assert answer.status_code == 200, answer.text
        return {
            row["id"]: (row["health"]["score"], row["health"]["label"])
            for row in answer.json()["data"]
        }

    async def step(self) -> None:
        chance, ids = self.chance, list(self.accounts)
        match chance.choice(["make", "change", "change", "change", "delete", "list"]):
            case "make":
                await self.make()
            case "change" if ids:
                id_ = chance.choice(ids)
                facts = self.facts()
                answer = await self.ws.admin.patch(f"/v1/accounts/{id_}", facts)
                assert answer.status_code == 200, answer.text
                self.accounts[id_] = facts
            case "delete" if len(ids) > 2:
                id_ = chance.choice(ids)
                assert (await self.ws.admin.delete(f"/v1/accounts/{id_}")).status_code == 204
                del self.accounts[id_]
            case "list":
                self.definitions = self.some_list()
                await define(self.ws, *self.definitions)

    async def make(self) -> None:
        facts = self.facts()
        body = {**facts, "currency": "USD"}
        self.accounts[(await made(self.ws, "/v1/accounts", body))["id"]] = facts


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_scores_are_what_they_would_be_from_scratch_and_the_past_is_what_was_read(
    tenure: Tenure, seed: int
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    zone = (await ws.admin.get("/v1/workspace")).json()["time_zone"]
    world = World(tenure, ws, random.Random(seed), ZoneInfo(zone))
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "mood", "string")
    await make_trait(ws, "account", "met_on", "date")
    vip = {"key": "vip", "title": "VIP", "record_type": "account"}
    await made(ws, "/v1/segments", {**vip, "rule": 'name starts with "VIP"'})
    await score(ws)
    world.definitions = world.some_list()
    await define(ws, *world.definitions)
    for _ in range(4):
        await world.make()
    for _ in range(STEPS):
        for _ in range(world.chance.randint(1, 4)):
            await world.step()
        await tenure.settle()
        read = await world.read()
        assert read == world.expected()
        world.past[world.now] = read
        world.now += timedelta(hours=world.chance.choice([1, 20, 24, 24 * 9]))
        await tenure.set_clock(ws, world.now)
        assert await world.read() == world.expected()
    for at, was in world.past.items():
        assert await world.read(at) == was, at
