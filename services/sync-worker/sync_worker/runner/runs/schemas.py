from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.events.sync import SyncDirection
from shared.schemas import IfUnreadable, StoredOut
from sync_worker.runner.runs.rows import SyncRunKind, SyncRunStatus


class SyncProgress(BaseModel):
    """Counts of one kind of record. `done` says that everything there was has been dealt with."""

    read: Annotated[int, Field(description="Records that were read.")] = 0
    written: Annotated[int, Field(description="Records that were written here.")] = 0
    unchanged: Annotated[int, Field(description="Records that were here as they are there.")] = 0
    rejected: Annotated[int, Field(description="Records that could not be taken over.")] = 0
    warned: Annotated[
        int, Field(description="Records that were taken over without some value.")
    ] = 0
    deleted: Annotated[int, Field(description="Records that were deleted here.")] = 0
    merged: Annotated[int, Field(description="Records that were merged here.")] = 0
    done: Annotated[
        bool, Field(description="Whether everything there was has been dealt with.")
    ] = False
    note: str | None = Field(default=None, description="What a person should know of it.")


class SyncRunOut(StoredOut):
    """One reading of a connection, or writing to it. `partial` kept what it could and says why it
    stopped, or set single rows aside; the schedule goes on from there. `held` waits for a person,
    because it would delete unusually much.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-6a10-7b3c-9d2e-1f2a3b4c5d6e",
                    "connection_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                    "system": "salesforce",
                    "direction": "pull",
                    "kind": "incremental",
                    "status": "partial",
                    "quiet_batch_id": None,
                    "reason": "Contact: REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.",
                    "objects": {
                        "Account": {
                            "read": 312,
                            "written": 4,
                            "unchanged": 308,
                            "rejected": 0,
                            "warned": 2,
                            "deleted": 0,
                            "merged": 0,
                            "done": True,
                            "note": None,
                        }
                    },
                    "read": 312,
                    "written": 4,
                    "unchanged": 308,
                    "rejected": 0,
                    "warned": 2,
                    "deleted": 0,
                    "requests": 9,
                    "held": None,
                    "attempt": 1,
                    "next_retry_at": "2026-03-02T09:16:00Z",
                    "created_at": "2026-03-02T09:01:00Z",
                    "started_at": "2026-03-02T09:01:00Z",
                    "finished_at": "2026-03-02T09:01:03Z",
                }
            ]
        }
    )

    id: UUID
    connection_id: UUID
    system: str = Field(description="The system that it read or wrote, such as `salesforce`.")
    direction: SyncDirection
    kind: SyncRunKind
    status: SyncRunStatus
    quiet_batch_id: UUID | None = Field(
        description="The quiet batch that its records are written under, see `GET"
        " /v1/quiet-batches/{id}`; null: everything follows as always."
    )
    reason: str | None = Field(description="Why it did not do everything, in words; null: it did.")
    objects: Annotated[dict[str, SyncProgress], IfUnreadable({})] = Field(
        description="Counts for each object of the other system."
    )
    read: int = Field(description="Records that were read.")
    written: int = Field(description="Records that were written.")
    unchanged: int = Field(description="Records that were here as they are there.")
    rejected: int = Field(
        description="Records that could not be taken over; see the rejected records."
    )
    warned: int = Field(description="Written without some value; see the warned records.")
    deleted: int = Field(description="Records that were deleted here.")
    requests: int = Field(description="Calls made to the other system.")
    held: dict[str, Any] | None = Field(
        description="For each object: how many records would be deleted, of how many."
    )
    attempt: int = Field(description="Which attempt it is, from 1.")
    next_retry_at: datetime | None = Field(
        description="When it is tried again, in UTC; null: it is not."
    )
    created_at: datetime
    started_at: datetime | None = Field(description="When it began, in UTC; null: it is queued.")
    finished_at: datetime | None = Field(description="When it ended, in UTC; null: it goes on.")
