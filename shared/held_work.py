"""Work that failed on one item: held with its reason, listed, and tried again at growing intervals.

A step that finds due rows leaves out held items (`not_held`), so that a bad item neither stops the
others nor is tried without end. It is tried again after a minute, two, four, up to a day, and at
once when somebody asks. An item that succeeds is released.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    RowMapping,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.batches import is_passing, reason_of
from shared.columns import AT, NOW, workspace_key
from shared.errors import NotFound
from shared.events.base import Cause
from shared.ids import new_id
from shared.logging import get_logger
from shared.uow import UnitOfWork, UnitsOfWork

log = get_logger(__name__)
T = TypeVar("T")

_LONGEST = 2_000


def held_work(metadata: MetaData) -> Table:
    """The table, on the metadata of a service that holds work."""
    table = Table(
        "held_work",
        metadata,
        workspace_key(),
        Column("id", Uuid, nullable=False),
        Column("step", Text, nullable=False),
        Column("item", Text, nullable=False, comment="which of the step's items; one row for each"),
        Column("about", JSONB, nullable=False, server_default="{}"),
        Column("reason", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default="1"),
        Column("held_at", AT, nullable=False, server_default=NOW),
        Column("retry_at", AT, nullable=False),
        PrimaryKeyConstraint("workspace_id", "step", "item"),
    )
    Index("ix_held_work_retry_at", table.c.workspace_id, table.c.step, table.c.retry_at)
    return table


class NotHeld(NotFound):
    code = "held_work_not_found"
    title = "No such work is held here"


def not_held(step: str, workspace: str, item: str) -> str:
    """A condition of a statement that finds due work: SQL names of the workspace and the item."""
    return (
        f"not exists (select 1 from held_work h where h.workspace_id = {workspace}"
        f" and h.step = '{step}' and h.item = {item} and h.retry_at > clock_timestamp())"
    )


_HOLD = text(
    """
    insert into held_work (workspace_id, id, step, item, about, reason, retry_at)
    values (:workspace_id, :id, :step, :item, cast(:about as jsonb), :reason,
            clock_timestamp() + interval '1 minute')
    on conflict (workspace_id, step, item) do update
    set reason = excluded.reason, about = excluded.about, attempts = held_work.attempts + 1,
        retry_at = clock_timestamp()
            + least(power(2, least(held_work.attempts, 20)), 1440) * interval '1 minute'
    """
)
_ITEMS = text("select item from held_work where workspace_id = :workspace_id and step = :step")
_LET_GO = text(
    """
    delete from held_work
    where workspace_id = :workspace_id and step = :step and item = any(cast(:items as text[]))
    """
)
_COUNT = text("select step, count(*) from held_work where workspace_id = :workspace_id group by 1")
_COLUMNS = "id, step, item, about, reason, attempts, held_at, retry_at"
_PAGE = text(
    f"""
    select {_COLUMNS} from held_work
    where workspace_id = :workspace_id and (held_at, id) > (:held_at, :after_id)
    order by held_at, id
    limit :limit
    """
)
_DUE = text(
    f"""
    select {_COLUMNS} from held_work
    where workspace_id = :workspace_id and step = :step and retry_at <= clock_timestamp()
    order by retry_at limit :limit
    """
)
_RETRY = text(
    f"""
    update held_work set retry_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :id returning {_COLUMNS}
    """
)


async def hold(
    uow: UnitOfWork,
    step: str,
    item: str,
    error: Exception,
    about: Mapping[str, Any] | None = None,
) -> None:
    values = {
        "workspace_id": uow.workspace_id,
        "id": new_id(),
        "step": step,
        "item": item,
        "about": to_json(about or {}).decode(),
        "reason": reason_of(error)[:_LONGEST],
    }
    await uow.session.execute(_HOLD, values)


async def let_go(uow: UnitOfWork, step: str, succeeded: Callable[[str], bool]) -> None:
    """Release the held items of the step that succeeded now. Costs one query while none is held."""
    values = {"workspace_id": uow.workspace_id, "step": step}
    items = [item for item in await uow.session.scalars(_ITEMS, values) if succeeded(item)]
    if items:
        await uow.session.execute(_LET_GO, {**values, "items": items})


async def attempt(
    units: UnitsOfWork,
    workspace_id: UUID,
    cause: Sequence[Cause],
    work: Callable[[UnitOfWork], Awaitable[T]],
    *,
    step: str,
    item: str,
    about: Mapping[str, Any] | None = None,
) -> T | None:
    """What `work` returns in a transaction of its own. When it raises, the item is held and None is
    returned; a lost connection or a conflict with another writer is raised.
    """
    try:
        async with units.begin(workspace_id, cause) as uow:
            answer = await work(uow)
            await let_go(uow, step, item.__eq__)
            return answer
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("work is held", step=step, item=item)
        failure = error
    async with units.begin(workspace_id, cause) as uow:
        await hold(uow, step, item, failure, about)
    return None


async def due_again(uow: UnitOfWork, step: str, limit: int) -> Sequence[Any]:
    values = {"workspace_id": uow.workspace_id, "step": step, "limit": limit}
    return (await uow.session.execute(_DUE, values)).all()


async def counts(uow: UnitOfWork) -> dict[str, int]:
    """How much is held, by step."""
    rows = await uow.session.execute(_COUNT, {"workspace_id": uow.workspace_id})
    return {row[0]: row[1] for row in rows}


async def page(uow: UnitOfWork, after: tuple[datetime, UUID], limit: int) -> Sequence[RowMapping]:
    """The items that have been held longest come first."""
    held_at, after_id = after
    values = {"held_at": held_at, "after_id": after_id, "limit": limit}
    rows = await uow.session.execute(_PAGE, {"workspace_id": uow.workspace_id, **values})
    return rows.mappings().all()


async def retry(uow: UnitOfWork, held_id: UUID) -> RowMapping:
    """Have the worker try the item now. Raises `NotHeld`."""
    values = {"workspace_id": uow.workspace_id, "id": held_id}
    item = (await uow.session.execute(_RETRY, values)).mappings().one_or_none()
    if item is None:
        raise NotHeld("It was done meanwhile, or never was held.")
    uow.wake_worker()
    return item
