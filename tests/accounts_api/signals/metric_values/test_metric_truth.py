"""Values kept true while events, records and the clock move = values worked out by hand anew."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.accounts_api.signals.metrics.making import made, metric, values
from tests.harness import Tenure, Workspace

EVENTS = ("login", "export", "invite")
ZONES = ("America/New_York", "Europe/Berlin", "Pacific/Auckland", "UTC")
STARTS = (datetime(2026, 3, 6, 15, tzinfo=UTC), datetime(2026, 10, 23, 4, tzinfo=UTC))
"""Days before clocks change, in one zone or another."""
PEOPLE = ("ann", "bob", "cay")
GROUPS = ("acme", "beta", "ceta")


@dataclass
class World:
    """What is so, kept as plain data."""

    zone: ZoneInfo
    now: datetime
    tracked: list[tuple[str, str, str | None, date]] = field(default_factory=list)
    """Event, account, contact, local day."""
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    """Of contacts."""

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def source(self, given: dict[str, Any], account: str, ago: int = 0) -> Fraction | None:
        known = self.accounts[account]
        match given["source"]:
            case "constant":
                return Fraction(str(given["value"]))
            case "field" if given.get("as", "value") == "value":
                value = known[given["field"].removeprefix("traits.")]
                return None if value is None else Fraction(str(value))
            case "field":
                day = known[given["field"].removeprefix("traits.")]
                if day is None:
                    return None
                days = (self.today - date.fromisoformat(day)).days
                return Fraction(days if given["as"] == "days_since" else -days)
            case "contacts":
                wanted = given.get("where")
                people = [p for p in PEOPLE if known["people"].get(p)]
                return Fraction(sum(not wanted or self.titles[p] == "boss" for p in people))
            case "metric":
                return None  # worked out by `value`
        last = self.today - timedelta(days=given.get("offset_days", 0) + ago)
        first = last - timedelta(days=given["window_days"] - 1)
        inside = [
            each
            for each in self.tracked
            if each[1] == account
            and (given["events"] == "any" or each[0] in given["events"])
            and first <= each[3] <= last
        ]
        if given["source"] == "events":
            return Fraction(len(inside))
        if given["source"] == "active_days":
            return Fraction(len({each[3] for each in inside}))
        times = Counter(each[2] for each in inside if each[2] is not None)
        if given.get("contacts_where"):
            mine = known["people"]
            times = Counter({p: n for p, n in times.items() if mine.get(p)})
            times = Counter({p: n for p, n in times.items() if self.titles[p] == "boss"})
        return Fraction(sum(n >= given.get("at_least", 1) for n in times.values()))

    def value(
        self, defined: dict[str, Any], others: dict[str, Any], account: str, ago: int = 0
    ) -> Decimal | str:
        def side(given: dict[str, Any]) -> Fraction | None:
            if given["source"] == "metric":
                back = ago + given.get("days_ago", 0)
                inner = self.value(others[given["metric"]], others, account, back)
                return None if isinstance(inner, str) else Fraction(inner)
            return self.source(given, account, ago)

        above = side(defined["numerator"])
        if above is None:
            return "numerator_missing"
        if defined.get("denominator"):
            below = side(defined["denominator"])
            if below is None:
                return "denominator_missing"
            if below == 0:
                return "denominator_zero"
            above /= below
        if defined.get("unit") == "percent":
            above *= 100
        cap = defined.get("cap") or {}
        if cap.get("minimum") is not None:
            above = max(above, Fraction(cap["minimum"]))
        if cap.get("maximum") is not None:
            above = min(above, Fraction(cap["maximum"]))
        step = Decimal(1).scaleb(-defined["decimals"])
        long = Decimal(above.numerator * 10**40 // above.denominator).scaleb(-40)
        if above < 0:
            long = -Decimal(-above.numerator * 10**40 // above.denominator).scaleb(-40)
        return long.quantize(step, rounding=ROUND_HALF_UP)


def of_events(choose: random.Random) -> dict[str, Any]:
    some = choose.sample(EVENTS, choose.randint(1, 2))
    given: dict[str, Any] = {
        "source": choose.choice(["events", "active_days", "active_contacts"]),
        "events": choose.choice([some, "any"]),
        "window_days": choose.choice([1, 2, 3, 7, 30]),
    }
    if choose.random() < 0.4:
        given["offset_days"] = choose.randint(0, 4)
    if given["source"] == "active_contacts" and choose.random() < 0.5:
        given["at_least"] = choose.randint(1, 3)
    return given


def random_source(choose: random.Random, others: dict[str, Any]) -> dict[str, Any]:
    sources: list[dict[str, Any]] = [
        of_events(choose),
        of_events(choose),
        {"source": "field", "field": "traits.seats"},
        {
            "source": "field",
            "field": "traits.due",
            "as": choose.choice(["days_since", "days_until"]),
        },
        {"source": "contacts", "where": choose.choice([None, 'title = "boss"'])},
        {"source": "constant", "value": choose.choice([3, 0.7, 12])},
        {**of_events(choose), "source": "active_contacts", "contacts_where": 'title = "boss"'},
    ]
    shallow = [key for key, one in others.items() if one["numerator"]["source"] != "metric"]
    if shallow:
        sources.append({"source": "metric", "metric": choose.choice(shallow)})
    past = [key for key in shallow if others[key]["all_events"]]
    if past:
        ago = choose.randint(1, 5)
        sources.append({"source": "metric", "metric": choose.choice(past), "days_ago": ago})
    return choose.choice(sources)


def random_metric(choose: random.Random, others: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "numerator": random_source(choose, others),
        "unit": choose.choice(["number", "percent"]),
        "decimals": choose.randint(0, 6),
    }
    if choose.random() < 0.7:
        found["denominator"] = random_source(choose, others)
        if found["denominator"]["source"] == "metric":
            found["denominator"] = of_events(choose)
    if choose.random() < 0.3:
        found["cap"] = {"minimum": choose.choice([None, 0]), "maximum": choose.choice([10, 100])}
    plain = {"events", "active_days", "active_contacts", "constant"}
    sides = [found["numerator"], found.get("denominator")]
    found["all_events"] = all(
        one is None or (one["source"] in plain and not one.get("contacts_where")) for one in sides
    )
    return found


async def track(ws: Workspace, world: World, choose: random.Random) -> None:
    ago = choose.choice([0, 0, 0, 1, 2, 6, 20])
    at = world.now - timedelta(days=ago, hours=choose.randint(0, 20))
    event, group = choose.choice(EVENTS), choose.choice(GROUPS)
    user = choose.choice([None, *PEOPLE])
    body = {"event": event, "groupId": group, "userId": user, "timestamp": at.isoformat()}
    answer = await ws.admin.post("/v1/track", {k: v for k, v in body.items() if v is not None})
    assert answer.status_code == 200, answer.text
    world.tracked.append((event, group, user, at.astimezone(world.zone).date()))


async def change(ws: Workspace, world: World, choose: random.Random) -> None:
    if choose.random() < 0.5:
        name = choose.choice(GROUPS)
        known = world.accounts[name]
        known["seats"] = choose.choice([None, 0, 3, 7, 11])
        known["due"] = choose.choice([None, "2026-03-10", "2026-10-01"])
        traits = {"seats": known["seats"], "due": known["due"]}
        answer = await ws.admin.patch(f"/v1/accounts/{known['id']}", {"traits": traits})
    else:
        name = choose.choice(PEOPLE)
        world.titles[name] = choose.choice(["boss", "clerk"])
        theirs = choose.sample(GROUPS, choose.randint(1, 3))
        for group in GROUPS:
            world.accounts[group]["people"][name] = group in theirs
        links = [{"account_id": world.accounts[group]["id"]} for group in theirs]
        body = {"name": name, "title": world.titles[name], "accounts": links}
        answer = await ws.admin.put(f"/v1/contacts/by-external-id/{name}", body)
    assert answer.status_code < 300, answer.text


async def begun(tenure: Tenure, choose: random.Random) -> tuple[Workspace, World]:
    start, zone = choose.choice(STARTS), choose.choice(ZONES)
    ws = await tenure.workspace(frozen_at=start)
    answer = await ws.admin.patch("/v1/workspace", {"time_zone": zone})
    assert answer.status_code == 200, answer.text
    for key, type_ in (("seats", "number"), ("due", "date")):
        body = {"record_type": "account", "key": key, "title": key, "type": type_}
        await made(ws, "traits", body)
    world = World(ZoneInfo(zone), start)
    for name in GROUPS:
        record = await made(ws, "accounts", {"name": name, "external_id": name})
        world.accounts[name] = {"id": record["id"], "seats": None, "due": None, "people": {}}
    for name in PEOPLE:
        await made(ws, "contacts", {"name": name, "external_id": name, "title": "clerk"})
        world.titles[name] = "clerk"
    for event in EVENTS:
        await ws.admin.post("/v1/track", {"event": event, "userId": "nobody"})
    return ws, world


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_values_are_what_they_are_worked_out_to_by_hand(tenure: Tenure, seed: int) -> None:
    choose = random.Random(seed)
    ws, world = await begun(tenure, choose)
    defined: dict[str, Any] = {}
    for place in range(10):
        one = random_metric(choose, defined)
        body = {name: value for name, value in one.items() if name != "all_events"}
        await metric(ws, f"m{place}", body.pop("numerator"), **body)
        defined[f"m{place}"] = one
    for _ in range(6):
        for _ in range(choose.randint(2, 8)):
            await choose.choice([track, track, change])(ws, world, choose)
        if choose.random() < 0.5:
            await tenure.settle()
        if choose.random() < 0.7:
            world.now += timedelta(hours=choose.choice([1, 13, 24, 50, 190]))
            await tenure.set_clock(ws, world.now)
        await tenure.settle()
        for name, known in world.accounts.items():
            stored = await values(ws, known["id"])
            by_hand = {key: world.value(one, defined, name) for key, one in defined.items()}
            said = {k: v if isinstance(v, str) else float(v) for k, v in by_hand.items()}
            wrong = {key: defined[key] for key in said if stored[key] != said[key]}
            assert not wrong, (name, world.now, {k: (stored[k], said[k]) for k in wrong}, wrong)
