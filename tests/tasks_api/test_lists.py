"""Tasks and notes are found by the rule language, over what this service keeps of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import ARRAY, BigInteger, Boolean, Date, DateTime, Integer, Text, Uuid

from shared.rules.types.catalog import FieldType, RecordType
from shared.rules.types.context import EvaluationContext
from shared.traits.definitions import read_definition
from shared.traits.fields import trait_field
from tasks_api.notes.notes.models import notes
from tasks_api.notes.notes.rules import NOTE
from tasks_api.notes.notes.schemas import NoteOut
from tasks_api.work.tasks.models import tasks
from tasks_api.work.tasks.rules import TASK
from tasks_api.work.tasks.schemas import TaskOut
from tests.accounts_api.customers.key_roles.making import account
from tests.accounts_api.records.making import make_trait
from tests.harness import Tenure, Workspace
from tests.shared.lists.making import (
    assert_orders_hold,
    assert_page_of_rules_names_every_field,
    assert_rules_find_what_they_say,
    faults,
)
from tests.shared.rules.dice import TEXTS, zulu
from tests.shared.rules.worlds import MEMBERS

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LISTS = pytest.mark.parametrize(
    ("path", "type_"), [("/v1/tasks", TASK), ("/v1/notes", NOTE)], ids=["tasks", "notes"]
)
TRAITS: dict[str, dict[str, Any]] = {
    "effort": {"type": "select", "options": [{"value": "small"}, {"value": "large"}]},
    "kinds": {"type": "multi_select", "options": [{"value": "call"}, {"value": "mail"}]},
    "hours": {"type": "number"},
    "cost": {"type": "currency", "currency": "USD"},
    "urgent": {"type": "boolean"},
    "day": {"type": "date"},
    "at": {"type": "datetime"},
    "label": {"type": "string"},
    "owner": {"type": "member"},
}
"""What the workspace has defined of both."""
NOT_ASKED = {
    "task": {"opened_by", "due_rule", "data", "traits", "key_role_vacant", "version"},
    "note": {"author", "traits", "field_values", "record_versions", "field_faults"}
    | {"unreadable", "version"},
}
"""What the API shows and no rule reads: documents, what follows from other fields, the version."""
RULE_TYPES: dict[type[Any], set[FieldType]] = {
    Text: {FieldType.TEXT, FieldType.SELECT},
    Boolean: {FieldType.BOOLEAN},
    Integer: {FieldType.NUMBER},
    BigInteger: {FieldType.NUMBER},
    Date: {FieldType.DATE},
    DateTime: {FieldType.DATETIME},
    Uuid: {FieldType.ID},
    ARRAY: {FieldType.MULTI_SELECT},
}


@pytest.mark.parametrize(
    ("type_", "table", "out"),
    [(TASK, tasks, TaskOut), (NOTE, notes, NoteOut)],
    ids=["task", "note"],
)
def test_rules_know_every_field_that_is_shown(type_: RecordType, table: Any, out: Any) -> None:
    known = {field.name: field for field in type_.fields}
    assert {*known} == {*out.model_fields} - NOT_ASKED[type_.name]
    wrong = [
        name
        for name, field in known.items()
        if field.type not in RULE_TYPES[type(table.c[field.source].type)]
    ]
    assert wrong == []
    assert_page_of_rules_names_every_field(type_)


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    """Forty tasks and thirty notes of random words and days."""
    async with tenure.passing_workspace("Found") as made:
        dice = Random(7)
        for record_type in ("task", "note"):
            for key, more in TRAITS.items():
                kind = more["type"]
                rest = {name: said for name, said in more.items() if name != "type"}
                await make_trait(made, record_type, key, kind, **rest)
        await tenure.hear("tasks", "accounts")
        about = {"subject_type": "account", "subject_id": await account(made, "Acme")}
        words = [word for word in TEXTS if word]

        def one(*values: Any) -> Any:
            return dice.choice(values)

        def traits() -> dict[str, Any]:
            when = NOW + timedelta(minutes=dice.randint(-4000, 4000))
            said = {
                "effort": one("small", "large"),
                "kinds": dice.sample(["call", "mail"], dice.randint(0, 2)),
                "hours": one(0, 0.1, 2.5, 3, -1),
                "cost": one(0, 5_000_000, 1),
                "urgent": one(True, False),
                "day": when.date().isoformat(),
                "at": one(zulu(when), zulu(NOW)),
                "label": one(*words),
                "owner": made.details["observer_id"],
            }
            return {key: value for key, value in said.items() if dice.random() < 0.6}

        for number in range(40):
            due = NOW + timedelta(minutes=dice.randint(-4000, 4000))
            task = await made.admin.post(
                "/v1/tasks",
                {
                    "title": one(*words),
                    "body": one("", *words),
                    "priority": one("low", "normal", "high"),
                    "category": one(None, *words),
                    "tags": dice.sample(words, dice.randint(0, 3)),
                    "due_at": one(None, zulu(due), zulu(NOW)),
                    "assignee_id": one(None, made.details["observer_id"]),
                    "traits": traits(),
                    **one({}, about),
                },
            )
            assert task.status_code == 201, task.text
            path = f"/v1/tasks/{task.json()['id']}"
            if number % 4 == 0:
                await made.admin.post(f"{path}/complete", {"outcome": one(*words)})
            elif number % 3 == 0:
                until = zulu(NOW + timedelta(hours=dice.randint(-50, 50)))
                await made.admin.post(f"{path}/snooze", {"until": until})
        for _ in range(30):
            note = await one(made.admin, made.leader).post(
                "/v1/notes",
                {
                    **about,
                    "title": one(*words),
                    "body": one("", *words),
                    "category": one(None, *words),
                    "tags": dice.sample(words, dice.randint(0, 3)),
                    "private": one(True, False, False),
                    "traits": traits(),
                    "noted_on": (NOW + timedelta(days=dice.randint(-90, 90))).date().isoformat(),
                },
            )
            assert note.status_code == 201, note.text
        yield made


def with_traits(type_: RecordType) -> RecordType:
    defined = (read_definition({"key": key, "options": None, **it}) for key, it in TRAITS.items())
    return replace(type_, fields=(*type_.fields, *map(trait_field, defined)))


@LISTS
async def test_a_rule_finds_what_it_says(ws: Workspace, path: str, type_: RecordType) -> None:
    zone = (await ws.admin.get("/v1/workspace")).json()["time_zone"]
    context = EvaluationContext(NOW, ZoneInfo(zone))
    await assert_rules_find_what_they_say(ws.admin, path, with_traits(type_), context)


@LISTS
async def test_a_list_comes_in_the_order_asked_for(
    ws: Workspace, path: str, type_: RecordType
) -> None:
    await assert_orders_hold(ws.admin, path, with_traits(type_))


@pytest.mark.parametrize(
    ("rule", "code", "suggestion"),
    [
        ("due_a is past", "unknown_field", "due_at"),
        ("account.arr > 50000 USD", "kept_elsewhere", "account_id"),
        ("traits.hour = 3", "unknown_field", "traits.hours"),
        ('status = "done"', "bad_value", None),
        (f'in segment "{MEMBERS[0]}"', "wrong_record_type", None),
        ("role csm held", "wrong_record_type", None),
        ("due_at changed within 3 days", "changes_not_kept", None),
    ],
)
async def test_what_a_task_does_not_have_is_refused_where_it_stands(
    ws: Workspace, rule: str, code: str, suggestion: str | None
) -> None:
    asked = await ws.admin.get("/v1/tasks", params={"filter": rule})
    sent = await ws.admin.post("/v1/tasks/search", {"filter": rule})
    assert faults(asked) == [("/query/filter", code, suggestion)]
    assert faults(sent) == [("/filter", code, suggestion)]


async def test_every_fault_of_a_json_rule_has_its_own_place(ws: Workspace) -> None:
    rule = {"all": [{"field": "titel", "op": "eq", "value": "x"}, {"field": "tags", "op": "eq"}]}
    sent = await ws.admin.post("/v1/tasks/search", {"filter": rule, "sort": "nothing,tags"})
    assert faults(sent)[0][0] == "/sort"
    sent = await ws.admin.post("/v1/tasks/search", {"filter": rule})
    assert [pointer for pointer, _, _ in faults(sent)] == ["/filter/all/1/value"]


async def test_a_cursor_is_bound_to_rule_order_and_person(ws: Workspace) -> None:
    first = (await ws.admin.get("/v1/notes", params={"limit": 1})).json()["next_cursor"]
    for who, changed in (
        (ws.leader, {}),
        (ws.admin, {"filter": "private = false"}),
        (ws.admin, {"sort": "title"}),
    ):
        asked = {"limit": 1, "cursor": first, **changed}
        refused = await who.get("/v1/notes", params=asked)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request"), changed


async def test_a_rule_shows_nobody_a_private_note_of_another(ws: Workspace) -> None:
    everything = "private = true or private = false"
    seen = await ws.observer.post(
        "/v1/notes/search", {"filter": everything, "limit": 200, "count": "exact"}
    )
    assert {note["private"] for note in seen.json()["data"]} == {False}
    assert seen.json()["count"]["value"] == len(seen.json()["data"])


async def test_me_stands_for_the_member_who_asks(ws: Workspace) -> None:
    mine = (await ws.observer.get("/v1/tasks?assignee=me&limit=200")).json()["data"]
    assert {task["assignee_id"] for task in mine} == {str(UUID(ws.details["observer_id"]))}
    nobody = await ws.admin.post("/v1/tasks/search", {"assignee": "nobody"})
    assert nobody.status_code == 422
