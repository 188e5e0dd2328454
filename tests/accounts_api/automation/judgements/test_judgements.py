"""What another of our services learns of records: verdicts, values, and all it takes to judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from pydantic_core import from_json, to_json
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from accounts_api.language.rules.standard import STANDARD
from deploy.roles import async_url
from shared.business_time import BusinessCalendar, Hours
from shared.events.sequences import EnrollmentUnblocked
from shared.ids import new_id
from shared.rules.interpreter.data import (
    catalog_as_data,
    context_as_data,
    read_catalog,
    read_context,
)
from shared.rules.interpreter.evaluate import matches
from shared.rules.interpreter.needs import needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.syntax.json_codec import read_json
from shared.rules.types import typed as c
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from tests.accounts_api.automation.memberships.making import (
    START,
    TYPES,
    Life,
    catalog,
    define_traits,
    usable,
)
from tests.harness import Tenure, Workspace
from tests.shared.rules.random_rules import Author

Json = dict[str, Any]
PLURALS = {
    "account": "accounts",
    "contact": "contacts",
    "opportunity": "opportunities",
    "organization": "organizations",
}
RULES = 24
"""Random rules of a record type, asked for eight at a time."""


@dataclass
class World:
    tenure: Tenure
    ws: Workspace
    life: Life

    async def ask(self, what: str, body: Mapping[str, Any]) -> httpx2.Response:
        """As the sequencer does when it works for nobody."""
        token = self.tenure.workers["sequencer"].signer.token("accounts", self.ws.id)
        return await self.ws.anonymous.http.post(
            f"{self.tenure.urls['accounts']}/internal/{what}",
            json=body,
            headers={"authorization": f"Bearer {token}"},
        )

    async def told(self, what: str, body: Mapping[str, Any]) -> Json:
        answer = await self.ask(what, body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def ids(self, type_: str) -> list[str]:
        return self.life.ids[PLURALS[type_]]

    def rules(self, type_: str, first: int) -> dict[str, Json]:
        known = catalog()
        written = (
            Author(seed, known, self.life.segments).rule(known.scope(type_))
            for seed in range(first, first + 8)
        )
        rules = (usable(one, known, type_) for one in written)
        return {str(number): rule for number, rule in enumerate(rules) if rule is not None}


@pytest.fixture(scope="module")
async def world(tenure: Tenure) -> World:
    ws = await tenure.workspace(frozen_at=START)
    await define_traits(ws)
    life = Life(ws, 5)
    members = (await ws.admin.get("/v1/members")).json()["data"]
    life.members = [member["id"] for member in members if member["active"]]
    for _ in range(60):
        await life.create()
    for _ in range(12):
        await life.one((life.change, life.assign, life.track, life.delete))()
    for title, rule in (
        ("Large", 'arr > 0 and lifecycle_status != "churned"'),
        ("Named", "name is not empty"),
    ):
        segment = {"title": title, "record_type": "account", "rule": rule}
        made = await ws.admin.post("/v1/segments", segment)
        life.segments["account"].append(made.json()["id"])
    status = {"title": "Gone", "status": "churned", "rule": "arr < 0", "since_field": "created_at"}
    assert (await ws.admin.post("/v1/lifecycle-rules", status)).status_code == 201
    await tenure.settle()
    await know_sizes(tenure)
    return World(tenure, ws, life)


async def know_sizes(tenure: Tenure) -> None:
    """As autovacuum does in time: other tests have just filled these tables, and a plan made for
    small ones may take too long.
    """
    engine = create_async_engine(async_url(tenure.admin_url).set(database=tenure.database))
    async with engine.begin() as connection:
        for table in ("organizations", "accounts", "contacts", "opportunities", "account_contacts"):
            await connection.execute(text(f"analyze accounts.{table}"))
    await engine.dispose()


@pytest.mark.parametrize("type_", TYPES)
async def test_a_list_a_judgement_its_reason_and_a_snapshot_say_the_same(
    world: World, type_: str
) -> None:
    later = 0
    for first in range(0, RULES, 8):
        rules, ids = world.rules(type_, first), world.ids(type_)
        asked = {"record_type": type_, "rules": rules, "ids": ids}
        judged = await world.told("judgements", {**asked, "explain": True})
        bare = await world.told("judgements", asked)
        loaded = await world.told("snapshots", asked)
        catalog, context = read_catalog(loaded["catalog"]), read_context(loaded["context"])
        checked = {place: check(read_json(r), catalog, type_) for place, r in rules.items()}
        seen = named_needs(loaded, catalog_rules(loaded, catalog), [*checked.values()])
        assert judged["records"].keys() == bare["records"].keys() == loaded["records"].keys()
        for place, rule in checked.items():
            body = {"filter": rules[place], "limit": 200, "include_ignored": True}
            listed = await world.ws.admin.post(f"/v1/{PLURALS[type_]}/search", body)
            assert listed.status_code == 200, (rules[place], listed.text)
            found = {row["id"] for row in listed.json()["data"]}
            for id_, record in judged["records"].items():
                verdict = id_ in found
                snapshot = read_snapshot(seen, loaded["records"][id_]["snapshot"])
                assert record["verdicts"][place] is verdict, rules[place]
                assert bare["records"][id_]["verdicts"][place] is verdict
                assert record["why"][place]["verdict"] is verdict, rules[place]
                assert matches(rule, snapshot, context) is verdict, rules[place]
                later += record["flips_at"][place] is not None
    assert later


def catalog_rules(loaded: Json, catalog: Any) -> tuple[dict[str, c.Rule], list[Any]]:
    """The rules of segments, and those of the lifecycle with the dates they map."""
    segments = {
        id_: check(read_json(one["rule"]), catalog, one["record_type"])
        for id_, one in loaded["segments"].items()
    }
    fields = catalog.scope("account").fields
    lifecycle: list[Any] = []
    for one in loaded["lifecycle"]:
        lifecycle.append(check(read_json(one["rule"]), catalog, "account"))
        lifecycle += [fields[one[end]] for end in ("since_field", "end_field") if one[end]]
    return segments, lifecycle


def named_needs(loaded: Json, named: tuple[dict[str, c.Rule], list[Any]], rules: list[Any]) -> Any:
    segments, lifecycle = named

    def deciding(node: c.Checked) -> Any:
        match node:
            case c.Member(segment=segment) if segment in segments:
                return (segments[segment],)
            case c.FieldTest() if node.type.name == "account" and (
                node.field.name in {"lifecycle_status", "lifecycle_status_since"}
            ):
                return lifecycle
            case _:
                return ()

    return needs(*rules, deciding=deciding)


async def test_segments_and_statuses_can_be_decided_again_from_what_was_loaded(
    world: World,
) -> None:
    """The rules that decide them come along, and so does what those read."""
    large = world.life.segments["account"][0]
    asked = {
        "record_type": "opportunity",
        "rules": {"large": f'any account (in segment "{large}")'},
        "ids": world.ids("opportunity"),
    }
    loaded = await world.told("snapshots", asked)
    catalog, context = read_catalog(loaded["catalog"]), read_context(loaded["context"])
    assert {*loaded["segments"]} == {large}
    assert [one["status"] for one in loaded["lifecycle"]] == ["churned"]
    named = catalog_rules(loaded, catalog)
    rule = check(read_json(loaded["rules"]["large"]), catalog, "opportunity")
    seen = named_needs(loaded, named, [rule])
    accounts = 0
    for record in loaded["records"].values():
        for account in read_snapshot(seen, record["snapshot"]).related["account"]:
            accounts += 1
            segments, (churned, *_) = named
            assert matches(segments[large], account, context) is (large in account.segments)
            status = account.columns["lifecycle_status"]
            assert matches(churned, account, context) is (status == "churned")
    assert accounts


async def test_segments_are_named_by_their_keys(world: World) -> None:
    large = world.life.segments["account"][0]
    key = (await world.ws.admin.get(f"/v1/segments/{large}")).json()["key"]
    rules = {"id": f'in segment "{large}"', "key": f'in segment "{key}"'}
    asked = {"record_type": "account", "rules": rules, "ids": world.ids("account")}
    judged = await world.told("judgements", asked)
    verdicts = [record["verdicts"] for record in judged["records"].values()]
    assert all(each["key"] is each["id"] for each in verdicts)
    assert {each["key"] for each in verdicts} == {True, False}
    loaded = await world.told("snapshots", asked)
    assert loaded["rules"]["key"] == loaded["rules"]["id"]
    rules["key"] = f'in segment "{key}x"'
    refused = await world.ask("judgements", asked)
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["suggestion"]) == ("/rules/key", key)


async def test_values_are_of_the_record_and_of_the_one_it_belongs_to(world: World) -> None:
    organization = await world.ws.admin.post("/v1/organizations", {"name": "Group"})
    account = {
        "name": "Acme",
        "arr": 5_000_000,
        "currency": "USD",
        "organization_id": organization.json()["id"],
        "traits": {"tier": "gold", "go_live": "2026-04-01"},
    }
    made = (await world.ws.admin.post("/v1/accounts", account)).json()
    alone = (await world.ws.admin.post("/v1/accounts", {"name": "Alone"})).json()
    fields = ["name", "arr", "traits.go_live", "organization.name", "created_at"]
    asked = {"record_type": "account", "ids": [made["id"], alone["id"]], "fields": fields}
    told = (await world.told("judgements", asked))["records"]
    assert told[made["id"]]["version"] == made["version"]
    assert told[made["id"]]["values"] == {
        "name": "Acme",
        "arr": 5_000_000,
        "traits.go_live": "2026-04-01",
        "organization.name": "Group",
        "created_at": made["created_at"],
    }
    values = told[alone["id"]]["values"]
    assert (values["traits.go_live"], values["organization.name"]) == (None, None)


async def test_deleted_and_foreign_records_are_missing(world: World, tenure: Tenure) -> None:
    other = await tenure.workspace()
    foreign = (await other.admin.post("/v1/accounts", {"name": "Theirs"})).json()["id"]
    gone = (await world.ws.admin.post("/v1/accounts", {"name": "Gone"})).json()["id"]
    await world.ws.admin.delete(f"/v1/accounts/{gone}")
    ids = [foreign, gone, str(new_id())]
    for what in ("judgements", "snapshots"):
        asked = {"record_type": "account", "rules": {"all": "all of ()"}, "ids": ids}
        told = await world.told(what, asked)
        assert told["records"] == {}
        if what == "judgements":
            assert told["missing"] == ids


async def test_every_fault_is_told_at_once_where_it_stands(world: World) -> None:
    refused = await world.ask(
        "judgements",
        {
            "record_type": "account",
            "rules": {
                "/audience": "arrr > 5",
                "goal": {"all": [{"field": "name", "op": "eq", "value": 5}]},
            },
            "ids": [str(new_id())],
            "fields": ["name", "nme", "contacts.email"],
        },
    )
    assert refused.status_code == 422
    found = {error["pointer"]: error["code"] for error in refused.json()["errors"]}
    assert found == {
        "/rules/~1audience": "unknown_field",
        "/rules/goal/all/0/value": "bad_value",
        "/fields/1": "unknown_field",
        "/fields/2": "several_records",
    }
    many = {"record_type": "account", "rules": {}, "ids": [str(new_id()) for _ in range(501)]}
    assert (await world.ask("judgements", many)).status_code == 422


async def test_nobody_is_judged_before_what_the_asker_published_was_read(world: World) -> None:
    async with world.tenure.workers["sequencer"].units.begin(world.ws.id, ()) as uow:
        told = {"sequence_id": new_id(), "opportunity_id": new_id()}
        uow.publish(EnrollmentUnblocked(cause="no_deal_room", **told))
    assert uow.feed_place is not None
    asked = {"record_type": "account", "rules": {}, "ids": [], "feed_place": uow.feed_place}
    early = await world.ask("judgements", asked)
    assert (early.status_code, early.json()["code"]) == (409, "feed_not_read_yet")
    assert early.headers["retry-after"] == "1"
    await world.tenure.settle()
    assert (await world.ask("judgements", asked)).status_code == 200
    nonsense = await world.ask("judgements", {**asked, "feed_place": "soon"})
    assert nonsense.status_code == 400


async def test_a_question_is_typed_and_says_what_it_reads(world: World) -> None:
    segment = world.life.segments["account"][0]
    told = await world.told(
        "questions/check",
        {
            "questions": {
                "/audience": {
                    "record_type": "opportunity",
                    "rule": "contract_expiration within next 30 days and account.arr > 5 USD",
                },
                "goal": {"record_type": "account", "rule": f'in segment "{segment}"'},
                "until": {"record_type": "account", "rule": "role nobodys held"},
                "wait": {"record_type": "planet", "rule": "name is empty"},
            }
        },
    )
    audience = told["questions"]["/audience"]
    assert (audience["valid"], audience["moves"], audience["faults"]) == (True, True, [])
    assert audience["rule"]["all"][0]["op"] == "within_next"
    reads = {(one["record_type"], one["what"], *one["path"]) for one in audience["reads"]}
    assert ("opportunity", "contract_expiration") in reads
    assert {("account", "arr", "account"), ("account", "currency", "account")} <= reads
    goal = told["questions"]["goal"]
    assert {"record_type": "account", "what": f"segment:{segment}", "path": []} in goal["reads"]
    assert goal["moves"] is False
    [until], [wait] = (told["questions"][place]["faults"] for place in ("until", "wait"))
    assert (until["code"], until["pointer"]) == ("unknown_key_role", "/questions/until/rule")
    place = "/questions/wait/record_type"
    assert (wait["code"], wait["pointer"]) == ("unknown_record_type", place)


async def test_verdicts_stay_until_they_were_said_to_flip(world: World) -> None:
    asked: Json = {
        "record_type": "opportunity",
        "rules": world.rules("opportunity", 100),
        "ids": world.ids("opportunity"),
    }
    before = await world.told("judgements", asked)
    now = world.life.now + timedelta(days=9)
    await world.tenure.set_clock(world.ws, now)
    after = await world.told("judgements", asked)
    for id_, record in before["records"].items():
        for place, at in record["flips_at"].items():
            if at is None or at > after["at"]:
                changed = after["records"][id_]["verdicts"][place] != record["verdicts"][place]
                asks = str(asked["rules"][place])
                # A segment or a status moved by itself is a change of data.
                assert not changed or "segment" in asks or "status" in asks, (place, asks)


def test_a_catalog_travels_as_data() -> None:
    there = read_catalog(catalog_as_data(STANDARD))
    assert catalog_as_data(there) == catalog_as_data(STANDARD)
    assert there.scope("account").fields == STANDARD.scope("account").fields
    assert there.scope("contact").relations == STANDARD.scope("contact").relations


def test_a_moment_travels_as_data() -> None:
    closed, extra = {START.date(): "Moving day"}, {date(2026, 3, 7): (Hours(time(9), time(12)),)}
    hours = ((Hours(time(8), time(12)), Hours(time(13), time(0))),) * 4 + ((),) * 3
    calendar = BusinessCalendar(ZoneInfo("Europe/Berlin"), hours, "DE", "BY", closed, extra)
    context = EvaluationContext(START, ZoneInfo("Asia/Tokyo"), 4, calendar)
    there = read_context(from_json(to_json(context_as_data(context))))
    assert there == context
    assert there.calendar.closed_days == closed
    assert there.calendar.extra_days == extra
