"""The copies of the traits that a workspace has defined for tasks and notes, and what a write of
values is held to.

A trait that was defined a moment ago is unknown until its event is heard: values of it are refused
as those of any trait that there is not.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from shared.auth import Caller
from shared.errors import Fault, Invalid
from shared.events.traits import TraitChanged
from shared.rules.types.catalog import Field
from shared.service import Service
from shared.traits.conversion import changes_values
from shared.traits.definitions import Definitions, read_definition, read_definitions
from shared.traits.fields import trait_field
from shared.traits.patches import TraitWrite, defaults, editable_by
from shared.uow import UnitOfWork
from tasks_api.records.traits import queries
from tasks_api.replica.known import Asked, look_up

hold = queries.hold
NOBODY: frozenset[str] = frozenset()


async def copy_trait(uow: UnitOfWork, event: TraitChanged) -> None:
    """An older version never overwrites a newer one. Values that may not fit any more are looked at
    by the worker, from the first record on.
    """
    await queries.hold(uow, event.record_type, to_change=True)
    known = await queries.stored_trait(uow, event.id)
    if known is not None and known.version >= event.version:
        return
    starts = event.deleted or (
        known is not None
        and changes_values(read_definition(known.definition), read_definition(event.definition))
    )
    goes_on = known is not None and known.converting and not starts
    await queries.store_trait(
        uow,
        {
            "id": event.id,
            "record_type": event.record_type,
            "key": event.key,
            "title": event.title,
            "definition": event.definition,
            "deleted": event.deleted,
            "converting": starts or goes_on,
            "converted_to": known.converted_to if known is not None and goes_on else None,
            "version": event.version,
        },
    )
    if starts:
        uow.wake_worker()


async def definitions_of(uow: UnitOfWork, record_type: str) -> Definitions:
    return read_definitions(await queries.definitions(uow, record_type))


async def fields_of(uow: UnitOfWork, record_type: str) -> Sequence[Field]:
    """What rules may ask of traits."""
    return _fields(await queries.definitions(uow, record_type))


@lru_cache(maxsize=256)
def _fields(document: str) -> tuple[Field, ...]:
    return tuple(map(trait_field, read_definitions(document).values()))


async def defaults_of(uow: UnitOfWork, record_type: str) -> dict[str, Any]:
    """The traits of a record that nobody says anything of."""
    await queries.hold(uow, record_type)
    return defaults(await definitions_of(uow, record_type))


async def write_of(
    uow: UnitOfWork, caller: Caller, record_type: str, members: Collection[str] = NOBODY
) -> TraitWrite:
    """Before any record is locked."""
    await queries.hold(uow, record_type)
    return _held_to(await definitions_of(uow, record_type), caller, record_type, members)


def _held_to(
    known: Definitions, caller: Caller, record_type: str, members: Collection[str]
) -> TraitWrite:
    return TraitWrite(
        known,
        f"{record_type}s",
        editable_by(caller),
        is_source=caller.principal.type == "service",
        members=members,
    )


def patched(
    held_to: TraitWrite, before: Mapping[str, Any] | None, said: Mapping[str, Any]
) -> dict[str, Any]:
    """The traits of a record as they are to be; None before is a new one. Raises `Invalid`."""
    traits, faults = held_to.patched(before, said)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    return traits


async def traits_of_new(
    uow: UnitOfWork,
    caller: Caller,
    record_type: str,
    said: Mapping[str, Any],
    members: Collection[str],
) -> dict[str, Any]:
    """Before any record is locked. Raises `Invalid`."""
    return patched(await write_of(uow, caller, record_type, members), None, said)


async def members_in(
    running: Service, caller: Caller, record_type: str, said: Iterable[Mapping[str, Any]]
) -> set[UUID]:
    """Those that values may name. Not within a transaction."""
    spoken = [traits for traits in said if traits]
    if not spoken:
        return set()
    begin = running.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await definitions_of(uow, record_type)
    keys = [key for key, definition in known.items() if definition.type == "member"]
    named = (traits.get(key) for traits in spoken for key in keys)
    return {id_ for value in named if (id_ := _as_id(value)) is not None}


async def look_at(
    running: Service, caller: Caller, record_type: str, said: Mapping[str, Any]
) -> tuple[frozenset[str], list[Fault]]:
    """Those active members that values of a new record name, and what is wrong with the values, to
    be told with all else that is. Not within a transaction. Raises `Unavailable`.
    """
    if not said:
        return NOBODY, []
    members = await known_members(running, caller, record_type, said)
    begin = running.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await definitions_of(uow, record_type)
    return members, _held_to(known, caller, record_type, members).patched(None, said)[1]


async def known_members(
    running: Service, caller: Caller, record_type: str, said: Mapping[str, Any]
) -> frozenset[str]:
    """Those active members that values name. Not within a transaction. Raises `Unavailable`."""
    named = await members_in(running, caller, record_type, [said])
    if not named:
        return NOBODY
    return active_among((await look_up(running, caller, Asked(members=named))).members)


def active_among(members: Mapping[UUID, bool]) -> frozenset[str]:
    return frozenset(str(id_) for id_, active in members.items() if active)


def _as_id(value: Any) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
