"""An endpoint as it is stored, and what may be written of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypedDict
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.value_types import literals

WebhookEndpointStatus = TypeAliasType(
    "WebhookEndpointStatus",
    Annotated[
        Literal["enabled", "disabled"],
        Field(
            description="Whether events are sent to it. It is disabled by a person, by an answer of"
            " 410, or after a long time without success."
        ),
    ],
)
ENDPOINT_STATUSES: tuple[WebhookEndpointStatus, ...] = literals(WebhookEndpointStatus)


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A partner's URL, what it wants to hear, and how it is doing. `headers` are sealed."""

    workspace_id: UUID
    id: UUID
    key: str
    url: str
    description: str
    types: list[str]
    include_quiet: bool
    product_events: list[str]
    headers: bytes | None
    header_names: list[str]
    status: WebhookEndpointStatus
    disabled_reason: str | None
    failures: int
    failing_since: datetime | None
    rests_until: datetime | None
    removed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class EndpointChanges(TypedDict, total=False):
    key: str
    url: str
    description: str
    types: list[str]
    include_quiet: bool
    product_events: list[str]
    headers: bytes | None
    header_names: list[str]
    status: WebhookEndpointStatus
    disabled_reason: str | None
    failures: int
    failing_since: datetime | None
    rests_until: datetime | None
    removed_at: datetime


RECOVERED: EndpointChanges = {"failures": 0, "failing_since": None, "rests_until": None}
"""Its failures are forgotten."""


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """What signs for an endpoint. After a rotation the old one signs beside the new for a day."""

    id: UUID
    sealed: bytes
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """An enabled endpoint and its filter."""

    id: UUID
    types: list[str]
    include_quiet: bool
    product_events: list[str]
