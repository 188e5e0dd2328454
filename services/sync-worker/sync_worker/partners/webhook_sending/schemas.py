from uuid import UUID

from pydantic import ConfigDict, Field

from shared.schemas import Out
from sync_worker.partners.webhook_deliveries.schemas import ATTEMPT_EXAMPLE, AttemptOut


class WebhookTestResult(Out):
    """What an endpoint answered to a test event."""

    __test__ = False  # not one of pytest's

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "succeeded": False,
                    "delivery_id": "0199a3f2-7a00-7c0a-9b55-2f7d1c3e4a5b",
                    "event_id": "0199a3f2-6d1e-7c0a-9b55-000000000001",
                    "attempt": ATTEMPT_EXAMPLE,
                }
            ]
        }
    )

    succeeded: bool = Field(description="Whether it answered 2xx.")
    delivery_id: UUID = Field(
        description="The id of the delivery, which is in the list of deliveries."
    )
    event_id: UUID = Field(description="What was sent as `webhook-id`.")
    attempt: AttemptOut = Field(description="The one attempt that was made.")
