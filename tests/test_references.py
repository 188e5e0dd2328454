"""What a body refers to must be there: an id of nothing is refused where it stands, and another
workspace's alike. Generated from the OpenAPI documents of accounts and tasks.
"""

import copy
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest

from tests.harness import Tenure, Workspace
from tests.operations import WRITES, Operation
from tests.seed_data import Furniture, collection_of, furnish, point_to, renamed

Path = tuple[str, ...]
ANY_KEY: Final = "{}"
ANY_ITEM: Final = "*"


def ids_in(operation: Operation, schema: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """The places of a body that hold one of our ids."""
    schema = operation.resolve(schema)
    if schema.get("format") == "uuid":
        yield at
    for way in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(way, ()):
            yield from ids_in(operation, one, at)
    for name, inner in schema.get("properties", {}).items():
        yield from ids_in(operation, inner, (*at, name))
    for name, below in (("items", ANY_ITEM), ("additionalProperties", ANY_KEY)):
        if isinstance(schema.get(name), dict):
            yield from ids_in(operation, schema[name], (*at, below))


CASES = [
    (operation, path)
    for operation in WRITES
    if operation.service in {"accounts", "tasks"} and operation.body is not None
    for path in dict.fromkeys(ids_in(operation, operation.body))
]
_ROLE: Final = "csm"
_BESIDE: dict[str, dict[str, Any]] = {
    "subject_id": {"subject_type": "account"},
    "assignee_id": {"assignee_key_role": None},
    "member_id": {"algorithm": None, "pool": None, "role": None},
    "pool": {"member_id": None},
}
"""What must stand, or must not, beside an id that the example has not."""
_SEEDS: dict[str, Any] = {"preview_assignment_rules": {"rules": [{"rule": "arr > 1"}]}}


@pytest.fixture(scope="module")
async def mine(tenure: Tenure) -> AsyncIterator[tuple[Workspace, Furniture]]:
    async with tenure.passing_workspace("Mine") as ws:
        yield ws, await furnish(ws)


@pytest.fixture(scope="module")
async def theirs(tenure: Tenure) -> AsyncIterator[Furniture]:
    async with tenure.passing_workspace("Theirs") as ws:
        yield await furnish(ws)


def with_id(body: Any, path: Path, given: str) -> Any:
    """The body with an id at a place; what is missing on the way is made."""
    if not path:
        return given
    name, rest = path[0], path[1:]
    if name == ANY_ITEM:
        first = body[0] if isinstance(body, list) and body else {}
        return [with_id(first, rest, given)]
    body = dict(body) if isinstance(body, dict) else {}
    if name == ANY_KEY:
        return {_ROLE: with_id(None, rest, given)}
    changed = {**body, name: with_id(body.get(name), rest, given)}
    for other, value in _BESIDE.get(name, {}).items():
        if other in changed or value is not None:
            changed[other] = value
    return {key: value for key, value in changed.items() if value is not None}


async def send(
    ws: Workspace, made: Furniture, operation: Operation, path: Path, given: str
) -> httpx2.Response:
    shown = operation.examples[0] if operation.examples else {}
    example = _SEEDS.get(operation.id, shown)
    body = with_id(renamed(point_to(copy.deepcopy(example), made)), path, given)
    if path == ("rows", ANY_ITEM, "id"):
        body["rows"][0].pop("external_id", None)
    names = [name for name in operation.parameters if operation.takes_id(name)]
    known = {name: made.get(collection_of(operation, name), "") for name in names}
    url = operation.url(**{"key": _ROLE, **known})
    return await ws.admin.request(operation.method, url, json=body, headers={"if-match": "*"})


def refusal(answer: httpx2.Response, path: Path, *ids: str) -> set[tuple[str, str]]:
    """Pointers and codes of what is wrong; of a bulk write what is wrong with its row."""
    told = answer.json()
    if path[0] == "rows" and answer.status_code == 200:
        (told,) = told["results"]
        assert told["status"] == "rejected", told
    else:
        assert answer.status_code in {404, 409, 422}, answer.text
    return {(fault["pointer"], fault["code"]) for fault in told.get("errors", [])} or {
        ("", told["code"])
    }


@pytest.mark.parametrize(
    ("operation", "path"),
    CASES,
    ids=lambda one: str(one) if isinstance(one, Operation) else "/".join(one),
)
async def test_an_id_of_nothing_is_refused_wherever_a_body_has_one(
    mine: tuple[Workspace, Furniture], theirs: Furniture, operation: Operation, path: Path
) -> None:
    ws, made = mine
    refused = refusal(await send(ws, made, operation, path, str(uuid4())), path)
    pointer = "/" + "/".join({ANY_ITEM: "0", ANY_KEY: _ROLE}.get(part, part) for part in path)
    places = {at for at, _ in refused}
    assert places == {""} or any(pointer.startswith(at) and at for at in places), refused
    for collection in ("accounts", "contacts", "members", "opportunities", "organizations"):
        foreign = await send(ws, made, operation, path, theirs[collection])
        assert refusal(foreign, path) == refused
