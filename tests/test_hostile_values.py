"""Well-formed requests with extreme values, one field at a time, against things that exist.

What test_hostile_bodies.py sends never gets past the framework; this reaches the services and the
database. Whatever they decide, it is never a 5xx, and what they accept they can read back.
"""

import os
from collections.abc import AsyncIterator, Iterator
from typing import Any
from zlib import crc32

import httpx2
import pytest

from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, WRITES, Operation
from tests.seed_data import Furniture, furnish, point_to, url_of

EXTREMES: list[Any] = [
    None,
    True,
    -1,
    2**53,
    2**63 - 1,
    -(2**63) + 1,
    1e308,
    5e-324,
    "",
    " ",
    "x" * 99_000,
    "\u202egnp.exe\u200b\u0301",
    "';--\\%_{{ x }}{% raw %}",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-12:00",
    "9999-12-31",
    "00000000-0000-0000-0000-000000000000",
    [],
    ["x"] * 200,
    [None],
    {},
    {"a": {"a": {"a": 1}}},
]
THIRDS = 1 if os.environ.get("TENURE_ALL_EXTREMES") else 3
"""Every extreme at every place takes minutes: that is for whoever changes how values are read."""
Kind = tuple[tuple[Any, ...], type]
"""A place in a body, and the type of what an example holds there."""
READS = [operation for operation in OPERATIONS if not operation.writes]
QUERIES = ["", "-1", "0", "9" * 30, "1e9", "null", "true", "%F0%9F%92%A9", "a" * 3000, "[]", "*"]


def queries_of(operation: Operation) -> list[str]:
    return [each["name"] for each in operation.spec.get("parameters", []) if each["in"] == "query"]


TAKEN_BY: dict[str, list[Operation]] = {}
for read in READS:
    for taken in queries_of(read):
        TAKEN_BY.setdefault(taken, []).append(read)


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Extreme") as made:
        yield made


@pytest.fixture(scope="module")
async def furniture(ws: Workspace) -> Furniture:
    return await furnish(ws)


def extremes(
    example: Any, fields: list[str], start: int, seen: set[Kind]
) -> Iterator[tuple[str, Any]]:
    """The example with one value, at any depth, replaced by extremes, and with each field that it
    leaves out. Every place sees a third of them, from `start` on, and its neighbour the next; what
    an earlier example holds at the same place, and of the same type, is in `seen`.
    """
    left_out = [((name,), type(None)) for name in fields if name not in example]
    fresh = [kind for kind in [*_places(example), *left_out] if kind not in seen]
    seen.update(fresh)
    for number, (place, _) in enumerate(fresh, start):
        for extreme in EXTREMES[number % THIRDS :: THIRDS]:
            yield (
                f"{'/'.join(map(str, place))} = {str(extreme)[:40]}",
                _with(example, place, extreme),
            )


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[Kind]:
    if at:
        yield at, type(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*at, key))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*at, 0))


def _with(value: Any, place: tuple[Any, ...], extreme: Any) -> Any:
    if not place:
        return extreme
    if isinstance(value, dict):
        return {**value, place[0]: _with(value.get(place[0]), place[1:], extreme)}
    return [_with(v, place[1:], extreme) if i == place[0] else v for i, v in enumerate(value)]


def asks_elsewhere(answer: httpx2.Response) -> bool:
    """The operation needs another system, and there is none in this test."""
    return answer.status_code >= 500 and answer.json()["code"] == "other_system_failed"


async def call(ws: Workspace, operation: Operation, url: str, body: Any) -> httpx2.Response:
    return await ws.admin.request(operation.method, url, json=body, headers={"if-match": "*"})


@pytest.mark.parametrize("operation", [o for o in WRITES if o.examples], ids=str)
async def test_an_extreme_value_is_no_fault_of_ours(
    ws: Workspace, furniture: Furniture, operation: Operation
) -> None:
    url = url_of(operation, furniture)
    fields = list((operation.body or {}).get("properties", {}))
    seen: set[Kind] = set()
    for given in operation.examples[:3]:
        example = point_to(given, furniture)
        if asks_elsewhere(await call(ws, operation, url, example)):
            pytest.skip("its feature's own tests have the other system")
        for what, body in extremes(example, fields, crc32(operation.id.encode()), seen):
            answer = await call(ws, operation, url, body)
            assert answer.status_code < 500, (what, answer.text[:300])
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json", what


@pytest.mark.parametrize("operation", READS, ids=str)
async def test_an_extreme_query_is_no_fault_of_ours(
    ws: Workspace, furniture: Furniture, operation: Operation
) -> None:
    """After the test before: whatever was accepted there must be readable here. A parameter that
    many operations take sees a third of the values at one of them, and the rest at the next two.
    """
    url = url_of(operation, furniture)
    plain = await ws.admin.get(url)
    assert plain.status_code < 500 or asks_elsewhere(plain), plain.text[:300]
    for name in queries_of(operation):
        takers = TAKEN_BY[name]
        parts = THIRDS if len(takers) >= THIRDS else 1
        for value in QUERIES[takers.index(operation) % parts :: parts]:
            answer = await ws.admin.get(f"{url}?{name}={value}")
            assert answer.status_code < 500, (name, value, answer.text[:300])
