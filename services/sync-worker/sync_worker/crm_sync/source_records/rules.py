"""What we keep of a record of theirs, and what becomes of it: pure decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from sync_worker.crm_sync.translation.fold import Content, LeftOut

State = Literal["synced", "rejected", "stale", "pending_deletion", "deleted", "merged"]
STATES: tuple[State, ...] = get_args(State)

_RETRY_PAUSES = (0, 60, 300, 1_800, 7_200, 21_600, 86_400)
DELETE_SHARE = 0.1
DELETE_COUNT = 500
DELETE_FLOOR = 5
"""Deletions of one object that need no approval however few records there are."""


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What we kept of a record when we last saw it."""

    modstamp: datetime
    hash: bytes
    content: Content | None
    """None when the hash asked for is the one we have."""
    state: State
    attempts: int = 0
    left_out: tuple[LeftOut, ...] = ()


def retry_pause(attempts: int) -> int:
    """Seconds until a row that was refused `attempts` times is tried again, alone."""
    return _RETRY_PAUSES[min(max(attempts, 1), len(_RETRY_PAUSES)) - 1]


@dataclass(frozen=True, slots=True)
class Loss:
    """How many records of an object a run would delete, of how many it knows."""

    pending_deletion: int
    known: int

    @property
    def is_unusual(self) -> bool:
        if self.pending_deletion <= DELETE_FLOOR:
            return False
        return (
            self.pending_deletion > DELETE_COUNT
            or self.pending_deletion > self.known * DELETE_SHARE
        )
