"""What a body names by other than its id must be there, too: a key, a trait, a field of nothing is
refused where it stands. Held complete by the OpenAPI documents.
"""

import pathlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.accounts_api.records.making import make_trait
from tests.harness import Tenure, Workspace
from tests.operations import WRITES, Operation
from tests.seed_data import Furniture, furnish

Path = tuple[str, ...]
ANY_ITEM: Final = "*"


@pytest.fixture(scope="module")
async def mine(tenure: Tenure) -> AsyncIterator[tuple[Workspace, Furniture]]:
    async with tenure.passing_workspace("Mine") as ws:
        made = await furnish(ws)
        await make_trait(ws, "account", "phase", "select", options=[{"value": "start"}])
        await make_trait(ws, "account", "whose", "member")
        worked_out = {"formula": "length(name)", "result_type": "number"}
        await make_trait(ws, "account", "worked_out", "formula", **worked_out)
        await make_trait(ws, "contact", "champion", "boolean")
        segment = {"title": "Champions of EMEA", "record_type": "account", "rule": "arr > 1"}
        template = {"key": "kickoff", "title": "Kick-off"}
        for collection, body in (("note-templates", template), ("segments", segment)):
            assert (await ws.admin.post(f"/v1/{collection}", body)).status_code == 201
        yield ws, made


STEP: Final = {
    "title": "90 days before",
    "offset_days": -90,
    "subject": "For {{ account.traits.no }} customers",
    "text": "{{ contact.traits.no }} {{ unsubscribe_url }}",
    "html": "{{ opportunity.traits.no }} {{ unsubscribe_url }}",
}
SEQUENCE: Final = {
    "title": "X",
    "steps": [STEP],
    "sender": {"key_role": "no"},
    "contact_selector": {"trait": "no"},
    "tasks": {"assignee_key_role": "no"},
    "notify_key_role": "no",
}
METRIC = {"title": "X", "record_type": "account", "numerator": {"source": "contacts"}}
TRIAL = {"title": "X", "status": "trial", "rule": "arr > 1"}
TEMPLATE: Final = {"key": "x", "title": "X"}
FIELD: Final = {"key": "x", "label": "X"}
SIGN: Final = {"title": "X", "kind": "risk", "severity": 1, "record_type": "account"}
NAMES: list[tuple[str, dict[str, Any], str]] = [
    *[
        ("sequences", SEQUENCE, pointer)
        for pointer in (
            "/sender/key_role",
            "/contact_selector/trait",
            "/tasks/assignee_key_role",
            "/notify_key_role",
            "/steps/0/subject",
            "/steps/0/text",
            "/steps/0/html",
        )
    ],
    (
        "sequences",
        {**SEQUENCE, "steps": [{**STEP, "subject": "{{ account.traits['a: \\n'].b }}"}]},
        "/steps/0/subject",
    ),
    *[
        ("note-templates", {**TEMPLATE, "fields": [{**FIELD, **bound}]}, "/fields/0/field")
        for bound in (
            {"field": "traits.no"},
            {"field": "no"},
            {"field": "stage", "record": "account"},
            {"field": "lifecycle_status", "record": "account"},
        )
    ],
    (
        "tasks",
        {"title": "X", "account_id": "accounts", "assignee_key_role": "no"},
        "/assignee_key_role",
    ),
    ("tasks", {"title": "X", "subject_type": "no", "subject_id": "accounts"}, "/subject_type"),
    ("tasks", {"title": "X", "subject_type": "contact", "subject_id": "accounts"}, "/subject_id"),
    ("tasks", {"title": "X", "subject_type": "message", "subject_id": "accounts"}, "/subject_type"),
    ("notes", {"title": "X", "subject_type": "no", "subject_id": "accounts"}, "/subject_type"),
    (
        "notes",
        {"title": "X", "subject_type": "account", "subject_id": "accounts", "template_key": "no"},
        "/template_key",
    ),
    ("accounts", {"name": "X", "organization_external_id": "no"}, "/organization_external_id"),
    ("accounts", {"name": "X", "key_roles": {"no": [str(uuid4())]}}, "/key_roles/no"),
    ("accounts", {"name": "X", "traits": {"no": 1}}, "/traits/no"),
    ("tasks", {"title": "X", "traits": {"no": 1}}, "/traits/no"),
    (
        "contacts",
        {"name": "X", "accounts": [{"account_external_id": "no"}]},
        "/accounts/0/account_external_id",
    ),
    (
        "opportunities",
        {"name": "X", "type": "renewal", "account_external_id": "no"},
        "/account_external_id",
    ),
    ("traits", {"record_type": "no", "key": "x", "title": "X", "type": "text"}, "/record_type"),
    (
        "traits",
        {
            "record_type": "account",
            "key": "x",
            "title": "X",
            "type": "select",
            "options": [{"value": "a"}],
            "depends_on": "no",
        },
        "/depends_on",
    ),
    ("segments", {"title": "X", "record_type": "no", "rule": "arr > 1"}, "/record_type"),
    ("segments", {"title": "X", "record_type": "account", "rule": "role no held"}, "/rule"),
    (
        "segments",
        {"title": "X", "record_type": "account", "rule": f'in segment "{uuid4()}"'},
        "/rule",
    ),
    ("segments", {"title": "X", "record_type": "account", "rule": "traits.no = 1"}, "/rule"),
    *[
        ("metrics", {**METRIC, side: {"source": "field", "field": "no"}}, f"/{side}/field")
        for side in ("numerator", "denominator")
    ],
    *[
        ("lifecycle-rules", {**TRIAL, name: "no"}, f"/{name}")
        for name in ("since_field", "end_field")
    ],
    (
        "contact-deactivation-rules",
        {"title": "X", "rule": 'name = "X"', "since_field": "no"},
        "/since_field",
    ),
    ("indicator-definitions", {**SIGN, "owner_key_role": "no"}, "/owner_key_role"),
    (
        "indicator-definitions",
        {**SIGN, "call_to_action": {"title": "X", "assignee_key_role": "no"}},
        "/call_to_action/assignee_key_role",
    ),
    (
        "indicators",
        {"definition_id": "indicator-definitions", "record_external_id": "no"},
        "/record_external_id",
    ),
    ("imports", {"record_type": "no", "file_name": "x.csv"}, "/record_type"),
    ("accounts", {"name": "X", "traits": {"whose": str(uuid4())}}, "/traits/whose"),
    (
        "traits",
        {
            "record_type": "account",
            "key": "x",
            "title": "X",
            "type": "multi_select",
            "options": [{"value": "a"}],
            "default": ["no"],
        },
        "/default",
    ),
    (
        "traits",
        {
            "record_type": "account",
            "key": "x",
            "title": "X",
            "type": "member",
            "default": str(uuid4()),
        },
        "/default",
    ),
    (
        "traits",
        {
            "record_type": "account",
            "key": "x",
            "title": "X",
            "type": "formula",
            "formula": "traits.no + 1",
            "result_type": "number",
        },
        "/formula",
    ),
    (
        "traits",
        {
            "record_type": "account",
            "key": "x",
            "title": "X",
            "type": "select",
            "options": [{"value": "a", "when": ["no"]}],
            "depends_on": "phase",
        },
        "/options/0/when",
    ),
    ("traits/formula-preview", {"record_type": "no", "formula": "arr"}, "/record_type"),
    ("rules/validate", {"record_type": "no", "rule": "arr > 1"}, "/record_type"),
    (
        "rules/explain",
        {"record_type": "no", "rule": "arr > 1", "record_id": "accounts"},
        "/record_type",
    ),
    ("accounts/search", {"filter": "traits.no = 1"}, "/filter"),
    ("accounts/search", {"sort": "traits.no"}, "/sort"),
    ("accounts/search", {"fields": ["traits.no"]}, "/fields"),
    ("accounts/search", {"include": ["no"]}, "/include"),
    *[
        (f"{collection}/search", {part: wrong}, f"/{part}")
        for collection in ("tasks", "notes", "enrollments", "messages")
        for part, wrong in (("filter", "no = 1"), ("sort", "no"))
    ],
    (
        "lifecycle-rules/preview",
        {"rules": [{"status": "churned", "rule": "no = 1"}]},
        "/rules/0/rule",
    ),
    ("contact-deactivation-rules/preview", {"rules": [{"rule": "no = 1"}]}, "/rules/0/rule"),
    ("api-keys", {"name": "X", "role": "admin", "scopes": ["no"]}, "/scopes/0"),
    ("objects/project", {"name": "X", "contact_external_id": "no"}, "/contact_external_id"),
    ("objects/project", {"name": "X", "opportunity_external_id": "no"}, "/opportunity_external_id"),
    (
        "members/{members}/handover/preview",
        {"successors": {"no": {"unassigned": True}}},
        "/successors/no",
    ),
    ("webhook-endpoints", {"url": "https://127.0.0.1/", "types": ["no.such"]}, "/types/0"),
    ("product-trait-mappings", {"kind": "user", "name": "x", "field": "traits.no"}, "/field"),
    ("webhook-endpoints/{webhook-endpoints}/replay", {"event_ids": [str(uuid4())]}, "/event_ids/0"),
    (
        "note-templates",
        {**TEMPLATE, "fields": [{**FIELD, "field": "traits.worked_out"}]},
        "/fields/0/field",
    ),
]


@pytest.mark.parametrize(
    ("collection", "body", "pointer"), NAMES, ids=lambda one: one if isinstance(one, str) else ""
)
async def test_a_name_of_nothing_is_refused_where_it_stands(
    mine: tuple[Workspace, Furniture], collection: str, body: dict[str, Any], pointer: str
) -> None:
    ws, made = mine
    filled = {
        key: made[value] if key.endswith("_id") and value in made else value
        for key, value in body.items()
    }
    answer = await ws.admin.post(f"/v1/{collection.format(**made)}", filled)
    assert answer.status_code == 422, answer.text
    assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}


NEARLY: Final[list[tuple[str, dict[str, Any], str, str]]] = [
    ("accounts", {"name": "X", "traits": {"phse": "start"}}, "/traits/phse", "phase"),
    ("accounts", {"name": "X", "key_roles": {"csmm": []}}, "/key_roles/csmm", "csm"),
    ("tasks", {"title": "X", "assignee_key_role": "csmm"}, "/assignee_key_role", "csm"),
    (
        "notes",
        {"title": "X", "template_key": "kickof", "subject_type": "account", "subject_id": ""},
        "/template_key",
        "kickoff",
    ),
    (
        "note-templates",
        {**TEMPLATE, "fields": [{**FIELD, "field": "traits.phse", "record": "account"}]},
        "/fields/0/field",
        "traits.phase",
    ),
    ("sequences", {**SEQUENCE, "notify_key_role": "csmm"}, "/notify_key_role", "csm"),
    (
        "sequences",
        {**SEQUENCE, "contact_selector": {"trait": "champ"}},
        "/contact_selector/trait",
        "champion",
    ),
    (
        "members/{members}/handover/preview",
        {"successors": {"csmm": {"unassigned": True}}},
        "/successors/csmm",
        "csm",
    ),
    (
        "segments/preview",
        {"record_type": "account", "rule": "arr > 1", "segment_id": "champions_of_eme"},
        "/segment_id",
        "champions_of_emea",
    ),
]


@pytest.mark.parametrize(("collection", "body", "pointer", "meant"), NEARLY)
async def test_a_key_that_is_nearly_one_is_told_with_that_one(
    mine: tuple[Workspace, Furniture],
    collection: str,
    body: dict[str, Any],
    pointer: str,
    meant: str,
) -> None:
    ws, made = mine
    given = {**body, "subject_id": made["accounts"]} if "subject_id" in body else body
    answer = await ws.admin.post(f"/v1/{collection.format(**made)}", given)
    assert answer.status_code == 422, answer.text
    said = {fault["pointer"]: fault.get("suggestion") for fault in answer.json()["errors"]}
    assert said[pointer] == meant


_NAMING: Final = re.compile(
    r"((.*_)?(roles?|traits?|fields?|rules?|types?)|.*_key|.*_external_id|default|filter|sort"
    r"|include|formula|depends_on|when|scopes|target|text|html|subject|successors|mapping)"
)
_OF_A_MAPPING: Final = "tests/sync_worker/connectors/test_salesforce_rules.py"
_OF_INVITATIONS: Final = "tests/accounts_api/signals/survey_invitations/test_survey_invitations.py"
_OF_HEALTH: Final = "tests/accounts_api/signals/health_values/test_health_values.py"
ELSEWHERE: Final = {
    ("accounts", "mapping"): "tests/accounts_api/customers/imports/test_imports.py",
    ("accounts", "merged_into_external_id"): "tests/sync_worker/crm_sync/test_pull.py",
    ("accounts", "contacts/*/contact_external_id"): _OF_INVITATIONS,
    **{
        ("sync", f"{of}objects/*/fields{rest}"): _OF_A_MAPPING
        for of in ("", "mapping/")
        for rest in ("", "/*/target")
    },
    **{("sync", f"{of}write_back/*/target"): _OF_A_MAPPING for of in ("", "mapping/")},
    ("sync", "mapping"): _OF_A_MAPPING,
    ("accounts", "definitions/*/caps/*/when"): _OF_HEALTH,
    **{
        ("tasks", f"{record}_external_id"): "tests/tasks_api/records/test_upserts.py"
        for record in ("subject", "account")
    },
}
"""Names that take more than one request to be wrong, and the tests that try them."""
FREE: Final = {
    ("accounts", "questions/*/text"): "what people are asked",
    ("accounts", "call_to_action/text"): "text for people",
    ("accounts", "accounts/*/plan_roles"): "words of the workspace's own",
    ("accounts", "rules"): "holds rules",
    ("accounts", "type"): "what a product calls its event",
    ("accounts", "plural_key"): "names the type itself",
    ("sync", "plan_roles"): "words of the workspace's own",
    ("sync", "mapping/plan_roles"): "words of the workspace's own",
    ("sync", "private_key"): "a secret",
    ("tasks", "dedupe_key"): "a word of the caller's own",
    ("tasks", "fields"): "holds fields",
}


def names_in(operation: Operation, schema: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """The places of a body that name something by other than its id."""
    schema = operation.resolve(schema)
    for way in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(way, ()):
            yield from names_in(operation, one, at)
    for name, inner in schema.get("properties", {}).items():
        if _NAMING.fullmatch(name) and not _is_closed(operation, inner):
            yield (*at, name)
        yield from names_in(operation, inner, (*at, name))
    if isinstance(schema.get("items"), dict):
        yield from names_in(operation, schema["items"], (*at, ANY_ITEM))


def _is_closed(operation: Operation, schema: dict[str, Any]) -> bool:
    """Whether the schema itself says all that may stand there, or holds ids."""
    schema = operation.resolve(schema)
    if schema.get("type") == "array":
        return _is_closed(operation, schema["items"])
    either = schema.get("anyOf", schema.get("oneOf"))
    if either:
        return all(_is_closed(operation, one) for one in either)
    known = {"enum", "const"} & schema.keys() or schema.get("format") == "uuid"
    return bool(known) or schema.get("type") in {"null", "boolean", "integer"}


def test_every_name_in_a_body_is_tried_with_a_name_of_nothing() -> None:
    """A field that names something joins the table above when it joins the API."""
    found = {
        (operation.service, "/".join(path).removeprefix("rows/*/"))
        for operation in WRITES
        if operation.body is not None
        for path in names_in(operation, operation.body)
    }
    services = {o.path.removeprefix("/v1/").partition("/")[0]: o.service for o in WRITES}
    tried = set()
    for collection, _, pointer in NAMES:
        parts = [ANY_ITEM if part.isdecimal() else part for part in pointer.split("/")[1:]]
        service = services[collection.partition("/")[0]]
        tried |= {(service, "/".join(parts[:end])) for end in range(1, len(parts) + 1)}
    assert found - tried - ELSEWHERE.keys() - FREE.keys() == set()
    assert (ELSEWHERE.keys() | FREE.keys()) - found == set()
    assert all(pathlib.Path(file).is_file() for file in ELSEWHERE.values())
