"""What is told late holds from its instant until what is known to have come after it, however the
past is asked for.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.accounts_api.customers.key_roles.making import member
from tests.accounts_api.records.making import bulk, events_of, make, make_trait
from tests.harness import Tenure, Workspace

NAMES = ("arr", "traits.tier", "key_roles.csm", "there")
LAST = 40


def at(day: float) -> datetime:
    return datetime(2026, 3, 1, 9, tzinfo=UTC) + timedelta(days=day - 1)


@dataclass
class Model:
    """The rule as the guide says it: of the facts of a field that hold at an instant and were known
    at another, the one of the latest instant stands; of one instant, the last told.
    """

    began: dict[tuple[str, str], Any] = field(default_factory=dict)
    told: dict[tuple[str, str], list[tuple[datetime, int, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def value(self, record: str, name: str, when: datetime, known: int = LAST) -> Any:
        held = [fact for fact in self.told[record, name] if fact[0] <= when and fact[1] <= known]
        return max(held, key=lambda fact: fact[:2])[2] if held else self.began[record, name]

    def tell(self, record: str, name: str, since: datetime, order: int, value: Any) -> None:
        """What says that a field was what it was is no fact."""
        if self.value(record, name, since, order) != value:
            self.told[record, name].append((since, order, value))

    def seen(self, when: datetime, known: int = LAST) -> dict[str, dict[str, Any]]:
        """The records that were there, as they were."""
        records = {record for record, _ in self.began} if when >= at(2) else set()
        return {
            record: {name: self.value(record, name, when, known) for name in NAMES[:-1]}
            for record in sorted(records)
            if self.value(record, "there", when, known)
        }


async def machine_now(tenure: Tenure, ws: Workspace) -> str:
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        return (await uow.machine_now()).isoformat()


async def begun(ws: Workspace, model: Model, csm: str) -> None:
    for name in "ABCD":
        fields = {"name": name, "arr": 1, "effective_at": at(2).isoformat()}
        made = await make(ws, "accounts", {**fields, "key_roles": {"csm": [csm]}})
        for key, value in zip(NAMES, (1, None, [csm], True), strict=True):
            model.began[made["id"], key] = value


def body_of(fields: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for name, value in fields.items():
        group, _, key = name.partition(".")
        if key:
            body[group] = {key: value}
        else:
            body[group] = value
    return body


async def told(ws: Workspace, record: str, fields: dict[str, Any], since: datetime | None) -> None:
    """By either way in, and a deletion by its own."""
    instant = {} if since is None else {"effective_at": since.isoformat()}
    if "there" in fields:
        row = {"id": record, "deleted": not fields["there"], **instant}
        row |= {"restore": True} if fields["there"] else {}
        (result,) = await bulk(ws, "accounts", [row])
    else:
        (result,) = await bulk(ws, "accounts", [{"id": record, **body_of(fields), **instant}])
    assert result["status"] != "rejected", result


async def test_all_ways_to_ask_for_the_past_agree_on_late_facts(tenure: Tenure) -> None:
    draw = random.Random(7)
    ws = await tenure.workspace()
    await make_trait(ws, "account", "tier", "string")
    ada, bea = await member(ws, "Ada"), await member(ws, "Bea")
    await tenure.set_clock(ws, at(5))
    model = Model()
    await begun(ws, model, ada)
    records = sorted({record for record, _ in model.began})
    knew = {0: await machine_now(tenure, ws)}
    now = at(5)
    for order in range(1, LAST + 1):
        if order % 10 == 0:
            now = at(5 + order)
            await tenure.set_clock(ws, now)
        latest = int((now - at(1)) / timedelta(days=0.5))
        since = at(1 + draw.randrange(4, latest) / 2) if draw.random() < 0.8 else None
        record = draw.choice(records)
        fields: dict[str, Any] = {"arr": draw.choice([1, 2, 3, None])}
        if draw.random() < 0.5:
            fields["traits.tier"] = draw.choice(["a", "b", None])
        if draw.random() < 0.5:
            fields["key_roles.csm"] = draw.choice([[ada], [bea], None])
        if not model.value(record, "there", now, order):
            fields, since = {"there": True}, None
        elif draw.random() < 0.1:
            fields, since = {"there": False}, None
        await told(ws, record, fields, since)
        for name, value in fields.items():
            model.tell(record, name, since or now, order, value)
        knew[order] = await machine_now(tenure, ws)
    for when in (at(1 + number / 2) for number in range(0, 88, 4)):
        for known in (LAST, draw.randrange(LAST)):
            await the_past_is(ws, model.seen(when, known), when, knew[known], bea)
        await holders_were(ws, model.seen(when), when)
    now_seen = {row["id"]: flat(row) for row in await listed(ws, {"include": "key_roles"})}
    assert now_seen == model.seen(now)


async def the_past_is(
    ws: Workspace, expected: dict[str, Any], when: datetime, known: str, csm: str
) -> None:
    then = {"as_of": when.isoformat(), "known_as_of": known}
    shown = {row["id"]: flat(row) for row in await listed(ws, {**then, "include": "key_roles"})}
    assert shown == expected
    for record, was in expected.items():
        one = await ws.observer.get(f"/v1/accounts/{record}", params=then)
        assert flat(one.json()) == was
    rich = await listed(ws, {"filter": 'arr >= 2 and traits.tier = "a"', **then})
    assert [row["id"] for row in rich] == [
        record
        for record, was in expected.items()
        if (was["arr"] or 0) >= 2 and was["traits.tier"] == "a"
    ]
    held = await listed(ws, {"filter": f'role csm held by "{csm}"', **then})
    assert [row["id"] for row in held] == [
        record for record, was in expected.items() if was["key_roles.csm"] == [csm]
    ]


async def holders_were(ws: Workspace, expected: dict[str, Any], when: datetime) -> None:
    for record, was in expected.items():
        rows = (await ws.observer.get(f"/v1/accounts/{record}/key-roles")).json()["data"]
        held = [row["member_id"] for row in rows if lasts(row["valid_from"], row["valid_to"], when)]
        assert held == (was["key_roles.csm"] or [])


def lasts(began: str, ended: str | None, when: datetime) -> bool:
    since = datetime.fromisoformat(began) <= when
    return since and (ended is None or when < datetime.fromisoformat(ended))


async def listed(ws: Workspace, params: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/accounts", params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def flat(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "arr": row["arr"],
        "traits.tier": row["traits"].get("tier"),
        "key_roles.csm": row["key_roles"].get("csm"),
    }


async def test_what_became_true_later_stays(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    double = {"formula": "amount(arr) * 200", "result_type": "number"}
    await make_trait(ws, "account", "double", "formula", **double)
    account = await make(ws, "accounts", {"name": "A", "arr": 1})
    path = f"/v1/accounts/{account['id']}"
    await tenure.set_clock(ws, at(10))
    await ws.admin.patch(path, {"arr": 3})
    await tenure.set_clock(ws, at(12))
    late = {"arr": 2, "name": "B", "effective_at": at(5).isoformat()}
    answer = await ws.admin.patch(path, late)
    assert (answer.json()["arr"], answer.json()["name"], answer.json()["version"]) == (3, "B", 3)

    async def seen(day: float) -> tuple[int, int, str]:
        row = (await ws.admin.get(f"{path}?as_of={at(day).isoformat().replace('+', '%2B')}")).json()
        return row["arr"], row["traits"]["double"], row["name"]

    assert [await seen(day) for day in (4, 5, 9.5, 10, 12)] == [
        (1, 2, "A"),
        (2, 4, "B"),
        (2, 4, "B"),
        (3, 6, "B"),
        (3, 6, "B"),
    ]
    event = (await events_of(tenure, ws, "accounts.account_changed.v1"))[-1]
    assert (event["changed"], event["corrected"]) == (["name"], ["arr", "traits.double"])
    assert datetime.fromisoformat(event["effective_at"]) == at(5)
    history = (await ws.admin.get(f"{path}/history?field=arr")).json()["data"]
    assert [(row["old"], row["new"], row["valid_from"][8:10]) for row in history] == [
        (1, 2, "05"),
        (1, 3, "10"),
    ]
    again = await ws.admin.patch(path, late)
    assert again.json()["version"] == 3


async def test_an_instant_outside_the_records_life_is_refused(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, at(5))
    account = await make(ws, "accounts", {"name": "A", "effective_at": at(2).isoformat()})
    path = f"/v1/accounts/{account['id']}"
    for day, code in ((6, "in_the_future"), (1, "before_the_record")):
        body = {"name": "B", "effective_at": at(day).isoformat()}
        answer = await ws.admin.patch(path, body)
        assert answer.status_code == 422, answer.text
        faults = [(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]]
        assert faults == [("/effective_at", code)]
        gone = await ws.admin.delete(path, params={"effective_at": at(day).isoformat()})
        assert (gone.status_code, gone.json()["errors"][0]["code"]) == (422, code)
        rows = [{"id": account["id"], "name": "B", "effective_at": at(day).isoformat()}]
        (row,) = (await ws.admin.post("/v1/accounts/bulk", {"rows": rows})).json()["results"]
        assert [fault["pointer"] for fault in row["errors"]] == ["/rows/0/effective_at"]
    early = await ws.admin.post("/v1/accounts", {"name": "B", "effective_at": at(6).isoformat()})
    assert early.status_code == 422
    assert (await ws.admin.get(path)).json()["name"] == "A"
    assert len((await ws.admin.get(f"{path}/history")).json()["data"]) == 1
    for where in (path, "/v1/accounts", "/v1/accounts/export.csv"):
        ahead = await ws.admin.get(where, params={"as_of": at(6).isoformat()})
        assert ahead.status_code == 422, ahead.text
        assert ahead.json()["errors"][0]["pointer"] == "/query/as_of"


async def test_a_source_is_taken_at_the_nearest_instant_of_the_record(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await tenure.set_clock(ws, at(5))
    account = await make(ws, "accounts", {"name": "A", "arr": 1, "external_id": "a"})
    for day in (1, 9):
        row = {"external_id": "a", "arr": day + 1, "effective_at": at(day).isoformat()}
        (result,) = await bulk(ws, "accounts", [row])
        assert result["status"] == "updated"
    history = (await ws.admin.get(f"/v1/accounts/{account['id']}/history?field=arr")).json()
    assert [row["valid_from"] for row in history["data"]] == ["2026-03-05T09:00:00Z"] * 2
