"""Values of another JSON type than a field's are refused, at every scalar of every request body.

One request carries a wrong value at every place that it has at once: every fault must be told.
"""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.harness import Tenure, Workspace
from tests.operations import WRITES, Operation
from tests.seed_data import Furniture, furnish, point_to, url_of

Place = tuple[str | int, ...]
Schema = dict[str, Any]

WRONG: dict[str, tuple[Any, ...]] = {
    "integer": ("500", "1_000", True, 1.5),
    "number": ("2.5", "1_0", False, "NaN"),
    "boolean": ("yes", "true", 1, 0),
    "string": (5, True, 1.5, 0),
    "date": (1_700_000_000, "1700000000", True, "2026-01-02T00:00:00Z"),
    "date-time": (1_700_000_000, "1700000000", True, "20260102"),
    "uuid": (1_700_000_000, True, 1.5, 0),
}
"""By type or format, as a lax reader would coerce them; a place that takes several types is sent
what none of them is.
"""
ROUNDS = range(4)


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Types") as made:
        yield made


@pytest.fixture(scope="module")
async def furniture(ws: Workspace) -> Furniture:
    return await furnish(ws)


def _kinds(operation: Operation, schema: Schema) -> list[Schema]:
    """The plain schemas that it is one of."""
    schema = operation.resolve(schema)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [kind for each in schema[word] for kind in _kinds(operation, each)]
    return [schema]


def _name(schema: Schema) -> str | None:
    """Null for what takes anything, or one of some words (whatever is none of them is refused)."""
    kind = schema.get("format") if schema.get("type") == "string" else schema.get("type")
    return kind if kind in WRONG else schema.get("type")


def _wrong(kinds: list[Schema], number: int) -> Any:
    """None when nothing can be wrong there."""
    named = [_name(kind) for kind in kinds]
    names = {name for name in named if name is not None} - {"null"}
    if None in named or not names & set(WRONG):
        return None
    taken = {json.dumps(value) for kind in kinds for value in kind.get("enum", ())}
    for at in range(len(ROUNDS)):
        for name in sorted(names & set(WRONG)):
            value = WRONG[name][(number + at) % len(ROUNDS)]
            if not any(_fits(value, other) for other in names) and json.dumps(value) not in taken:
                return value
    return None


def _fits(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, str):
        return name == "string"
    return name == "number" or (name == "integer" and isinstance(value, int))


def _spoiled(
    operation: Operation, schema: Schema, given: Any, number: int, at: Place = (), depth: int = 0
) -> tuple[Any, list[Place]]:
    """`given` with what is wrong at every place of this schema, and those places."""
    kinds = _kinds(operation, schema)
    if (value := _wrong(kinds, number)) is not None:
        return value, [at]
    kind = _kind_of(kinds, given)
    if kind is None or depth > 5:
        return given, []
    places: list[Place] = []
    if "items" in kind:
        first = given[0] if isinstance(given, list) and given else None
        item, found = _spoiled(operation, kind["items"], first, number, (*at, 0), depth + 1)
        return ([item], found) if found else (given, [])
    made = dict(given) if isinstance(given, dict) else {}
    for name, inner in kind.get("properties", {}).items():
        if "const" in operation.resolve(inner):
            made[name] = inner["const"]
            continue
        value, found = _spoiled(operation, inner, made.get(name), number, (*at, name), depth + 1)
        if found:
            made[name] = value
            places += found
    return made, places


def _kind_of(kinds: list[Schema], given: Any) -> Schema | None:
    """The one to look into: an object or a list; of several objects the one that `given` is."""
    looked = [kind for kind in kinds if "items" in kind or "properties" in kind]
    if isinstance(given, dict):
        looked = [k for k in looked if set(given) <= set(k.get("properties", {}))] or looked
    return looked[0] if looked else None


def _judged_apart(
    given: Any, spoiled: Any, places: list[Place]
) -> Iterator[tuple[Any, list[Place]]]:
    """The rows of a bulk are looked at one by one, and only when what is around them is right."""
    rows = [place for place in places if place[0] == "rows"]
    around = [place for place in places if place[0] != "rows"]
    if rows:
        yield {**given, "rows": spoiled["rows"]}, rows
        spoiled = {**spoiled, "rows": given["rows"]}
    if around:
        yield spoiled, around


def _pointers(answer: Any) -> Iterator[str]:
    """Of every fault in a refusal, and in the results of the rows of a bulk."""
    if isinstance(answer, dict):
        if "pointer" in answer:
            yield answer["pointer"]
        for item in answer.values():
            yield from _pointers(item)
    elif isinstance(answer, list):
        for item in answer:
            yield from _pointers(item)


@pytest.mark.parametrize("operation", [o for o in WRITES if o.body and o.examples], ids=str)
async def test_no_value_is_taken_for_one_of_another_type(
    ws: Workspace, furniture: Furniture, operation: Operation
) -> None:
    assert operation.body
    for example in operation.examples[:3]:
        given = point_to(copy.deepcopy(example), furniture)
        for number in ROUNDS:
            spoiled, places = _spoiled(operation, operation.body, given, number)
            for body, wrong in _judged_apart(given, spoiled, places):
                answer = await ws.admin.request(
                    operation.method,
                    url_of(operation, furniture),
                    json=body,
                    headers={"if-match": "*"},
                )
                assert answer.status_code in {200, 422}, (body, answer.text[:300])
                told = set(_pointers(answer.json()))
                wanted = {"".join(f"/{part}" for part in place) for place in wrong}
                assert wanted <= told, (body, sorted(wanted - told), answer.text[:500])


def test_nearly_every_body_has_places_to_spoil() -> None:
    spoiled = [
        operation.id
        for operation in WRITES
        if operation.body and operation.examples
        if _spoiled(operation, operation.body, copy.deepcopy(operation.examples[0]), 0)[1]
    ]
    assert len(spoiled) > 90
