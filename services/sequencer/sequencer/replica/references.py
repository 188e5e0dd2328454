"""Whether there is what a body refers to. What events told of is known here; about the rest,
accounts is asked before a transaction begins.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sequencer.replica import service
from sequencer.replica.schemas import Segment
from shared.auth import Caller
from shared.errors import invalid
from shared.keys import id_or_none
from shared.references import known_references
from shared.service import Service


@dataclass(frozen=True, slots=True)
class Named:
    """What a body refers to; traits as rules write them, such as `account.traits.tier`."""

    segments: frozenset[str] = frozenset()
    """Ids and keys."""
    key_roles: frozenset[str] = frozenset()
    traits: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Looked:
    """What became of what a body refers to."""

    segments: Mapping[str, Segment | None] = field(default_factory=dict)
    """By id or key, as the body has it; None where there is none, in this workspace."""
    missing_key_roles: Collection[str] = ()
    missing_traits: Collection[str] = ()
    suggestions: Mapping[str, str] = field(default_factory=dict)
    """What there is instead of a key role or trait that is not."""


async def look_for(running: Service, caller: Caller, named: Named) -> Looked:
    """Raises `Unavailable`."""
    async with running.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        by_id = {one: id_or_none(one) for one in named.segments}
        found = await service.segments(uow, [one for one in by_id.values() if one is not None])
    known = {word: found[id_] for word, id_ in by_id.items() if id_ in found}
    fields_of_traits = {trait: ":".join(trait.split(".", 1)) for trait in sorted(named.traits)}
    questions = [
        *(("segment", segment) for segment in sorted(named.segments - known.keys())),
        *(("key_role", role) for role in sorted(named.key_roles)),
        *(("field", field) for field in fields_of_traits.values()),
    ]
    if not questions:
        return Looked(known)
    answer = await known_references(running, caller, questions)
    asked = {
        word: Segment(**{**segment, "id": UUID(segment["id"])})
        for word, segment in answer["segments"].items()
    }
    return Looked(
        {segment: known.get(segment) or asked.get(segment) for segment in named.segments},
        named.key_roles - set(answer["key_roles"]),
        {trait for trait, field in fields_of_traits.items() if field not in answer["fields"]},
        {
            word.replace(":", ".", 1): guess.removeprefix("traits.")
            for word, guess in answer.get("suggestions", {}).items()
        },
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
    answer = await known_references(running, caller, [("member", str(member_id))])
    if str(member_id) not in answer["members"]:
        raise invalid(pointer, "unknown_member", "There is no active member with this id.")
