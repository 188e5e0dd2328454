from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sequencer.sequences.sequences.schemas import SequenceState


@dataclass(frozen=True, slots=True)
class Sequence:
    """A draft that is edited, and which of its published versions new enrollments are pinned to."""

    id: UUID
    version: int
    key: str
    title: str
    state: SequenceState
    draft: dict[str, object]
    published_version: int | None
    created_at: datetime
    updated_at: datetime


class SequenceChanges(TypedDict, total=False):
    key: str
    title: str
    state: SequenceState
    draft: dict[str, object]
    published_version: int


@dataclass(frozen=True, slots=True)
class SequenceVersion:
    """Never changed once written: enrollments are pinned to it."""

    number: int
    definition: dict[str, object]
    published_by: str
    published_at: datetime
