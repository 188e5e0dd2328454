from uuid import UUID

from pydantic import ConfigDict

from shared.schemas import Out
from sync_worker.partners.webhook_deliveries.schemas import ATTEMPT_EXAMPLE, AttemptOut


class TestOut(Out):
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

    succeeded: bool
    delivery_id: UUID
    event_id: UUID
    attempt: AttemptOut
