"""Another workspace's ids answer exactly as random ones: in the path, the query and the body.

Generated from the OpenAPI documents (reliability T1, T3).
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import TextClause, text

from shared.schemas import KEY_OR_ID
from shared.settings import ServiceName
from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, WORDS, WRITES, Operation
from tests.seed_data import Furniture, collection_of, collections, renamed
from tests.whole_workspace import one_of_everything

WITH_IDS = [o for o in OPERATIONS if any(o.takes_id(name) for name in o.parameters)]
_VOLATILE = {"request_id", "id", "created_at", "updated_at", "version"}


@pytest.fixture(scope="module")
async def theirs(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Theirs") as ws:
        yield ws


@pytest.fixture(scope="module")
async def mine(tenure: Tenure) -> AsyncIterator[Workspace]:
    """With the object type whose key stands in paths, so that ids below it are looked up."""
    async with tenure.passing_workspace("Mine") as ws:
        (define,) = (o for o in OPERATIONS if o.id == "create_object_type")
        await ws.admin.post(define.path, define.examples[0])
        yield ws


@pytest.fixture(scope="module")
async def furniture(
    theirs: Workspace, tenure: Tenure, tmp_path_factory: pytest.TempPathFactory
) -> Furniture:
    return await one_of_everything(tenure, theirs, tmp_path_factory.mktemp("mail"))


async def fingerprint(tenure: Tenure, ws: Workspace) -> dict[str, Any]:
    """Count and content of every table, as far as it is this workspace's."""
    found: dict[str, Any] = {}
    for name, service in tenure.workers.items():
        async with service.units.begin(ws.id, (), read_only=True) as uow:
            if name not in _CONTENTS:
                tables = await uow.connection.execute(text(_READABLE), {"schema": name})
                _CONTENTS[name] = text(" union all ".join(map(_content, tables.scalars())))
            rows = await uow.connection.execute(_CONTENTS[name], {"workspace_id": ws.id})
            found |= {f"{name}.{table}": (count, content) for table, count, content in rows}
    return found


_READABLE = """
    select table_name from information_schema.columns
    where column_name = 'workspace_id' and table_schema = :schema
      and has_table_privilege(format('%I.%I', table_schema, table_name), 'select')
"""
_CONTENTS: dict[ServiceName, TextClause] = {}
"""By service. Planned once for each connection: it is asked before and after every operation."""


def _content(table: str) -> str:
    return (
        f"select '{table}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)"
        f" from {table} t where workspace_id = :workspace_id"
    )


async def call(ws: Workspace, operation: Operation, url: str, body: Any = None) -> httpx2.Response:
    """As an admin with every right, so that only the wall can be in the way."""
    headers = {"if-match": "*"}
    if operation.writes and body is None and operation.body is not None:
        body = operation.examples[0] if operation.examples else {}
    return await ws.admin.request(operation.method, url, json=body, headers=headers)


def likeness(answer: httpx2.Response, *ids: str) -> tuple[Any, ...]:
    """What an answer gives away: status, header names, body without what differs by nature."""
    said = answer.text
    for given in ids:
        said = said.replace(given, "<id>")
    body: Any = json.loads(said) if said else None
    if answer.status_code < 400:
        body = _shape(body)
    else:
        body.pop("request_id")
    return answer.status_code, sorted(answer.headers), body


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items() if key not in _VOLATILE}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return type(value).__name__


def test_everything_with_an_id_can_be_had_for_this_test(furniture: Furniture) -> None:
    assert collections() - set(furniture) == set()


@pytest.mark.parametrize("operation", WITH_IDS, ids=str)
async def test_a_foreign_id_in_the_path_answers_as_a_random_one(
    tenure: Tenure,
    theirs: Workspace,
    mine: Workspace,
    furniture: Furniture,
    operation: Operation,
) -> None:
    names = [name for name in operation.parameters if operation.takes_id(name)]
    foreign = {name: furniture[collection_of(operation, name)] for name in names}
    random = {name: str(uuid4()) for name in names}
    before = await fingerprint(tenure, theirs)
    at_foreign = await call(mine, operation, operation.url(**foreign))
    at_random = await call(mine, operation, operation.url(**random))
    assert likeness(at_foreign, *foreign.values()) == likeness(at_random, *random.values())
    assert at_foreign.status_code >= 400 or operation.method == "GET"
    assert await fingerprint(tenure, theirs) == before


def _names_by_id(schema: Any) -> bool:
    return any(f"'{form}'" in str(schema) for form in ("uuid", KEY_OR_ID))


def _uuid_queries(operation: Operation) -> list[str]:
    return [
        parameter["name"]
        for parameter in operation.spec.get("parameters", [])
        if parameter["in"] == "query" and _names_by_id(parameter["schema"])
    ]


@pytest.mark.parametrize(
    ("operation", "name"),
    [(o, name) for o in OPERATIONS if not o.writes for name in _uuid_queries(o)],
    ids=str,
)
async def test_a_foreign_id_in_a_filter_answers_as_a_random_one(
    mine: Workspace, furniture: Furniture, operation: Operation, name: str
) -> None:
    random = str(uuid4())
    others = {other: str(uuid4()) for other in _uuid_queries(operation) if other != name}
    address = f"{operation.url()}?{urlencode(others)}"
    expected = likeness(await call(mine, operation, f"{address}&{name}={random}"), random)
    for given in furniture.values():
        answer = await call(mine, operation, f"{address}&{name}={given}")
        assert likeness(answer, given) == expected


def _uuid_fields(operation: Operation) -> list[str]:
    properties = (operation.body or {}).get("properties", {})
    return [name for name, schema in properties.items() if _names_by_id(schema)]


@pytest.mark.parametrize(
    ("operation", "name"),
    [(o, name) for o in WRITES if not {*o.parameters} - {*WORDS} for name in _uuid_fields(o)],
    ids=str,
)
async def test_a_foreign_id_in_a_body_answers_as_a_random_one(
    tenure: Tenure,
    theirs: Workspace,
    mine: Workspace,
    furniture: Furniture,
    operation: Operation,
    name: str,
) -> None:
    example = operation.examples[0]
    several = isinstance(example.get(name), list)
    before = await fingerprint(tenure, theirs)
    for given in furniture.values():
        random = str(uuid4())
        answers = []
        for value in (given, random):
            body = renamed({**example, name: [value] if several else value})
            answers.append(likeness(await call(mine, operation, operation.url(), body), value))
        assert answers[0] == answers[1], given
    assert await fingerprint(tenure, theirs) == before


async def test_an_idempotency_key_is_known_to_its_own_workspace_alone(
    theirs: Workspace, mine: Workspace
) -> None:
    body = {"full_name": "Grace Hopper", "email": f"{uuid4().hex}@example.com"}
    headers = {"idempotency-key": uuid4().hex}
    first = await theirs.admin.post("/v1/members", body, headers=headers)
    other = await mine.admin.post("/v1/members", body, headers=headers)
    again = await theirs.admin.post("/v1/members", body, headers=headers)
    assert (first.status_code, other.status_code) == (201, 201)
    assert "idempotency-replayed" not in other.headers
    assert again.json() == first.json() != other.json()
