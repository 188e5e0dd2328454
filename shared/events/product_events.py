"""Product events that others watch, and who says what they watch."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import Field

from shared.events.base import Event


class ProductEventsWatched(Event):
    """Something of a service watches product events of some names: accounts publishes these,
    and no others. It is all that one watcher watches, nothing when it is gone. Each
    publisher has its own name for it.
    """

    service: ClassVar[str]

    watcher: str = Field(description="What watches, such as `webhook_endpoint:<id>`.")
    names: list[str]


class ProductEventTracked(Event):
    """Somebody did something in the product that something of the workspace watches by name: a
    webhook endpoint's `product_events`, a playbook. Published once, as soon as it is known of which
    contact or account it is; events that nothing watches are counted, and not published.
    """

    name: ClassVar[str] = "accounts.product_event_tracked.v1"
    public_name: ClassVar[str | None] = "product_event.tracked"

    id: UUID = Field(description="The id of the product event.")
    message_id: str = Field(description="The id that the sender gave it, or one made for it.")
    event: str = Field(description="What happened, by name.")
    contact_id: UUID | None = Field(description="The contact who did it; null: none is known.")
    account_id: UUID | None = Field(
        description="The account in which it was done; null: none is known."
    )
    properties: dict[str, Any] = Field(description="What else the sender said of it.")
    happened_at: datetime = Field(
        description="When it happened, corrected by the skew of the sender's clock."
    )
