"""Deliveries that are claimed, with what sending them takes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sync_worker.partners.webhook_deliveries.rules import DeliveryOrigin


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this process sends now, as attempt `number`."""

    workspace_id: UUID
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    origin: DeliveryOrigin
    number: int
    token: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """What claimed deliveries carry; `data` is JSON as it was written."""

    workspace_id: UUID
    id: UUID
    type: str
    data: str
    timestamp: str
    quiet_batch_id: str | None


@dataclass(frozen=True, slots=True)
class ClaimedEndpoint:
    """Where claimed deliveries go, with what is sealed: headers, and secrets that sign now."""

    workspace_id: UUID
    id: UUID
    url: str
    headers: bytes | None
    failures: int
    secret_ids: list[UUID]
    sealed: list[bytes]
