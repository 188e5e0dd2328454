from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from sequencer.sequences.manual_entry.schemas import GateOut
from sequencer.sequences.quiet_entries.rows import QuietEntryStatus
from shared.events.base import Cause
from shared.events.sequences import EnrollmentEntry
from shared.schemas import In, KeyOrId, Out

_BATCH_ID = "0198c0de-0300-7a3b-8c4d-5e6f708192a3"
_SEQUENCE = "0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d"
_COUNTS = {"held": 5, "released": 0, "entered": 0, "refused": 0, "let_go": 0}
_BATCH: dict[str, Any] = {
    "id": _BATCH_ID,
    "title": "accounts.csv",
    "cause": [
        {"type": "member", "id": "0198c0de-0009-7a3b-8c4d-5e6f708192a3", "label": "Ada Lovelace"},
        {"type": "import", "id": _BATCH_ID, "label": "accounts.csv"},
    ],
    "opened_at": "2026-03-02T09:00:00Z",
    "written_at": "2026-03-02T09:00:00Z",
    "expires_at": "2026-05-31T09:00:00Z",
    "expired": False,
    **_COUNTS,
    "sequences": [{"sequence_id": _SEQUENCE, "title": "Scaled renewals", **_COUNTS}],
}
_ENTRY: dict[str, Any] = {
    "id": "0198c0de-0e01-7a3b-8c4d-5e6f708192a3",
    "sequence_id": _SEQUENCE,
    "opportunity_id": "0198c0de-0bb0-7c3e-9b5d-2f4e6a8c0b1d",
    "opportunity_name": "Acme renewal 2027",
    "account_id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
    "account_name": "Acme",
    "entry": "audience",
    "status": "held",
    "would_enter": False,
    "obstacles": [
        {
            "name": "deal_room",
            "passed": False,
            "detail": "There is no deal room.",
            "cause": "no_deal_room",
        }
    ],
    "detail": None,
    "held_at": "2026-03-02T09:00:02Z",
    "due_at": None,
    "decided_at": None,
}


class QuietCounts(Out):
    """How many entries are where."""

    held: int = Field(description="Entries that wait for a person.")
    released: int = Field(description="Entries whose turn is to come.")
    entered: int = Field(description="Entries that are, or were, under way.")
    refused: int = Field(description="Entries that something stood in the way of.")
    let_go: int = Field(
        description="Entries that left the audience or were entered by hand before."
    )


class QuietSequence(QuietCounts):
    """What a batch has held back of one sequence."""

    sequence_id: UUID
    title: str = Field(description="What the sequence is called.")


class QuietBatchOut(QuietCounts):
    """Quiet writes that belong together, such as an import or the first pull of a connection, and
    what they would have started. Statuses, segments and search followed as always.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_BATCH]})

    id: UUID = Field(
        description="The id of the batch: of an import its id, of a first pull that of the"
        " connection."
    )
    title: str = Field(description="What people call it, such as the name of a file.")
    cause: list[Cause] = Field(description="Who or what wrote, from the origin to the writer.")
    opened_at: datetime = Field(description="When the first write was heard of, in UTC.")
    written_at: datetime = Field(description="When the last write was heard of, in UTC.")
    expires_at: datetime = Field(
        description="Until when it can be released, in UTC: 90 days after the last write."
    )
    expired: bool = Field(description="Whether it is too late to release it.")
    sequences: list[QuietSequence] = Field(description="The same counts by sequence.")


class QuietEntryOut(Out):
    """An opportunity that would have entered a sequence."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ENTRY]})

    id: UUID
    sequence_id: UUID
    opportunity_id: UUID
    opportunity_name: str | None = Field(
        description="What the opportunity is called; null: we have not heard of it."
    )
    account_id: UUID | None
    account_name: str | None = Field(description="What its account is called; null: it has none.")
    entry: EnrollmentEntry = Field(description="Which way it would have entered.")
    status: QuietEntryStatus
    would_enter: bool = Field(
        description="Whether it would enter if it were released now; false of one that is not held"
        " any more."
    )
    obstacles: list[GateOut] = Field(
        description="What stands in its way besides being held; empty of one that is not held any"
        " more."
    )
    detail: str | None = Field(description="Why it was refused; null: it was not.")
    held_at: datetime = Field(description="When it would have entered, in UTC.")
    due_at: datetime | None = Field(
        description="When its turn comes, in UTC; null: nobody has released it."
    )
    decided_at: datetime | None = Field(
        description="When it entered, was refused or was let go, in UTC; null before."
    )


_MOST_NAMED = 1_000


class ReleaseIn(In):
    """Which held entries of a batch may enter; what is left out narrows nothing."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"sequence_ids": [_SEQUENCE], "per_minute": 10}]}
    )

    sequence_ids: list[KeyOrId] | None = Field(
        default=None,
        min_length=1,
        max_length=_MOST_NAMED,
        description="Only entries of these sequences, each by its id or key.",
    )
    opportunity_ids: list[UUID] | None = Field(
        default=None,
        min_length=1,
        max_length=_MOST_NAMED,
        description="Only entries of these opportunities.",
    )
    per_minute: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="How many get their turn in each minute. The first ones get it now.",
    )


class ReleaseOut(Out):
    """What was released."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"released": 5, "last_due_at": "2026-03-03T10:00:00Z"}]}
    )

    released: int = Field(description="How many entries will get their turn.")
    last_due_at: datetime | None = Field(
        description="When the last of them gets its turn, in UTC; null: there was none."
    )
