"""A run as it is stored, and what may be written of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict, get_args
from uuid import UUID

RunStatus = Literal["queued", "running", "held", "succeeded", "partial", "failed"]
RUN_STATUSES: tuple[RunStatus, ...] = get_args(RunStatus)
OpenStatus = Literal["queued", "running", "held"]
"""Of a connection at most one run is in each of them."""
EndStatus = Literal["succeeded", "partial", "failed"]
RunKind = Literal["full", "incremental"]
RUN_KINDS: tuple[RunKind, ...] = get_args(RunKind)
Direction = Literal["pull", "push"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One pull from a connection or push to it, and how far it came. `objects` counts the same for
    each kind of record of the other system.
    """

    workspace_id: UUID
    id: UUID
    connection_id: UUID
    system: str
    direction: Direction
    kind: RunKind
    status: RunStatus
    reason: str | None
    cause: list[dict[str, Any]]
    objects: dict[str, Any]
    read: int
    written: int
    unchanged: int
    rejected: int
    warned: int
    deleted: int
    requests: int
    held: dict[str, Any] | None
    approved: bool
    attempt: int
    next_retry_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class NewRun(TypedDict, total=False):
    id: UUID
    connection_id: UUID
    system: str
    direction: Direction
    kind: RunKind
    status: RunStatus
    cause: list[dict[str, Any]]
    read: int
    written: int
    rejected: int
    requests: int
    started_at: datetime


class RunChanges(TypedDict, total=False):
    kind: RunKind
    status: RunStatus
    reason: str | None
    held: dict[str, Any] | None
    approved: bool
    attempt: int
    next_retry_at: datetime | None
    started_at: datetime
    finished_at: datetime
