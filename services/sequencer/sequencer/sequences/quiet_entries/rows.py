"""Quiet batches and entries as they are stored."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.sequences import EnrollmentEntry
from shared.value_types import literals

KEPT: Final = timedelta(days=90)
"""How long after its last write a batch may be released."""
QuietEntryStatus = TypeAliasType(
    "QuietEntryStatus",
    Annotated[
        Literal["held", "released", "entered", "refused", "let_go"],
        Field(
            description="`held`: it waits for a person. `released`: its turn comes at `due_at`."
            " `entered`: it is, or was, under way. `refused`: when its turn came something stood in"
            " its way. `let_go`: it left the audience or was entered by hand before."
        ),
    ],
)
ENTRY_STATUSES: tuple[QuietEntryStatus, ...] = literals(QuietEntryStatus)


@dataclass(frozen=True, slots=True)
class QuietBatch:
    id: UUID
    title: str
    cause: list[dict[str, Any]]
    opened_at: datetime
    written_at: datetime

    @property
    def expires_at(self) -> datetime:
        return self.written_at + KEPT


@dataclass(frozen=True, slots=True)
class QuietEntry:
    """An opportunity that would have entered a sequence."""

    id: UUID
    batch_id: UUID
    sequence_id: UUID
    opportunity_id: UUID
    entry: EnrollmentEntry
    status: QuietEntryStatus
    detail: str | None
    held_at: datetime
    due_at: datetime | None
    decided_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Whether a person has let it enter and its turn has come."""
        return self.status == "released" and self.due_at is not None and self.due_at <= now
