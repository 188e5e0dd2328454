"""What changed of tasks and notes: when, from what to what, and why. Nothing of it is ever changed;
it goes with a note that is deleted for good.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.history import service as shared_history
from shared.history.queries import Wanted
from shared.ids import new_id
from shared.paging import CursorSigner
from shared.uow import UnitOfWork
from tasks_api.records.history import queries

__all__ = ["Wanted", "forget", "page", "record_changes", "record_created"]

forget = queries.forget
Differences = Mapping[str, tuple[Any, Any]]


async def record_created(
    uow: UnitOfWork, record_type: str, since: Iterable[tuple[UUID, datetime]]
) -> None:
    """That these began, each at its instant."""
    rows = [
        {"record_id": id_, "id": new_id(), "field": "created", "valid_from": at}
        for id_, at in since
    ]
    if rows:
        await queries.insert_changes(uow, record_type, rows)


async def record_changes(
    uow: UnitOfWork, record_type: str, changes: Iterable[tuple[UUID, Differences]]
) -> None:
    """What became of fields just now, each from its old value to its new one."""
    rows = [
        {"record_id": id_, "id": new_id(), "field": field, "old": old, "new": new}
        for id_, differences in changes
        for field, (old, new) in differences.items()
    ]
    if rows:
        await queries.insert_changes(uow, record_type, rows)


async def page(
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    cursors: CursorSigner,
    wanted: Wanted,
    cursor: str | None,
    limit: int,
) -> bytes:
    """Newest first. Whether there is such a record, and for whom, is for the caller."""
    return await shared_history.history_page(
        uow,
        record_type,
        record_id,
        cursors,
        queries.labels,
        wanted=wanted,
        cursor=cursor,
        limit=limit,
    )
