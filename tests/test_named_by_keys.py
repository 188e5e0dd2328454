"""Whatever names a thing that a workspace configures takes its key as well as its id. Generated
from the OpenAPI documents.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest

from shared.schemas import KEY_OR_ID
from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, WRITES, Operation
from tests.seed_data import Furniture, collection_of, furnish, renamed, url_of

HAVE_KEYS: Final = {
    "assignment-rules": "assignment_rule",
    "calendars": "calendar",
    "contact-deactivation-rules": "contact_deactivation_rule",
    "health-scores": "health_score",
    "indicator-definitions": "definition",
    "metrics": "metric",
    "key-roles": "key_role",
    "lifecycle-rules": "lifecycle_rule",
    "object-types": "object_type",
    "segments": "segment",
    "sequences": "sequence",
    "surveys": "survey",
    "traits": "trait",
    "webhook-endpoints": "endpoint",
}
"""Collection and how a parameter or a field calls one of its things."""
KEEP_THEIRS: Final = {
    "health-scores",
    "indicator-definitions",
    "key-roles",
    "metrics",
    "note-templates",
    "object-types",
    "traits",
}
"""Values are stored under their keys, or causes are called by them."""
NO_SUCH_KEY: Final = "no_such_thing"


def _names_one(name: str) -> bool:
    nouns = HAVE_KEYS.values()
    return name.endswith(tuple(f"{noun}_id{plural}" for noun in nouns for plural in ("", "s")))


def _named() -> Iterator[tuple[Operation, str, str, Any]]:
    """Every place that names something configured: where it is, its name and its schema."""
    for operation in OPERATIONS:
        for parameter in operation.spec.get("parameters", []):
            name, place = parameter["name"], parameter["in"]
            # `key` stands for the field of an account in /v1/accounts/{id}/key-roles/csm.
            in_path = place == "path" and name != "key"
            if in_path and collection_of(operation, name) in HAVE_KEYS:
                yield operation, place, name, parameter["schema"]
            if place == "query" and _names_one(name):
                yield operation, place, name, parameter["schema"]
        for name, schema in (operation.body or {}).get("properties", {}).items():
            if _names_one(name):
                yield operation, "body", name, schema


NAMED: Final = [*_named()]


@pytest.fixture(scope="module")
async def mine(tenure: Tenure) -> AsyncIterator[tuple[Workspace, Furniture]]:
    async with tenure.passing_workspace("Mine") as ws:
        yield ws, await furnish(ws)


def test_what_has_a_key_is_named_by_it_everywhere() -> None:
    by_id = {(str(o), name) for o, _, name, schema in NAMED if f"'{KEY_OR_ID}'" not in str(schema)}
    assert by_id == set()
    assert {place for _, place, _, _ in NAMED} == {"path", "query", "body"}


def test_a_key_changes_by_a_rename_or_never() -> None:
    renamed_there = {
        operation.path.removesuffix("/{id}/rename").rpartition("/")[2]
        for operation in OPERATIONS
        if operation.path.endswith("/rename")
    }
    assert renamed_there == HAVE_KEYS.keys() - KEEP_THEIRS
    by_update = {
        str(operation)
        for operation in OPERATIONS
        if operation.method == "PATCH" and "key" in (operation.body or {}).get("properties", {})
    }
    assert by_update == set()


@pytest.mark.parametrize(
    ("operation", "name"), [(o, name) for o, place, name, _ in NAMED if place == "path"], ids=str
)
async def test_a_path_with_a_key_of_nothing_is_not_found(
    mine: tuple[Workspace, Furniture], operation: Operation, name: str
) -> None:
    ws, _ = mine
    answer = await _called(ws, operation, operation.url(**{name: NO_SUCH_KEY}))
    assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    ("operation", "name"), [(o, name) for o, place, name, _ in NAMED if place == "query"], ids=str
)
async def test_a_key_of_nothing_in_the_query_is_refused_where_it_stands(
    mine: tuple[Workspace, Furniture], operation: Operation, name: str
) -> None:
    ws, made = mine
    others = {
        each["name"]: made["opportunities"]
        for each in operation.spec["parameters"]
        if each["in"] == "query" and each.get("required")
    }
    address = url_of(operation, made)
    answer = await ws.admin.get(address, params={**others, name: NO_SUCH_KEY})
    assert _pointers(answer) == {f"/query/{name}"}


@pytest.mark.parametrize(
    ("operation", "name"),
    [(o, name) for o, place, name, _ in NAMED if place == "body" and not o.parameters],
    ids=str,
)
async def test_a_key_of_nothing_in_a_body_is_refused_where_it_stands(
    mine: tuple[Workspace, Furniture], operation: Operation, name: str
) -> None:
    ws, _ = mine
    body = {**renamed(operation.examples[0]), name: NO_SUCH_KEY}
    answer = await _called(ws, operation, operation.url(), body)
    assert f"/{name}" in _pointers(answer)


async def _called(ws: Workspace, operation: Operation, url: str, body: Any = None) -> Any:
    if operation in WRITES and body is None and operation.examples:
        body = operation.examples[0]
    return await ws.admin.request(operation.method, url, json=body, headers={"if-match": "*"})


def _pointers(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.text
    return {fault["pointer"] for fault in answer.json()["errors"]}
