"""What no client should send, to every operation that writes: 4xx as problem+json, nothing stored.

Reliability F13 and T5. The bodies are bytes, because most cannot be made by a JSON library.
"""

import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from sqlalchemy import TextClause, text

from accounts_api.signals.ingest.router import PATHS as SDK_PATHS
from shared.auth import ROLES
from shared.settings import ServiceName
from tests.harness import Tenure, Workspace
from tests.operations import PUBLIC, WRITES, Operation

JSON = "application/json"
_DEEP = 900
_LONG = "9" * 31


def _first_field(operation: Operation) -> str:
    return next(iter((operation.body or {}).get("properties", {})), "name")


def _takes_an_object(operation: Operation) -> bool:
    return "properties" in (operation.body or {})


def bodies(operation: Operation) -> dict[str, bytes]:
    """By what is wrong with it; `KEY` is a field that the operation knows."""
    raw = {
        "cut short": b'{"KEY": "x"',
        "two values": b"{} {}",
        "a trailing comma": b'{"KEY": 1,}',
        "single quotes": b"{'KEY': 'x'}",
        "a comment": b'{"KEY": 1 /* one */}',
        "NUL in text": b'{"KEY": "a\\u0000b"}',
        "NUL in a key": b'{"a\\u0000b": 1}',
        "a raw NUL": b'{"KEY": "a\x00b"}',
        "a lone surrogate": b'{"KEY": "\\ud800"}',
        "a reversed pair": b'{"KEY": "\\udc00\\ud800"}',
        "NaN": b'{"KEY": NaN}',
        "Infinity": b'{"KEY": -Infinity}',
        "1e999": b'{"KEY": 1e999}',
        "31 digits": b'{"KEY": %s}' % _LONG.encode(),
        "31 digits within": b'{"KEY": {"a": [%s]}}' % _LONG.encode(),
        "deep lists": b'{"KEY": ' + b"[" * _DEEP + b"]" * _DEEP + b"}",
        "deep objects": b'{"KEY": ' + b'{"a":' * _DEEP + b"1" + b"}" * _DEEP + b"}",
        "open brackets": b"[" * 100_000,
        "one key twice": b'{"KEY": "a", "KEY": "b"}',
        "UTF-16": '{"KEY": "x"}'.encode("utf-16"),
        "UTF-8 that is none": b'{"KEY": "\xff\xfe"}',
        "overlong UTF-8": b'{"KEY": "\xc0\xaf"}',
        "a list": b"[]",
        "a list of objects": b'[{"KEY": "x"}]',
        "text": b'"KEY"',
        "a number": b"17",
        "null": b"null",
        "an unknown field": b'{"no_such_field": 1}',
        "a prototype": b'{"__proto__": {"admin": true}, "constructor": {}}',
        "nothing": b"",
        "2 MB": b'{"no_such_field": "' + b"x" * 2_000_000 + b'"}',
    }
    key = _first_field(operation).encode()
    return {name: body.replace(b"KEY", key) for name, body in raw.items()}


OF_SDKS = {f"/v1{path}" for path in SDK_PATHS}
"""What they send is refused message by message, and counted with the reason."""
OF_BROWSERS = {path for path in OF_SDKS if len(path) == len("/v1/t")}
"""A browser sends again what is not answered well, so the answer holds the refusal. It sends JSON
of any media type, and whatever else its library puts beside.
"""
COUNTED = {"product_event_names", "product_event_refusals", "product_event_tallies"}
HARMLESS_WITHOUT_A_BODY = {
    "a list",
    "a list of objects",
    "text",
    "a number",
    "null",
    "an unknown field",
    "a prototype",
    "nothing",
}
"""JSON that an operation without a body, or with an optional one, may leave unread."""


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Hostile") as made:
        yield made


async def rows_of(tenure: Tenure, operation: Operation, ws: Workspace) -> dict[str, int]:
    """Rows of the operation's own service."""
    async with tenure.workers[operation.service].units.begin(ws.id, (), read_only=True) as uow:
        if operation.service not in _COUNTS:
            tables = await uow.connection.execute(text(_READABLE), {"schema": operation.service})
            counts = (
                f"select '{table}' as name, count(*) as n from {table} where workspace_id = :id"
                for table in tables.scalars()
            )
            _COUNTS[operation.service] = text(" union all ".join(counts))
        rows = await uow.connection.execute(_COUNTS[operation.service], {"id": ws.id})
        return {row.name: row.n for row in rows}


_READABLE = """
    select table_name from information_schema.columns
    where column_name = 'workspace_id' and table_schema = :schema
      and has_table_privilege(format('%I.%I', table_schema, table_name), 'select')
"""
_COUNTS: dict[ServiceName, TextClause] = {}


async def send(
    tenure: Tenure, ws: Workspace, operation: Operation, body: bytes, **headers: str
) -> httpx2.Response:
    return await ws.anonymous.http.request(
        operation.method,
        tenure.urls[operation.service] + operation.url(),
        content=body,
        headers={
            "authorization": f"Bearer {ws.keys[ROLES[0]]}",
            "if-match": "*",
            "content-type": JSON,
            **headers,
        },
    )


def refused(answer: httpx2.Response, what: str) -> None:
    path = urlsplit(str(answer.request.url)).path
    if path in OF_BROWSERS and answer.status_code == 200:
        assert answer.json()["accepted"] == 0, what
        return
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text[:300])
    assert answer.headers["content-type"] == "application/problem+json", what
    problem = answer.json()
    assert {"type", "title", "status", "code", "request_id"} <= set(problem), what
    assert problem["status"] == answer.status_code, what


@pytest.mark.parametrize("operation", WRITES, ids=str)
async def test_a_hostile_body_is_refused_and_leaves_nothing(
    tenure: Tenure, ws: Workspace, operation: Operation
) -> None:
    before = await rows_of(tenure, operation, ws)
    for what, body in bodies(operation).items():
        answer = await send(tenure, ws, operation, body)
        assert answer.status_code < 500, (what, answer.text[:300])
        if operation.body_required or what not in HARMLESS_WITHOUT_A_BODY:
            refused(answer, what)
    after = await rows_of(tenure, operation, ws)
    if operation.body_required or operation.parameters:
        noted = COUNTED if operation.path in OF_SDKS else set()
        assert {name: after[name] for name in after.keys() - noted} == {
            name: before[name] for name in before.keys() - noted
        }


@pytest.mark.parametrize("operation", [o for o in WRITES if o.id not in PUBLIC], ids=str)
async def test_a_hostile_envelope_is_refused(
    tenure: Tenure, ws: Workspace, operation: Operation
) -> None:
    plain = await send(tenure, ws, operation, b'{"a": 1}', **{"content-type": "text/plain"})
    form = {"content-type": "application/x-www-form-urlencoded"}
    for what, answer in {
        "plain text": plain,
        "a form": await send(tenure, ws, operation, b"a=1", **form),
        "gzip": await send(tenure, ws, operation, b"\x1f\x8b", **{"content-encoding": "gzip"}),
    }.items():
        refused(answer, what)
        may_be_packed = what == "gzip" and operation.path in OF_SDKS
        if not may_be_packed and operation.path not in OF_BROWSERS:
            assert answer.status_code == 415, what
    wrong_key = await send(tenure, ws, operation, b"{}", **{"idempotency-key": "x" * 300})
    if operation.method != "DELETE":
        refused(wrong_key, "a long idempotency key")


@pytest.mark.parametrize(
    "operation",
    [o for o in WRITES if _takes_an_object(o) and o.path not in OF_BROWSERS],
    ids=str,
)
async def test_what_only_an_answer_holds_is_refused_in_a_body(
    tenure: Tenure, ws: Workspace, operation: Operation
) -> None:
    """Nobody sets an id, a version or a status by writing it where it can be read."""
    assert operation.body
    example = operation.examples[0] if operation.examples else {}
    known = set(operation.body["properties"])
    answered = set(operation.answer.get("properties", {})) | {"workspace_id", "id", "version"}
    for name in sorted(answered - known):
        body = json.dumps({**example, name: "x"}).encode()
        answer = await send(tenure, ws, operation, body)
        assert answer.status_code == 422, (name, answer.status_code, answer.text[:300])
        errors: list[dict[str, Any]] = answer.json()["errors"]
        assert {"pointer": f"/{name}", "code": "unknown_field"} in [
            {key: error[key] for key in ("pointer", "code")} for error in errors
        ], name


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/members?email=" + "x" * 20_000, 414),
        ("/v1/members?email=%00", 400),
        ("/v1/members?limit=-1", 422),
        ("/v1/members?limit=1e3", 422),
        ("/v1/members?limit=99999999999999999999999999", 422),
        ("/v1/members?cursor=%F0%9F%92%A9", 400),
        ("/v1/members?cursor=AAAA", 400),
        ("/v1/members/%2e%2e%2fapi-keys", 404),
        ("/v1/members/not-an-id", 404),
        ("/v1/members/by-external-id", 404),
        ("/v1/nothing-here", 404),
    ],
)
async def test_a_hostile_address_is_refused(ws: Workspace, target: str, status: int) -> None:
    answer = await ws.admin.get(target)
    refused(answer, target[:60])
    assert answer.status_code == status
