"""Whether there is what a task or a note refers to.

What this service has heard of is known here. What it has not may have been made a moment ago, so
whoever owns it is asked, before a transaction begins. While they are away the answer is 503: a task
that points nowhere would be found by nobody. What other services tell of in events is not asked
for: it was there when they spoke.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from shared.auth import Caller
from shared.errors import Fault, Invalid
from shared.references import known_references, meant
from shared.service import Service
from shared.uow import UnitOfWork
from tasks_api.replica import queries

ACCOUNT: Final = "account"
_FAULTS: Final = {
    "member": ("unknown_member", "No active member has this id."),
    "key_role": ("unknown_key_role", "There is no key role with this key."),
}


@dataclass(frozen=True, slots=True)
class Named:
    """What a request refers to, by the names of its fields; None where it refers to nothing."""

    subject_type: str | None = None
    subject_id: UUID | None = None
    account_id: UUID | None = None
    assignee_id: UUID | None = None
    assignee_key_role: str | None = None
    author_id: UUID | None = None
    """A member, also one who has left."""


@dataclass(frozen=True, slots=True)
class Reference:
    field: str
    kind: str
    """`record`, `member` or `key_role`."""
    key: str
    record_type: str = ""

    @property
    def question(self) -> tuple[str, str]:
        return self.kind, f"{self.record_type}:{self.key}" if self.record_type else self.key


async def must_exist(
    running: Service, caller: Caller, named: Named, known: Sequence[Fault] = ()
) -> dict[str, UUID]:
    """By field, the id to keep instead of one whose record was merged into another. Not within a
    transaction. Raises `Invalid` with every fault at once, `known` ones too, or `Unavailable`.
    """
    begin = running.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        asked = [one for one in _references(named) if not await _is_known(uow, named, one)]
    questions = [one.question for one in asked]
    said = await known_references(running, caller, questions) if questions else {}
    faults, kept = [*known], {}
    for one in asked:
        fault = _fault(one, said)
        if fault is not None:
            faults.append(fault)
        elif one.kind == "record":
            kept[one.field] = UUID(said["records"][one.record_type][one.key])
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    return kept


async def must_be_writable(
    running: Service, caller: Caller, fields: Sequence[tuple[str, str, str]]
) -> None:
    """`fields` are (pointer, record type or nothing for any, name such as `traits.tier`). Not
    within a transaction. Raises `Invalid` with every fault at once, or `Unavailable`.
    """
    if not fields:
        return
    asked = [("field", f"{record_type}:{name}") for _, record_type, name in fields]
    said = await known_references(running, caller, asked)
    known = said["fields"]
    faults = []
    for (pointer, record_type, name), (_, question) in zip(fields, asked, strict=True):
        if question not in known:
            message = (
                f"{record_type.capitalize()}s have no field {name!r}."
                if record_type
                else f"No record has a field {name!r}."
            )
            advice = " Make the trait at /v1/traits, or name another field."
            near = meant(question, said.get("suggestions", {}))
            faults.append(Fault(pointer, "unknown_field", message + advice, near))
        elif not known[question]["writable"]:
            message = f"Nobody writes {name!r} by hand. Name another field."
            faults.append(Fault(pointer, "read_only", message))
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


def _references(named: Named) -> list[Reference]:
    found = []
    if named.account_id is not None:
        found.append(Reference("account_id", "record", str(named.account_id), ACCOUNT))
    if named.subject_type is not None and named.subject_id is not None:
        found.append(Reference("subject_id", "record", str(named.subject_id), named.subject_type))
    if named.assignee_id is not None:
        found.append(Reference("assignee_id", "member", str(named.assignee_id)))
    if named.author_id is not None:
        found.append(Reference("author_id", "member", str(named.author_id)))
    if named.assignee_key_role is not None:
        found.append(Reference("assignee_key_role", "key_role", named.assignee_key_role))
    return found


async def _is_known(uow: UnitOfWork, named: Named, one: Reference) -> bool:
    """From what was heard."""
    if one.record_type == ACCOUNT:
        return await queries.account_exists(uow, UUID(one.key))
    if one.field == "author_id":
        return bool(await queries.known_members(uow, [UUID(one.key)]))
    if one.kind == "member":
        return await queries.member_exists(uow, UUID(one.key))
    if one.kind == "key_role" and named.account_id is not None:
        return bool(await queries.holders_of(uow, named.account_id, one.key))
    return False


def _fault(one: Reference, said: Mapping[str, Any]) -> Fault | None:
    if one.kind == "record":
        of_type = said["records"].get(one.record_type)
        if of_type is None:
            message = f"There is no record type {one.record_type!r}."
            return Fault("/subject_type", "unknown_record_type", message)
        if one.key in of_type:
            return None
        message = f"There is no {one.record_type} with this id."
        return Fault(f"/{one.field}", "unknown_record", message)
    known = said["members"] if one.kind == "member" else said["key_roles"]
    if one.key in known:
        return None
    near = meant(one.key, said.get("suggestions", {}))
    return Fault(f"/{one.field}", *_FAULTS[one.kind], near)
