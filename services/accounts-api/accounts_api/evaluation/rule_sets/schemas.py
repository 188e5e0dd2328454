"""A rule as it is written, and what it shows of its evaluation: faults, and how far a backfill has
come.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.schemas import Out

DateField = Annotated[str, Field(max_length=200)]
WrittenRule = dict[str, Any] | Annotated[str, Field(max_length=50_000)]
"""As JSON or as text."""


class RuleFault(Out):
    code: str
    message: str
    pointer: str | None = None
    column: int | None = None
    suggestion: str | None = None


class Progress(Out):
    """How far the latest evaluation of every record has come. `corrected` counts what it changed:
    memberships, statuses, values.
    """

    state: Literal["running", "done"]
    processed: int
    total: int | None = Field(description="Null until the first batch has been evaluated.")
    started_at: datetime
    finished_at: datetime | None
    corrected: int
    drift: int | None = Field(
        description="Of an evaluation that repeats an earlier one, such as the nightly recheck:"
        " for how many records the stored result was wrong. It should be 0."
    )


PROGRESS_EXAMPLE: dict[str, Any] = {
    "state": "done",
    "processed": 400,
    "total": 400,
    "started_at": "2026-03-02T09:00:00Z",
    "finished_at": "2026-03-02T09:00:01Z",
    "corrected": 12,
    "drift": None,
}
