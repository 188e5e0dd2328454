"""Whether there is what a body refers to. What was heard of is known here; about what was not,
accounts is asked before a transaction begins.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from sequencer.records import service
from sequencer.records.schemas import Segment
from shared.auth import Caller
from shared.errors import invalid
from shared.references import known_references
from shared.service import Service

Looked = Mapping[UUID, Segment | None]
"""Segments by the ids of a body; None where there is none, in this workspace."""


async def look_for_segments(
    running: Service, caller: Caller, ids: Collection[UUID | None]
) -> Looked:
    """Raises `Unavailable`."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    async with running.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await service.segments(uow, wanted)
    unheard = sorted(wanted - known.keys())
    said = await _segments(running, caller, unheard) if unheard else {}
    return {one: known.get(one) or said.get(one) for one in wanted}


async def _segments(running: Service, caller: Caller, ids: list[UUID]) -> dict[UUID, Segment]:
    found = await known_references(running, caller, [("segment", str(id_)) for id_ in ids])
    segments = found["segments"].items()
    return {UUID(id_): Segment(id=UUID(id_), **told) for id_, told in segments}


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
