from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from shared.schemas import Out

DateField = Annotated[str, Field(max_length=200)]


class RuleSetFault(Out):
    code: str
    message: str
    pointer: str | None = None
    column: int | None = None
    suggestion: str | None = None


class RuleSetFill(Out):
    """How far the last look at every record has come."""

    state: str
    done: int
    total: int | None
    started_at: datetime
    finished_at: datetime | None
    corrected: int
    drift: int | None = Field(
        description="Of the nightly self-check: for how many records what was kept was wrong. It"
        " should be 0."
    )


FILL_EXAMPLE: dict[str, Any] = {
    "state": "done",
    "done": 400,
    "total": 400,
    "started_at": "2026-03-02T09:00:00Z",
    "finished_at": "2026-03-02T09:00:01Z",
    "corrected": 12,
    "drift": None,
}
