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
    """In workspace time: from `at` on, or from `since`, the account has a status `since` then."""

    account_id: UUID
    status: LifecycleStatus
    since: datetime
    at: datetime | None = None


async def set_lifecycle_status(
    uow: UnitOfWork, changes: Sequence[StatusChange], *, of_the_past: bool = False
) -> list[Outcome]:
    """For the lifecycle rules alone: no public body can write it. What the status was thought to be
    from then on is taken back. What is only `of_the_past` is told of deleted accounts, too: an
    instant before the deletion does not bring them back.
    """
    edits = [
        Edit(
            mode="update",
            id=str(change.account_id),
            values={
                "lifecycle_status": change.status,
                "lifecycle_status_since": change.since,
            },
            effective_at=change.at or change.since,
            overrides=True,
            restore=of_the_past,
        )
        for change in changes
    ]
    return await write(uow, ACCOUNT, edits, OURSELVES)
