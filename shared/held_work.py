"""Work that failed on one item: held with its reason, listed, and tried again at growing intervals.

A step that finds due rows leaves out held items (`not_held`), so that a bad item neither stops the
others nor is tried without end. It is tried again after a minute, two, four, up to a day, and at
once when somebody asks. An item that succeeds is released.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
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
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.batches import is_transient, reason_of
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


@dataclass(frozen=True, slots=True)
class HeldItem:
    id: UUID
    step: str
    item: str
    about: dict[str, Any]
    reason: str
    attempts: int
    held_at: datetime
    retry_at: datetime


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
_RELEASE = text(
    """
    delete from held_work
    where workspace_id = :workspace_id and step = :step and item = any(cast(:items as text[]))
    """
)
_COUNT = text(
    "select step, count(*) as held from held_work where workspace_id = :workspace_id group by 1"
)
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
    await uow.run(
        _HOLD,
        id=new_id(),
        step=step,
        item=item,
        about=to_json(about or {}).decode(),
        reason=reason_of(error)[:_LONGEST],
    )


async def release(uow: UnitOfWork, step: str, succeeded: Callable[[str], bool]) -> None:
    """Release the held items of the step that succeeded now. Costs one query while none is held."""
    items = [item for item in await uow.values(str, _ITEMS, step=step) if succeeded(item)]
    if items:
        await uow.run(_RELEASE, step=step, items=items)


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
            await release(uow, step, item.__eq__)
            return answer
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("work is held", step=step, item=item)
        failure = error
    async with units.begin(workspace_id, cause) as uow:
        await hold(uow, step, item, failure, about)
    return None


async def due_for_retry(uow: UnitOfWork, step: str, limit: int) -> Sequence[HeldItem]:
    return await uow.rows(HeldItem, _DUE, step=step, limit=limit)


@dataclass(frozen=True, slots=True)
class HeldOfStep:
    step: str
    held: int


async def counts(uow: UnitOfWork) -> dict[str, int]:
    """How much is held, by step."""
    return {row.step: row.held for row in await uow.rows(HeldOfStep, _COUNT)}


async def page(uow: UnitOfWork, after: tuple[datetime, UUID], limit: int) -> Sequence[HeldItem]:
    """The items that have been held longest come first."""
    held_at, after_id = after
    return await uow.rows(HeldItem, _PAGE, held_at=held_at, after_id=after_id, limit=limit)


async def retry(uow: UnitOfWork, held_id: UUID) -> HeldItem:
    """Have the worker try the item now. Raises `NotHeld`."""
    item = await uow.row(HeldItem, _RETRY, id=held_id)
    if item is None:
        raise NotHeld("It was done meanwhile, or never was held.")
    uow.wake_worker()
    return item
