"""What there is of all that many rows refer to: one question of the copies, one of accounts-api."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from shared.auth import Caller
from shared.references import known_references
from shared.service import Service
from tasks_api.replica import queries


@dataclass(frozen=True, slots=True)
class Asked:
    """What rows refer to. A record is its type with its id or its external id."""

    records: set[tuple[str, UUID]] = field(default_factory=set)
    external_ids: set[tuple[str, str]] = field(default_factory=set)
    members: set[UUID] = field(default_factory=set)
    key_roles: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of it: for a record, the id of the one that stands for it."""

    records: Mapping[str, Mapping[str, str]]
    external_ids: Mapping[str, Mapping[str, str]]
    members: Mapping[UUID, bool]
    """Whether they are active: who left has written things all the same."""
    key_roles: Collection[str]


async def look_up(running: Service, caller: Caller, asked: Asked) -> Known:
    """Not within a transaction. Raises `Unavailable` while accounts-api cannot be asked."""
    begin = running.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        members = await queries.known_members(uow, asked.members)
    questions = [
        *(("record", f"{record_type}:{id_}") for record_type, id_ in asked.records),
        *(("external_id", f"{record_type}:{id_}") for record_type, id_ in asked.external_ids),
        *(("member", str(id_)) for id_ in asked.members - members.keys()),
        *(("key_role", key) for key in asked.key_roles),
    ]
    if not questions:
        return Known({}, {}, members, ())
    said = await known_references(running, caller, questions)
    made_since = dict.fromkeys(map(UUID, said["members"]), True)
    return Known(
        said["records"], said["external_ids"], {**members, **made_since}, said["key_roles"]
    )
