from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas import IfUnreadable, StoredOut
from sync_worker.runner.runs.rows import Direction, RunKind, RunStatus


class Progress(BaseModel):
    """Counts of one kind of record. `done` says that everything there was has been dealt with."""

    read: int = 0
    written: int = 0
    unchanged: int = 0
    rejected: int = 0
    warned: int = 0
    deleted: int = 0
    merged: int = 0
    done: bool = False
    note: str | None = Field(default=None, description="What a person should know of it.")


class SyncRunOut(StoredOut):
    """`partial` kept what it could and says why it stopped, or set single rows aside; the schedule
    goes on from there. `held` waits for a person, because it would delete unusually much.
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
    system: str
    direction: Direction
    kind: RunKind
    status: RunStatus
    reason: str | None
    objects: Annotated[dict[str, Progress], IfUnreadable({})]
    read: int
    written: int
    unchanged: int
    rejected: int = Field(
        description="Records that could not be taken over; see the rejected records."
    )
    warned: int = Field(description="Written without some value; see the warned records.")
    deleted: int
    requests: int = Field(description="Calls made to the other system.")
    held: dict[str, Any] | None = Field(
        description="For each object: how many records would be deleted, of how many."
    )
    attempt: int
    next_retry_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
