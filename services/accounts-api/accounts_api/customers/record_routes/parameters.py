"""What the routes of records are asked with, and how an endpoint learns the body of its type."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Path, Query

from shared.auth import Caller
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
    Query(description="The record as it was at this instant of the workspace's clock."),
]
KnownAsOfParam = Annotated[
    Instant | None, Query(description="As far as Tenure knew at this instant of the real clock.")
]

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def with_body(body: Any) -> Callable[[Endpoint], Endpoint]:
    """Makes `body` the type that FastAPI reads the parameter `data` as."""

    def annotate(endpoint: Endpoint) -> Endpoint:
        endpoint.__annotations__["data"] = body
        return endpoint

    return annotate
