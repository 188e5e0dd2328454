"""Whether there is what a body refers to. What was heard of is known here; about what was not,
accounts is asked before a transaction begins.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sequencer.replica import service
from sequencer.replica.schemas import Segment
from shared.auth import Caller
from shared.errors import invalid
from shared.references import known_references
from shared.service import Service


@dataclass(frozen=True, slots=True)
class Named:
    """What a body refers to; traits as rules write them, such as `account.traits.tier`."""

    segments: frozenset[UUID] = frozenset()
    key_roles: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of what a body refers to."""

    segments: Mapping[UUID, Segment | None] = field(default_factory=dict)
    """None where there is none, in this workspace."""
    missing_key_roles: Collection[str] = ()
    missing_traits: Collection[str] = ()


async def look_for(running: Service, caller: Caller, named: Named) -> Looked:
    """Raises `Unavailable`."""
    async with running.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        heard = await service.segments(uow, named.segments)
    by_trait = {one: ":".join(one.split(".", 1)) for one in sorted(named.traits)}
    questions = [
        *(("segment", str(one)) for one in sorted(named.segments - heard.keys())),
        *(("key_role", one) for one in sorted(named.key_roles)),
        *(("field", one) for one in by_trait.values()),
    ]
    if not questions:
        return Looked(heard)
    found = await known_references(running, caller, questions)
    told = {
        UUID(id_): Segment(id=UUID(id_), **segment) for id_, segment in found["segments"].items()
    }
    return Looked(
        {one: heard.get(one) or told.get(one) for one in named.segments},
        named.key_roles - set(found["key_roles"]),
        {one for one, question in by_trait.items() if question not in found["fields"]},
    )


async def must_be_member(
    running: Service, caller: Caller, member_id: UUID | None, pointer: str
) -> None:
    """Raises `Invalid`, or `Unavailable`."""
    if member_id is None:
        return
    async with running.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await service.members(uow, [member_id])
    if known:
        return
    found = await known_references(running, caller, [("member", str(member_id))])
    if str(member_id) not in found["members"]:
        raise invalid(pointer, "unknown_member", "There is no active member with this id.")
