from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

SuppressionReason = TypeAliasType(
    "SuppressionReason",
    Annotated[
        Literal["hard_bounce", "soft_bounces", "unsubscribed", "complained", "manual"],
        Field(
            description="Why nothing is sent to an address. `hard_bounce`: mail to it came back for"
            " good. `soft_bounces`: it came back several times. `unsubscribed`,"
            " `complained`: its recipient said so, and only they take it back. `manual`: a"
            " person or a client added it."
        ),
    ],
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that nothing is sent to."""

    id: UUID
    address: str
    reason: SuppressionReason
    note: str | None
    message_id: UUID | None
    expires_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ActiveSuppression:
    """Why an address is not written to now, and until when; None: until it is lifted."""

    address: str
    reason: SuppressionReason
    expires_at: datetime | None
