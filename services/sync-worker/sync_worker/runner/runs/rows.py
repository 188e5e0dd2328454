"""A run as it is stored, and what may be written of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, TypedDict
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.sync import SyncDirection
from shared.value_types import literals

SyncRunStatus = TypeAliasType(
    "SyncRunStatus",
    Annotated[
        Literal["queued", "running", "held", "succeeded", "partial", "failed"],
        Field(
            description="`queued`: it begins soon. `held`: it waits for a person, because it would"
            " delete unusually much. `partial`: it kept what it could, or set single"
            " records aside, and the schedule goes on from there."
        ),
    ],
)
RUN_STATUSES: tuple[SyncRunStatus, ...] = literals(SyncRunStatus)
OpenStatus = Literal["queued", "running", "held"]
"""Of a connection at most one run is in each of them."""
SyncRunKind = TypeAliasType(
    "SyncRunKind",
    Annotated[
        Literal["full", "incremental"],
        Field(
            description="`incremental` reads what has changed since the run before, `full` reads"
            " every"
            " record again and finds what is gone."
        ),
    ],
)
RUN_KINDS: tuple[SyncRunKind, ...] = literals(SyncRunKind)
DIRECTIONS: tuple[SyncDirection, ...] = literals(SyncDirection)


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One pull from a connection or push to it, and how far it came. `objects` counts the same for
    each kind of record of the other system.
    """

    workspace_id: UUID
    id: UUID
    connection_id: UUID
    system: str
    direction: SyncDirection
    kind: SyncRunKind
    status: SyncRunStatus
    reason: str | None
    cause: list[dict[str, Any]]
    quiet_batch_id: UUID | None
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
    direction: SyncDirection
    kind: SyncRunKind
    status: SyncRunStatus
    cause: list[dict[str, Any]]
    quiet_batch_id: UUID | None
    read: int
    written: int
    rejected: int
    requests: int
    started_at: datetime


class RunChanges(TypedDict, total=False):
    kind: SyncRunKind
    quiet_batch_id: UUID | None
    status: SyncRunStatus
    reason: str | None
    held: dict[str, Any] | None
    approved: bool
    attempt: int
    next_retry_at: datetime | None
    started_at: datetime
    finished_at: datetime
