"""The `webhooks` of the OpenAPI document: every type that partners can hear, from the registry."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.events.base import Event
from sync_worker.partners.partner_events.examples import example_of
from sync_worker.partners.partner_events.rules import API_VERSION, CATALOG, TEST_TYPE
from sync_worker.partners.partner_events.unions import sentence_of

_ANSWERS: dict[int | str, dict[str, Any]] = {
    "3XX": {"description": "Not received: redirects are not followed. It is sent again."},
    "4XX": {
        "description": "Not received. It is sent again by the schedule, up to ten times in three"
        " days; an endpoint of which every attempt failed for five days is disabled."
    },
    "410": {"description": "Not wanted any more: it is not sent again, the endpoint is disabled."},
    "429": {"description": "Not received: sent again when `Retry-After` says, within bounds."},
    "503": {"description": "Not received: sent again when `Retry-After` says, within bounds."},
    "5XX": {"description": "Not received. It is sent again by the schedule, as after 4XX."},
}
_TIMESTAMP = "2026-03-02T09:00:00.120000Z"


class TruncatedData(BaseModel):
    """In place of data that would make the payload larger than 20 kB: its plain fields, and where
    the whole event is.
    """

    model_config = ConfigDict(extra="allow")

    truncated: Literal[True] = Field(description="Says that this is not the whole.")
    url: str = Field(description="Where the whole event is: `GET /v1/events/{id}`.")


class WebhookTest(BaseModel):
    """What a test event says."""

    endpoint_id: str = Field(description="The id of the endpoint that is tested.")
    message: str = Field(description="A sentence for people.")


WebhookId = Annotated[
    str, Header(alias="webhook-id", description="Id of the event; the same at every attempt.")
]
WebhookTimestamp = Annotated[
    str, Header(alias="webhook-timestamp", description="Of this attempt, in Unix seconds.")
]
WebhookSignature = Annotated[
    str, Header(alias="webhook-signature", description="`v1,…`, one for each valid secret.")
]


def webhooks_router() -> APIRouter:
    router = APIRouter(tags=["Webhooks"])
    for public_type, event in sorted(CATALOG.items()):
        kind = event | TruncatedData if _may_be_long(event) else event
        about = sentence_of(event, public_type)
        _describe(router, public_type, kind, example_of(event, public_type), about)
    test = {"endpoint_id": "0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b", "message": "It works."}
    _describe(
        router,
        TEST_TYPE,
        WebhookTest,
        test,
        "Sent when you ask for it, to one endpoint and once. It is not in the feed.",
    )
    return router


def _describe(
    router: APIRouter, public_type: str, data: Any, example: dict[str, Any], about: str
) -> None:
    noun, _, fact = public_type.partition(".")
    shown: dict[str, Any] = {
        "type": public_type,
        "timestamp": _TIMESTAMP,
        "api_version": API_VERSION,
        "quiet_batch_id": None,
        "data": example,
    }
    payload: Any = create_model(
        "".join(part.capitalize() for part in (*noun.split("_"), *fact.split("_"), "webhook")),
        __config__=ConfigDict(json_schema_extra={"examples": [shown]}),
        __doc__=f"What is sent to an endpoint as `{public_type}`.",
        type=(_exactly(public_type), Field(description="What happened.")),
        timestamp=(datetime, Field(description="When it happened, by the workspace's clock.")),
        api_version=(
            _exactly(API_VERSION),
            Field(description="The version of the API by which `data` is read."),
        ),
        quiet_batch_id=(
            UUID | None,
            Field(
                description="The quiet batch that it follows from, such as an import; null: it"
                " happened as always."
            ),
        ),
        data=(data, Field(description="What happened, in full or shortened.")),
    )

    async def received(
        webhook_id: WebhookId,
        webhook_timestamp: WebhookTimestamp,
        webhook_signature: WebhookSignature,
        payload: Any,
    ) -> None:
        return  # only described here: partners answer it

    received.__annotations__["payload"] = payload
    router.add_api_route(
        public_type,
        received,
        methods=["POST"],
        operation_id=f"on_{noun}_{fact}",
        summary=f"{noun.replace('_', ' ').capitalize()} {fact.replace('_', ' ')}",
        description=about,
        responses=_ANSWERS,
        response_description="Received. Any 2xx will do, nothing else will. Answer within 15"
        " seconds, before you work on it.",
        status_code=204,
    )


def _exactly(value: str) -> Any:
    return Literal[value]


def _may_be_long(event: type[Event]) -> bool:
    """Whether it holds anything but plain fields."""
    fields = event.model_json_schema()["properties"].values()
    return any("$ref" in str(field) or "'object'" in str(field) for field in fields)
