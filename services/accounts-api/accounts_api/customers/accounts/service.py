from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts_api.records.editing.edits import OURSELVES, Edit, Outcome
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.service import write
from shared.events.records import LifecycleStatus
from shared.uow import UnitOfWork

accounts = Records(ACCOUNT)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`since` is workspace time: when the status began to hold."""

    account_id: UUID
    status: LifecycleStatus
    since: datetime


async def set_lifecycle_status(uow: UnitOfWork, changes: Sequence[StatusChange]) -> list[Outcome]:
    """For the lifecycle rules alone: no public body can write it."""
    edits = [
        Edit(
            mode="update",
            id=str(change.account_id),
            values={
                "lifecycle_status": change.status,
                "lifecycle_status_since": change.since,
            },
        )
        for change in changes
    ]
    return await write(uow, ACCOUNT, edits, OURSELVES)
