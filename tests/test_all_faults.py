"""A refused document names all its faults at once: of its shape, and of what it means."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.accounts_api.records.making import make_trait
from tests.harness import Tenure, Workspace
from tests.seed_data import Furniture, furnish

_STEP: Final = {"title": "A", "offset_days": -90, "subject": "A", "text": "{{ unsubscribe_url }}"}
_ROLE: Final = "key-roles/{key-roles}/assignment-rules"
_NOBODY: Final = str(uuid4())

CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    (
        "sequences",
        {
            "title": "",
            "steps": [
                {**_STEP, "offset_days": 5, "subject": "{{ account.traits.no }}"},
                {**_STEP, "text": "no way out"},
            ],
            "sender": {"key_role": "no"},
            "audience_segment_id": _NOBODY,
            "colour": "red",
        },
        {
            "/title",
            "/steps/0/offset_days",
            "/steps/0/subject",
            "/steps/1/text",
            "/sender/key_role",
            "/audience_segment_id",
            "/colour",
        },
    ),
    (
        "sequences",
        {
            "title": "X",
            "steps": [{**_STEP, "html": "{{ contact.no }}"}],
            "sender": {"mailbox_id": _NOBODY},
            "contact_selector": {"trait": "no"},
        },
        {"/steps/0/html", "/sender/mailbox_id", "/contact_selector/trait"},
    ),
    (
        "note-templates",
        {
            "title": "",
            "key": "Not A Key",
            "fields": [
                {"key": "a", "label": "A", "field": "traits.no"},
                {"key": "b", "label": "", "field": "stage", "record": "account"},
            ],
        },
        {"/title", "/key", "/fields/0/field", "/fields/1/label", "/fields/1/field"},
    ),
    (
        "segments",
        {"title": "", "record_type": "account", "rule": "no = 1 and nope = 2", "colour": "red"},
        {"/title", "/rule", "/colour"},
    ),
    (
        "segments/preview",
        {"record_type": "account", "rule": "no = 1", "priority": 2, "colour": "red"},
        {"/rule", "/group", "/colour"},
    ),
    (
        "traits",
        {
            "title": "",
            "record_type": "no",
            "key": "x",
            "type": "select",
            "options": [{"value": "a"}, {"value": "a"}],
            "default": "b",
        },
        {"/title", "/record_type", "/options/1/value", "/default"},
    ),
    (
        "traits",
        {
            "title": "X",
            "record_type": "account",
            "key": "x",
            "type": "formula",
            "formula": "traits.no + 1",
            "result_type": "number",
            "pattern": "x",
            "colour": "red",
        },
        {"/formula", "/pattern", "/colour"},
    ),
    (
        "lifecycle-rules",
        {
            "title": "",
            "status": "trial",
            "rule": "no = 1",
            "since_field": "no",
            "end_field": "nope",
        },
        {"/title", "/rule", "/since_field", "/end_field"},
    ),
    (
        "indicator-definitions",
        {
            "title": "",
            "kind": "risk",
            "severity": 9,
            "record_type": "account",
            "rule": "no = 1",
            "owner_key_role": "no",
        },
        {"/title", "/severity", "/rule", "/owner_key_role"},
    ),
    (
        "contact-deactivation-rules",
        {"title": "", "rule": "no = 1", "since_field": "no"},
        {"/title", "/rule", "/since_field"},
    ),
    (
        _ROLE,
        {"title": "", "rule": "no = 1", "algorithm": "round_robin", "pool": [_NOBODY]},
        {"/title", "/rule", "/pool/0"},
    ),
    (
        "tasks",
        {"title": "", "account_id": _NOBODY, "assignee_key_role": "no", "due_at": "soon"},
        {"/title", "/account_id", "/assignee_key_role", "/due_at"},
    ),
    (
        "tasks",
        {"title": "X", "subject_id": _NOBODY, "assignee_key_role": "no", "assignee_id": _NOBODY},
        {"/subject_type", "/account_id", "/assignee_key_role", "/assignee_id"},
    ),
    (
        "accounts",
        {"traits": {"no": 1}, "organization_id": _NOBODY, "arr": "5", "key_roles": {"no": []}},
        {"/name", "/traits/no", "/organization_id", "/arr", "/key_roles/no"},
    ),
    (
        "object-types",
        {"key": "account", "plural_key": "X", "title": "", "plural_title": "X", "links": []},
        {"/key", "/plural_key", "/title"},
    ),
]
PATCHES: list[tuple[str, dict[str, Any], set[str]]] = [
    (
        "sequences",
        {"title": "", "steps": [{**_STEP, "subject": "{{ no }}"}], "notify_key_role": "no"},
        {"/title", "/steps/0/subject", "/notify_key_role"},
    ),
    ("segments", {"title": "", "rule": "no = 1", "colour": "red"}, {"/title", "/rule", "/colour"}),
    (
        "lifecycle-rules",
        {"title": "", "rule": "no = 1", "end_field": "no"},
        {"/title", "/rule", "/end_field"},
    ),
    (
        "contact-deactivation-rules",
        {"title": "", "rule": "no = 1", "since_field": "no"},
        {"/title", "/rule", "/since_field"},
    ),
    (
        "traits",
        {"title": "", "depends_on": "no", "currency": "USD"},
        {"/title", "/depends_on", "/currency"},
    ),
]


@pytest.fixture(scope="module")
async def mine(tenure: Tenure) -> AsyncIterator[tuple[Workspace, Furniture]]:
    async with tenure.passing_workspace("Mine") as ws:
        await make_trait(ws, "account", "phase", "select", options=[{"value": "start"}])
        yield ws, await furnish(ws)


async def stored(ws: Workspace, path: str) -> Any:
    answer = await ws.admin.get(f"/v1/{path}")
    return answer.json() if answer.status_code == 200 else None


@pytest.mark.parametrize(
    ("path", "body", "pointers"), CASES, ids=[f"{path} {at}" for at, (path, *_) in enumerate(CASES)]
)
async def test_what_is_made(
    mine: tuple[Workspace, Furniture], path: str, body: dict[str, Any], pointers: set[str]
) -> None:
    ws, made = mine
    path = path.format(**made)
    before = await stored(ws, path)
    answer = await ws.admin.post(f"/v1/{path}", body)
    assert answer.status_code == 422, answer.text
    told = {fault["pointer"] for fault in answer.json()["errors"]}
    assert told == pointers, answer.text
    assert await stored(ws, path) == before


@pytest.mark.parametrize(("path", "body", "pointers"), PATCHES, ids=[path for path, *_ in PATCHES])
async def test_what_is_changed(
    mine: tuple[Workspace, Furniture], path: str, body: dict[str, Any], pointers: set[str]
) -> None:
    ws, made = mine
    answer = await ws.admin.patch(f"/v1/{path}/{made[path]}", body, headers={"if-match": "*"})
    assert answer.status_code == 422, answer.text
    assert {fault["pointer"] for fault in answer.json()["errors"]} == pointers, answer.text
