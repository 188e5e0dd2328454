"""Deliveries and attempts as they are stored."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.value_types import literals
from sync_worker.partners.webhook_deliveries.rules import DeliveryOrigin, DeliveryStatus

ORIGINS: tuple[DeliveryOrigin, ...] = literals(DeliveryOrigin)
VERDICTS: tuple[DeliveryStatus, ...] = literals(DeliveryStatus)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One event on its way to one endpoint. A replay is another delivery of the same event."""

    workspace_id: UUID
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    origin: DeliveryOrigin
    status: DeliveryStatus
    attempts: int
    due_at: datetime
    lease_token: UUID | None
    finished_at: datetime | None
    created_at: datetime

    @property
    def next_attempt_at(self) -> datetime | None:
        waits = self.status == "pending" and self.lease_token is None
        return self.due_at if waits else None


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One POST, or the try of one. Without a status there was no answer; `error` says why."""

    number: int
    started_at: datetime
    status_code: int | None
    milliseconds: int | None
    error: str | None
    response: str | None


@dataclass(frozen=True, slots=True)
class NewDelivery:
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
