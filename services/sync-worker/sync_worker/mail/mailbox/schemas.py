from datetime import datetime

from pydantic import ConfigDict, Field

from shared.schemas import Out


class RejectedMailOut(Out):
    """A mail that could not be read; those after it were."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "uid_validity": 1714550400,
                    "uid": 4711,
                    "arrived_at": "2026-03-02T09:00:00Z",
                    "reason": "It could not be taken apart. Look at it in the mailbox.",
                    "rejected_at": "2026-03-02T09:00:10Z",
                }
            ]
        }
    )

    uid_validity: int = Field(description="Under which `uid` is the mail's number in its folder.")
    uid: int = Field(description="The number of the mail in its folder.")
    arrived_at: datetime = Field(description="When it came to the mailbox, in UTC.")
    reason: str = Field(description="Why it could not be read, for people.")
    rejected_at: datetime = Field(description="When it was set aside, in UTC.")
