"""What stands in an address is what an operation knows, at every operation of every service."""

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import pytest
from fastapi import Query
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from pydantic import AwareDatetime
from starlette.datastructures import QueryParams
from typing_extensions import TypeAliasType

from shared.errors import Invalid
from shared.web.parameters import Parameters
from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, PUBLIC, Operation

MISREAD: dict[str, tuple[str, ...]] = {
    "integer": ("1_000", "+5", " 5", "5.0", "1e2", "yes", "", "\u0665"),
    "number": ("1_0", "+5", "1e1", "inf", "nan", "yes", ""),
    "boolean": ("yes", "on", "1", "t", "True", ""),
    "date-time": ("1700000000", "20260102", "1.5", "2026-01-02", "now"),
}
"""By the type of a parameter: what Python or a form would read, and JSON would not."""


@pytest.fixture(scope="module")
async def ws(tenure: Tenure) -> AsyncIterator[Workspace]:
    async with tenure.passing_workspace("Queries") as made:
        yield made


def _queries(operation: Operation) -> list[dict[str, Any]]:
    return [each for each in operation.spec.get("parameters", []) if each["in"] == "query"]


def _type(schema: dict[str, Any]) -> str:
    [inner] = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    return str(inner.get("format") or inner.get("type"))


async def _errors(ws: Workspace, operation: Operation, query: str) -> list[dict[str, Any]]:
    answer = await ws.admin.request(
        operation.method, f"{operation.url()}?{query}", headers={"if-match": "*"}
    )
    assert answer.status_code == 422, (query, answer.status_code, answer.text[:300])
    errors: list[dict[str, Any]] = answer.json()["errors"]
    return errors


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.id not in PUBLIC], ids=str)
async def test_an_address_is_read_as_it_is_written(ws: Workspace, operation: Operation) -> None:
    [error] = await _errors(ws, operation, "no_such_parameter=1")
    assert (error["pointer"], error["code"]) == ("/query/no_such_parameter", "unknown_parameter")
    for parameter in _queries(operation):
        name = parameter["name"]
        [misspelt] = await _errors(ws, operation, f"{name}x=1")
        assert misspelt["suggestion"] == name
        assert f"Did you mean `{name}`?" in misspelt["message"]
        [twice] = await _errors(ws, operation, f"{name}=1&{name}=2")
        assert (twice["pointer"], twice["code"]) == (f"/query/{name}", "repeated_parameter")
        for value in MISREAD.get(_type(parameter["schema"]), ()):
            [misread] = await _errors(ws, operation, f"{name}={quote(value)}")
            assert misread["pointer"] == f"/query/{name}", value


async def test_whoever_may_not_hears_nothing_of_parameters(ws: Workspace) -> None:
    answer = await ws.observer.post("/v1/members?no_such_parameter=1", {})
    assert answer.status_code == 403
    assert (await ws.anonymous.get("/v1/members?nonsense=1")).status_code == 401


_NamedDay = TypeAliasType("_NamedDay", date)


def _of(
    listed: UUID | None = None,
    many: Annotated[list[UUID] | None, Query()] = None,
    on: date | None = None,
    since: _NamedDay | None = None,
    at: datetime | AwareDatetime | None = None,
) -> None:
    """An endpoint whose parameters are of every shape."""


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("many=a&many=b&on=2026-01-02&at=2026-01-02T03:04:05Z", []),
        ("on=1700000000", ["date_parsing"]),
        ("at=1700000000&nothing_like_it=1", ["datetime_parsing", "unknown_parameter"]),
        ("=1", ["unknown_parameter"]),
        ("on=2026-01-02&on=2026-01-02", ["repeated_parameter"]),
        ("since=1700000000", ["date_parsing"]),
    ],
)
def test_every_fault_of_an_address_is_told_at_once(query: str, codes: list[str]) -> None:
    dependant: Dependant = get_dependant(path="/", call=_of)
    try:
        Parameters(dependant).check(QueryParams(query))
        found = []
    except Invalid as refusal:
        found = [fault.code for fault in refusal.faults]
    assert found == codes
