from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from shared.schemas import In, Instant, Out
from sync_worker.partners.webhook_deliveries.rules import (
    MOST_ATTEMPTS,
    DeliveryOrigin,
    DeliveryStatus,
)

REPLAY_EXAMPLES: dict[str, Any] = {
    "span": {
        "summary": "What happened while we were down",
        "value": {"since": "2026-03-02T09:00:00Z", "until": "2026-03-02T11:30:00Z"},
    },
    "failed": {"summary": "All that never got through", "value": {"failed_only": True}},
    "some": {
        "summary": "Some events",
        "value": {"event_ids": ["0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b"]},
    },
}
ATTEMPT_EXAMPLE: dict[str, Any] = {
    "number": 1,
    "started_at": "2026-03-02T09:00:01Z",
    "status_code": 503,
    "milliseconds": 187,
    "error": None,
    "response": "down for maintenance",
}
_DELIVERY: dict[str, Any] = {
    "id": "0199a3f2-7a00-7c0a-9b55-2f7d1c3e4a5b",
    "endpoint_id": "0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b",
    "event_id": "0199a3f2-6d1e-7c0a-9b55-000000000001",
    "type": "account.updated",
    "origin": "event",
    "status": "pending",
    "attempts": 1,
    "next_attempt_at": "2026-03-02T09:00:06Z",
    "created_at": "2026-03-02T09:00:00Z",
    "finished_at": None,
}


class ReplayIn(In):
    """Exactly one of: a span of time, `failed_only`, `event_ids`."""

    since: Instant | None = Field(
        default=None, description="Events that came to the feed (`recorded_at`) from here on."
    )
    until: Instant | None = Field(
        default=None, description="And before this; without it, up to now."
    )
    failed_only: bool | None = Field(
        default=None,
        description="True: events of which no delivery succeeded or is still under way.",
    )
    event_ids: list[UUID] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="Also such as the filter leaves out.",
    )
    cursor: str | None = Field(
        default=None, max_length=2048, description="`next_cursor`, to go on with a long span."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        span = self.since is not None or self.until is not None
        if [span, bool(self.failed_only), self.event_ids is not None].count(True) != 1:
            raise ValueError("Give `since` and `until`, or `failed_only`, or `event_ids`.")
        if span and self.since is None:
            raise ValueError("Give `since` as well.")
        if self.cursor and not span:
            raise ValueError("`cursor` goes with `since`.")
        return self


class ReplayOut(Out):
    """How many events are sent again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"deliveries": 218, "has_more": False, "next_cursor": None}]
        }
    )

    deliveries: int = Field(description="How many were made; they go out at once.")
    has_more: bool = Field(description="More events match: ask again.")
    next_cursor: str | None = Field(description="Send it as `cursor` when you ask again.")


class AttemptOut(Out):
    """One try to send a delivery, and what was answered."""

    model_config = ConfigDict(json_schema_extra={"examples": [ATTEMPT_EXAMPLE]})

    number: int = Field(description="Counts the attempts of the delivery from 1.")
    started_at: datetime = Field(description="When it began, in UTC.")
    status_code: int | None = Field(description="Null when there was no answer; see `error`.")
    milliseconds: int | None = Field(description="How long it took; null: it was not ended.")
    error: str | None = Field(description="Why there was no answer; null: there was one.")
    response: str | None = Field(description="The first 20 kB of the answer.")


class DeliveryOut(Out):
    """One event on its way to one endpoint. A replay is another delivery of the same event."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DELIVERY]})

    id: UUID
    endpoint_id: UUID = Field(description="The id of the endpoint that it goes to.")
    event_id: UUID = Field(description="What is sent as `webhook-id`.")
    type: str = Field(description="The type of the event, such as `account.updated`.")
    origin: DeliveryOrigin
    status: DeliveryStatus
    attempts: int = Field(description=f"Made so far. After {MOST_ATTEMPTS} it has failed.")
    next_attempt_at: datetime | None = Field(
        description="Null when there is none to come, and while one is under way."
    )
    created_at: datetime
    finished_at: datetime | None = Field(
        description="When it succeeded or failed, in UTC; null: it goes on."
    )


class DeliveryDetails(DeliveryOut):
    """A delivery with what is sent and every attempt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {**_DELIVERY, "body": '{"type":"account.updated"}', "log": [ATTEMPT_EXAMPLE]}
            ]
        }
    )

    body: str | None = Field(description="What is sent, byte by byte; null when no longer kept.")
    log: list[AttemptOut] = Field(description="Every attempt.")
