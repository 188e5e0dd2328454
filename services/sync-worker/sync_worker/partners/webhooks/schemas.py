from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from shared.schemas import In, NewKey, OneLine, Out, OwnKey, Patch
from sync_worker.partners.webhooks.rows import WebhookEndpointStatus
from sync_worker.partners.webhooks.rules import MOST_HEADERS, fault_of_url, faults_of_headers

ENDPOINT_EXAMPLE: dict[str, Any] = {
    "url": "https://partner.example/hooks/tenure",
    "description": "Northwind's data warehouse",
    "types": ["account.*", "message.sent"],
    "headers": {"authorization": "Bearer 5up3r53cr3t"},
}
_SHOWN: dict[str, Any] = {
    "id": "0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b",
    "key": "northwind_s_data_warehouse",
    "url": "https://partner.example/hooks/tenure",
    "description": "Northwind's data warehouse",
    "types": ["account.*", "message.sent"],
    "include_quiet": False,
    "product_events": ["Report Exported"],
    "header_names": ["authorization"],
    "status": "enabled",
    "disabled_reason": None,
    "failures": 0,
    "failing_since": None,
    "version": 1,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}
_SECRET = "whsec_mJdHq2m1cTqkq1bVx3Zb0c9s5n8rZ1x4k7yQ2w3e4r4="  # noqa: S105  (an example)


_NEW_KEY = (
    "A word for it that is the same in every workspace, and stands wherever the id does. Null: one"
    " that is made of the description, with a number when others have that."
)


def _well_formed(url: str) -> str:
    if fault := fault_of_url(url):
        raise ValueError(fault)
    return url


def _ours_to_send(headers: dict[str, str]) -> dict[str, str]:
    for name, fault in faults_of_headers(headers):
        raise ValueError(f"{name[:100]!r}: {fault}" if name else fault)
    return headers


EndpointUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=8, max_length=2000),
    AfterValidator(_well_formed),
    Field(description="A public address by https, on port 443 or 8443. Redirects fail."),
]
EventTypes = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100), OneLine]],
    Field(
        min_length=1,
        max_length=200,
        description="Which events to send: types, `account.*` for all about accounts, `*` for all."
        " What is computed, such as `account.computed`, is sent only when it is named itself.",
    ),
]
IncludeQuiet = Annotated[
    bool,
    Field(
        description="Whether it is also sent what follows from quiet writes, such as an import;"
        " those events name their `quiet_batch_id`."
    ),
]
ProductEvents = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=200), OneLine]],
    Field(
        max_length=30,
        description="Names of product events to hear of: each is sent as `product_event.tracked`,"
        " where `types` lets it through. Of other names nothing is sent.",
    ),
]
Headers = Annotated[
    dict[str, str],
    Field(
        max_length=MOST_HEADERS,
        description="Sent with every delivery; kept encrypted and never shown again.",
    ),
    AfterValidator(_ours_to_send),
]
Description = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500),
    OneLine,
    Field(description="What people call it; may be empty."),
]


class EndpointIn(In):
    """An address of yours that events are sent to."""

    model_config = ConfigDict(json_schema_extra={"examples": [ENDPOINT_EXAMPLE]})

    key: Annotated[NewKey, Field(description=_NEW_KEY)] = None
    url: EndpointUrl
    description: Description = ""
    types: EventTypes = ["*"]
    include_quiet: IncludeQuiet = False
    product_events: ProductEvents = []
    headers: Headers = {}


class EndpointPatch(Patch):
    """What changes of an endpoint: a field left out keeps its value."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"types": ["*"], "description": "Everything"}]}
    )

    url: EndpointUrl = ""
    description: Description = ""
    types: EventTypes = []
    include_quiet: IncludeQuiet = False
    product_events: ProductEvents = []
    headers: Headers = {}


class EndpointOut(Out):
    """An address of yours that events are sent to, and how it is doing."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SHOWN]})

    id: UUID
    key: OwnKey
    url: str = Field(description="Where events are sent.")
    description: str = Field(description="What people call it.")
    types: list[str] = Field(
        description="Which events are sent: types, `account.*` for all about accounts, `*` for all;"
        " `account.computed` only when it is named itself."
    )
    include_quiet: IncludeQuiet
    product_events: list[str] = Field(
        description="Names of product events that are sent as `product_event.tracked`."
    )
    header_names: list[str] = Field(description="Of the headers that are sent along.")
    status: WebhookEndpointStatus
    disabled_reason: str | None = Field(
        description="Why it was disabled; null while it is enabled."
    )
    failures: int = Field(description="Attempts in a row that did not succeed.")
    failing_since: datetime | None = Field(
        description="Since when no attempt succeeded, in UTC; null: the last one did."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class EndpointCreated(EndpointOut):
    """A new endpoint, with the secret that signs what it is sent."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_SHOWN, "secret": _SECRET}]})

    secret: str = Field(description="Signs what we send. Shown this once.")


class RotatedSecret(Out):
    """The new secret of an endpoint."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"secret": _SECRET, "previous_valid_until": "2026-03-03T09:00:00Z"}]
        }
    )

    secret: str = Field(description="Signs what we send from now on. Shown this once.")
    previous_valid_until: datetime = Field(description="Until then the old one signs as well.")
