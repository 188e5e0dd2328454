"""What changed, when it became true, when we learned it and why; and what a record was."""

from datetime import datetime
from uuid import UUID

from accounts_api.records.history import queries
from accounts_api.records.history.rules import rewound
from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT, RecordSchema
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.store.service import state_of
from shared.errors import NotFound, invalid
from shared.history import service as shared_history
from shared.history.queries import Wanted
from shared.history.service import causes_of, change_json
from shared.json_rows import json_object, json_page
from shared.page_bytes import fitting
from shared.paging import CursorSigner
from shared.service import Service
from shared.uow import UnitOfWork

__all__ = [
    "Wanted",
    "history_page",
    "make_partitions",
    "must_have_come",
    "one_change",
    "plan_roles_page",
    "record_as_of",
]


async def history_page(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    cursors: CursorSigner,
    *,
    wanted: Wanted,
    cursor: str | None,
    limit: int,
) -> bytes:
    """Changes of one record, newest first; a tombstone has its history too."""
    if await state_of(uow, schema, record_id) is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    return await shared_history.history_page(
        uow,
        schema.record_type,
        record_id,
        cursors,
        queries.labels,
        wanted=wanted,
        cursor=cursor,
        limit=limit,
    )


async def one_change(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, change_id: UUID
) -> bytes:
    """Why one field changed: the whole chain, and what was written with it."""
    if await state_of(uow, schema, record_id) is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    row = await queries.change_by_id(uow, record_id, change_id)
    if row is None:
        raise NotFound("There is no change with this id.")
    (cause,) = await causes_of(uow, [row], queries.labels)
    return change_json(row, cause, ("related_changes", row.related_changes))


async def plan_roles_page(
    uow: UnitOfWork, account_id: UUID, cursors: CursorSigner, cursor: str | None, limit: int
) -> bytes:
    """How the parts of contacts in one account changed, newest first."""
    if await state_of(uow, ACCOUNT, account_id) is None:
        raise RecordNotFound("There is no account with this id.")
    shape = ("plan roles", str(account_id))
    before = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.plan_roles_page(uow, account_id, before, limit + 1)
    kept = fitting(rows, limit)
    following = None
    if len(rows) > len(kept):
        following = cursors.sign(uow.workspace_id, shape, [kept[-1].id])
    causes = await causes_of(uow, kept, queries.labels)
    names = ("id", "contact_id", "contact_name", "valid_from", "known_at")
    objects = [
        json_object(
            {name: getattr(row, name) for name in names},
            [("old", row.old), ("new", row.new), ("cause", cause)],
        )
        for row, cause in zip(kept, causes, strict=True)
    ]
    return json_page(objects, following)


async def must_have_come(uow: UnitOfWork, as_of: datetime | None, pointer: str) -> None:
    """Raises `Invalid` for an instant that is still to come by the workspace's clock: nobody knows
    yet what will be.
    """
    if as_of is None:
        return
    now = await uow.now()
    if as_of > now:
        message = f"It is {now.isoformat()} by the workspace's clock: that is still to come."
        raise invalid(pointer, "in_the_future", message)


async def record_as_of(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    as_of: datetime | None,
    known_as_of: datetime | None,
) -> RecordState:
    """The record as it was at an instant of the workspace's clock, as far as was known at another.

    Raises `RecordNotFound` when it did not exist then, or was deleted then, and `Invalid` for an
    instant to come.
    """
    await must_have_come(uow, as_of, "/query/as_of")
    state = await state_of(uow, schema, record_id)
    if state is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    valid_at, known_at = as_of or _END, known_as_of or _END
    past = rewound(
        state, await queries.undone(uow, record_id, valid_at=valid_at, known_at=known_at)
    )
    if past is None or past["deleted"]:
        raise RecordNotFound(f"This {schema.record_type} did not exist then.")
    return past


_END = datetime.fromisoformat("9999-01-01T00:00:00+00:00")


async def make_partitions(service: Service) -> bool:
    """History is partitioned by month; the months to come are made ahead."""
    async with service.units.across_workspaces() as scope:
        await queries.make_partitions(scope)
    return False
