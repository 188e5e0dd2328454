from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_jsonable_python

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.event_readers.service import lock_readers
from accounts_api.evaluation.usages import service as usages
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT
from accounts_api.signals.event_counts import service as counts
from accounts_api.signals.event_counts.rules import (
    Declared,
    Owners,
    bucket,
    declared_properties,
    value_sums,
    valued,
)
from accounts_api.signals.event_properties import queries
from accounts_api.signals.event_properties.queries import EventProperty
from accounts_api.signals.event_properties.rules import MOST_PROPERTIES, crowded, key_of
from accounts_api.signals.event_properties.schemas import EventPropertyIn, EventPropertyPatch
from shared.db import refuse
from shared.errors import Conflict, Invalid, NotFound, check_version, invalid
from shared.events.base import Cause
from shared.ids import new_id
from shared.rules.interpreter.depends import event_property_dependency
from shared.service import Service
from shared.uow import UnitOfWork

_AT_ONCE: Final = 1_000
_AUDITED: Final = ("key", "name", "type", "events", "description")


class PropertyNotFound(NotFound):
    title = "There is no such declared property"


class PropertyKeyTaken(Conflict):
    code = "product_event_property_key_taken"
    title = "Another declared property has this key"


class TooManyProperties(Conflict):
    code = "too_many_product_event_properties"
    title = "A workspace declares at most 50 properties of product events"


async def list_properties(uow: UnitOfWork) -> list[EventProperty]:
    return await queries.all_properties(uow)


async def get_property(uow: UnitOfWork, property_id: UUID, *, lock: bool = False) -> EventProperty:
    found = await queries.property_by_id(uow, property_id, lock=lock)
    if found is None:
        raise PropertyNotFound("Look at GET /v1/product-event-properties for those there are.")
    return found


async def create_property(uow: UnitOfWork, data: EventPropertyIn) -> EventProperty:
    """What is counted from here on counts by it; the loop does the same with what was before."""
    await lock_readers(uow)
    others = await queries.all_properties(uow)
    if len(others) >= MOST_PROPERTIES:
        raise TooManyProperties("Delete one that no rule reads.")
    events = list(dict.fromkeys(data.events))
    if faults := crowded(events, (other.events for other in others)):
        raise Invalid(faults=faults)
    key = data.key or key_of(data.name)
    fields = {**data.model_dump(), "key": key, "events": events}
    taken = PropertyKeyTaken(f"Send another `key` than {key!r}.")
    async with refuse("uq_product_event_properties_workspace_id_key", taken):
        made = await queries.add(uow, {"id": new_id(), **fields})
    uow.wake_worker()
    await _audit(uow, "created", made.id, after=fields)
    return made


async def change_property(
    uow: UnitOfWork, property_id: UUID, version: int | None, data: EventPropertyPatch
) -> EventProperty:
    await lock_readers(uow)
    known = await get_property(uow, property_id, lock=True)
    check_version(version, known.version)
    given = data.changes()
    if "events" in given and given["events"] is None:
        raise invalid("/events", "required", "A declared property is one of some events.")
    changes = {**given, "description": given.get("description", known.description) or ""}
    events = list(dict.fromkeys(changes.get("events", known.events)))
    if set(known.events) - set(events):
        await _must_be_unused(uow, known, "Keep the events that rules read, or change these first.")
    others = [one for one in await queries.all_properties(uow) if one.id != property_id]
    if faults := crowded(events, (other.events for other in others)):
        raise Invalid(faults=faults)
    before = {"events": known.events, "description": known.description}
    after = {"events": events, "description": changes["description"]}
    was, becomes = audit_log.difference(before, after)
    if not becomes:
        return known
    changed = await queries.change(
        uow,
        property_id,
        events,
        changes["description"],
        refill=bool(set(events) - set(known.events)),
    )
    uow.wake_worker()
    await _audit(uow, "changed", property_id, before=was, after=becomes)
    return changed


async def delete_property(uow: UnitOfWork, property_id: UUID, version: int | None) -> None:
    await lock_readers(uow)
    known = await get_property(uow, property_id, lock=True)
    check_version(version, known.version)
    await _must_be_unused(uow, known, "Change these rules first.")
    await queries.delete(uow, property_id)
    before = {name: getattr(known, name) for name in _AUDITED}
    await _audit(uow, "deleted", property_id, before=before)


async def _must_be_unused(uow: UnitOfWork, known: EventProperty, advice: str) -> None:
    """Raises `InUse` with the rules that read it."""
    found = await usages.find_usages(uow, "event_property", None, known.key)
    usages.must_be_unused(usages.Used(found, [], 0), advice)


async def _audit(
    uow: UnitOfWork,
    what: str,
    property_id: UUID,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    target = "product_event_property"
    await audit_log.record(
        uow,
        f"{target}.{what}",
        target,
        property_id,
        before=to_jsonable_python(before),
        after=to_jsonable_python(after),
    )


async def fill(service: Service) -> bool:
    """A batch of the events that had come before a property was declared, in every workspace."""
    async with service.units.across_workspaces(read_only=True) as scope:
        unfilled = await queries.workspaces_to_fill(scope)
    cause = [Cause(type="system", id="product_event_properties")]
    return await service.units.in_each(unfilled, cause, _fill_some, what="event-properties")


async def _fill_some(uow: UnitOfWork) -> bool:
    """Nobody counts while a batch is moved: what an event was counted by stands beside it, so a
    batch that is done twice moves nothing.
    """
    await lock_readers(uow)
    known = await queries.next_unfilled(uow)
    if known is None:
        return False
    declared: dict[str, list[Declared]] = defaultdict(list)
    for one in await queries.all_properties(uow):
        for event in one.events:
            declared[event].append(one.declared)
    scanned = await queries.events_after(uow, known.filled_to, _AT_ONCE)
    mine = [event for event in scanned if event.name in known.events]
    await _recount(uow, mine, declared)
    finished = len(scanned) < _AT_ONCE
    days = [event.counted_on for event in mine]
    today = (await uow.now()).astimezone(await uow.zone()).date()
    await queries.advance(
        uow,
        known.id,
        filled_to=scanned[-1].id if scanned else None,
        first_day=min([*days, today] if finished else days, default=None),
        finished=finished,
    )
    if finished:
        for schema in (ACCOUNT, CONTACT):
            what = event_property_dependency(known.key)
            await engine.backfill_dependents(uow, schema.record_type, what)
    return True


async def _recount(
    uow: UnitOfWork,
    events: Sequence[queries.StoredEvent],
    declared: dict[str, list[Declared]],
) -> None:
    rows, more, fewer = [], [], []
    for event in events:
        found = declared_properties(declared[event.name], event.properties)
        if found == event.counted_properties:
            continue
        owners = Owners(event.contact_id, event.account_id)
        where = bucket(owners, event.name, event.counted_on)
        fewer.append(valued(where, event.counted_properties))
        more.append(valued(where, found))
        rows.append({"id": event.id, "received_at": event.received_at, "counted_properties": found})
    if rows:
        await queries.recount(uow, rows)
        await counts.count_values(uow, value_sums(more, fewer))
