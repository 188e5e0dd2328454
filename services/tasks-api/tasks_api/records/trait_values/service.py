"""What becomes of the values that tasks and notes have when a trait is another one, or goes: worked
through by the worker, a batch at a time.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from shared import held_work
from shared.events.base import Cause
from shared.events.tasks import TraitCleared
from shared.service import Service
from shared.traits.conversion import Conversion, converted
from shared.traits.definitions import Definition, read_definition
from shared.traits.values import InvalidTraitValue
from shared.uow import UnitOfWork
from shared.usages import Usage, UsageTarget
from tasks_api.records.history import service as history
from tasks_api.records.trait_values import queries
from tasks_api.records.upserts.tables import Upserted

BATCH: Final = 500
_LOOKED_AT: Final = 20_000
COUNTED_TO: Final = 1_000
Kinds = Mapping[str, Upserted]
"""By record type."""


async def step(running: Service, kinds: Kinds) -> bool:
    """Look at some values of a trait that is another one now."""
    async with running.units.across_workspaces(read_only=True) as scope:
        due = await queries.due_trait(scope)
    if due is None:
        return False
    label = f"{due.key} was {'deleted' if due.deleted else 'changed'}"
    await held_work.attempt(
        running.units,
        due.workspace_id,
        (Cause(type="system", id=f"trait:{due.id}", label=label),),
        partial(convert, trait_id=due.id, into=kinds[due.record_type]),
        step=queries.CONVERTING,
        item=str(due.id),
        about={"trait_id": str(due.id), "key": due.key},
    )
    return True


async def convert(uow: UnitOfWork, trait_id: UUID, into: Upserted) -> None:
    """A batch. What cannot be converted is cleared: whoever changed the trait was asked, and the
    history keeps it.
    """
    trait = await queries.converting_trait(uow, trait_id)
    if trait is None:
        return
    page = await queries.values_page(
        uow, into, trait.key, after=trait.converted_to, limit=BATCH, lock=True
    )
    to, zone = read_definition(trait.definition), await uow.zone()
    changed: dict[UUID, Any] = {}
    told = []
    for record_id, value in page:
        becomes = None if trait.deleted else _converted_or_none(value, to, zone)
        if becomes != value or type(becomes) is not type(value):
            changed[record_id] = becomes
            told.append((record_id, {f"traits.{trait.key}": (value, becomes)}))
    await queries.set_values(uow, into, trait.key, changed)
    await history.record_changes(uow, into.kind, told)
    if len(page) == BATCH:
        await queries.note_progress(uow, trait_id, page[-1][0])
    elif trait.deleted:
        await queries.remove_trait(uow, trait_id)
        uow.publish(TraitCleared(id=trait_id))
    else:
        await queries.note_progress(uow, trait_id, None)


def _converted_or_none(value: Any, to: Definition, zone: Any) -> Any:
    try:
        return converted(value, to, zone)
    except InvalidTraitValue:
        return None


async def count_converting(uow: UnitOfWork) -> int:
    """Traits whose stored values are still to be looked at."""
    return await queries.count_converting(uow)


async def preview(uow: UnitOfWork, into: Upserted, to: Definition) -> dict[str, Any]:
    """What the definition would do to values, as far as it looked."""
    conversion = Conversion(to, await uow.zone())
    looked = 0
    async for record_id, value in _values(uow, into, to.key):
        if looked == _LOOKED_AT:
            return {**conversion.as_json(), "complete": False}
        looked += 1
        conversion.look_at(record_id, value)
    return {**conversion.as_json(), "complete": True}


async def _values(uow: UnitOfWork, of: Upserted, key: str) -> AsyncIterator[tuple[UUID, Any]]:
    after: UUID | None = None
    while True:
        page = await queries.values_page(uow, of, key, after=after, limit=BATCH)
        for record_id, value in page:
            yield record_id, value
        if len(page) < BATCH:
            return
        after = page[-1][0]


async def count_values(uow: UnitOfWork, of: Upserted, key: str) -> int:
    """Of records with a value, counted to one more than `COUNTED_TO`."""
    return await queries.count_values(uow, of, key, COUNTED_TO + 1)


async def usages(
    kinds: Kinds, uow: UnitOfWork, target: UsageTarget, _record_type: str | None, key: str
) -> Sequence[Usage]:
    """A member is used by the traits that name them on a record."""
    if target != "member":
        return ()
    held = [trait for of in kinds.values() for trait in await queries.traits_holding(uow, of, key)]
    return [Usage("trait", str(trait.id), trait.title) for trait in held]
