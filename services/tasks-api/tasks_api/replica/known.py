"""What there is of all that many rows refer to, by the copies and by accounts-api."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from shared.auth import Caller
from shared.references import known_references
from shared.service import Service
from tasks_api.replica import queries

_AT_ONCE: Final = 800
"""Questions in a body, which stays below a mebibyte however long their external ids are."""


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

    records: dict[str, dict[str, str]]
    external_ids: dict[str, dict[str, str]]
    members: dict[UUID, bool]
    """Whether they are active: who left has written things all the same."""
    key_roles: set[str]
    suggestions: dict[str, str]
    """What there is instead of a key role that is not."""


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
    known = Known({}, {}, members, set(), {})
    for start in range(0, len(questions), _AT_ONCE):
        said = await known_references(running, caller, questions[start : start + _AT_ONCE])
        for by, found in ((known.records, "records"), (known.external_ids, "external_ids")):
            for record_type, ids in said[found].items():
                by.setdefault(record_type, {}).update(ids)
        known.members.update(dict.fromkeys(map(UUID, said["members"]), True))
        known.key_roles.update(said["key_roles"])
        known.suggestions.update(said.get("suggestions", {}))
    return known
