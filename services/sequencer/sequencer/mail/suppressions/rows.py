from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Reason = Literal["hard_bounce", "soft_bounces", "unsubscribed", "complained", "manual"]


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that nothing is sent to."""

    id: UUID
    address: str
    reason: Reason
    note: str | None
    message_id: UUID | None
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ActiveSuppression:
    """Why an address is not written to now, and until when; None: until it is lifted."""

    address: str
    reason: Reason
    expires_at: datetime | None
