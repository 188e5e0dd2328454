"""What the routes of records are asked with, and how an endpoint learns the body of its type."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Path, Query
from fastapi.openapi.models import Example
from pydantic import BaseModel, ConfigDict, Field

from accounts_api.customers.querying.schemas import (
    IncludeIgnored,
    KnownAsOf,
    Sort,
)
from shared.auth import Caller
from shared.lists.schemas import CountParam, PageSize
from shared.paging import MAX_CURSOR
from shared.schemas import ExternalId, Instant
from shared.web.routing import require

Reader = Annotated[Caller, require("records:read")]
Writer = Annotated[Caller, require("records:write")]
RecordId = Annotated[UUID, Path(alias="id", description="The id of the record, a UUID.")]
ExternalIdPath = Annotated[
    ExternalId,
    Path(description="The record's id in your system; a `/` in it is sent as `%2F`."),
]
AsOfParam = Annotated[
    Instant | None,
    Query(
        description="The record as it was at this instant of the workspace's clock, which has come."
    ),
]
EffectiveAtParam = Annotated[
    Instant | None,
    Query(
        description="Since when it has been so, by the workspace's clock: not later than now, not"
        " before the record's first instant."
    ),
]
KnownAsOfParam = Annotated[
    Instant | None, Query(description="As far as Tenure knew at this instant of the real clock.")
]

FieldsParam = Annotated[
    str | None,
    Query(max_length=2_000, description="Only these, by comma; `traits.<key>` for one trait."),
]
IncludeParam = Annotated[
    str | None, Query(max_length=200, description="Related things to put in, by comma.")
]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def with_body(body: Any) -> Callable[[Endpoint], Endpoint]:
    """Makes `body` the type that FastAPI reads the parameter `data` as."""

    def annotate(endpoint: Endpoint) -> Endpoint:
        endpoint.__annotations__["data"] = body
        return endpoint

    return annotate


class SelectionParams(BaseModel):
    """Which records in which order, in a query string. What is misspelt is refused."""

    model_config = ConfigDict(extra="forbid")

    filter: str | None = Field(
        default=None,
        max_length=6_000,
        description='A rule as text, `lifecycle_status = "subscribed" and arr > 50000 USD`, or as'
        " JSON.",
    )
    sort: Sort = None
    fields: str | None = Field(
        default=None,
        max_length=2_000,
        description="The fields to answer with, by comma; `traits.<key>` for one trait.",
    )
    include: str | None = Field(
        default=None, max_length=200, description="Related things to put in, by comma."
    )
    include_ignored: IncludeIgnored = False
    as_of: Instant | None = Field(
        default=None,
        description="The records as they were at this instant of the workspace's clock, filter and"
        " order, too; `version` and `updated_at` are those of now.",
    )
    known_as_of: KnownAsOf = None


class ListParams(SelectionParams):
    count: CountParam = None
    limit: PageSize = 50
    cursor: str | None = Field(
        default=None,
        max_length=MAX_CURSOR,
        description="`next_cursor` of the page before; keep the other parameters the same.",
    )


class ExportParams(SelectionParams):
    bom: bool = Field(
        default=False,
        description="True begins with a byte order mark, by which Excel tells that it is UTF-8.",
    )


def search_examples(by_rule: Mapping[str, Any]) -> dict[str, Example]:
    """What the API's document shows of a search."""
    return {
        "by_rule": {"summary": "By rule", "value": by_rule},
        "by_words": {"summary": "By words", "value": {"query": "acme"}},
    }
