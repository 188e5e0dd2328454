"""What a touch is, and of which records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

KINDS: Final = ("inbound", "outbound", "meeting", "note")
"""A mail from a contact, a mail to one, a meeting, a note."""


def column_of(kind: str) -> str:
    """The name of the last one's instant."""
    return f"last_{kind}_at"


@dataclass(frozen=True, slots=True)
class Touch:
    kind: str
    record_type: str
    record_id: UUID
    at: datetime


def touches_of(
    kinds: Iterable[str], records: Iterable[tuple[str, UUID | None]], at: datetime
) -> list[Touch]:
    """Of each of these records, of those that are known."""
    known = {(record_type, id_) for record_type, id_ in records if id_ is not None}
    return [Touch(kind, *record, at) for kind in kinds for record in sorted(known)]


def moved(before: Mapping[str, object], after: Mapping[str, object]) -> Sequence[str]:
    """Names of those that are another now."""
    return [name for name in map(column_of, KINDS) if before[name] != after[name]]
