"""What changed, when it became true, when we learned it and why; and what a record was."""

from datetime import datetime
from uuid import UUID

from accounts_api.history import queries
from accounts_api.history.rules import rewound
from accounts_api.records.kinds import Kind
from accounts_api.records.refusals import RecordNotFound
from accounts_api.records.rules import State
from accounts_api.records.service import state_of
from shared.paging import CursorSigner
from shared.rows import json_object, json_page
from shared.service import Service
from shared.uow import UnitOfWork


async def history_page(
    uow: UnitOfWork,
    kind: Kind,
    record_id: UUID,
    cursors: CursorSigner,
    *,
    field: str | None,
    cursor: str | None,
    limit: int,
) -> bytes:
    """Changes of one record, newest first; a tombstone has its history too."""
    if await state_of(uow, kind, record_id) is None:
        raise RecordNotFound(f"There is no {kind.noun} with this id.")
    shape = ("history", kind.noun, str(record_id), field)
    before = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.changes_page(
        uow.session, uow.workspace_id, record_id, field=field, before=before, limit=limit + 1
    )
    kept = rows[:limit]
    following = None
    if len(rows) > limit:
        following = cursors.sign(uow.workspace_id, shape, [kept[-1].id])
    objects = [
        json_object(
            {
                "id": row.id,
                "field": row.field,
                "valid_from": row.valid_from,
                "known_at": row.known_at,
            },
            [("old", row.old), ("new", row.new), ("cause", row.cause)],
        )
        for row in kept
    ]
    return json_page(objects, following)


async def record_as_of(
    uow: UnitOfWork,
    kind: Kind,
    record_id: UUID,
    as_of: datetime | None,
    known_as_of: datetime | None,
) -> State:
    """The record as it was at an instant of the workspace's clock, as far as was known at another.

    Raises `RecordNotFound` when it did not exist then, or was deleted then.
    """
    state = await state_of(uow, kind, record_id)
    if state is None:
        raise RecordNotFound(f"There is no {kind.noun} with this id.")
    later = await queries.changes_after(
        uow.session,
        uow.workspace_id,
        record_id,
        valid_at=as_of or _END,
        known_at=known_as_of or _END,
    )
    past = rewound(state, later)
    if past is None or past["deleted"]:
        raise RecordNotFound(f"This {kind.noun} did not exist then.")
    return past


_END = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


async def make_partitions(service: Service) -> bool:
    """History is partitioned by month; the months to come are made ahead."""
    async with service.units.across_workspaces() as session:
        await queries.make_partitions(session)
    return False
