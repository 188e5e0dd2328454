"""What rows refer to: collected for one question, and put in the rows from its answer."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from shared.errors import Fault
from shared.references import meant
from tasks_api.records.upserts.schemas import Fields
from tasks_api.replica.known import Asked, Known

_ACCOUNT: Final = "account"
MEMBERS: Final = ("author_id", "assignee_id", "ended_by")
_NOT_VALUES: Final = frozenset({"id", "restore", "subject_external_id", "account_external_id"})


def asked_by(bodies: Iterable[Fields], in_traits: Iterable[UUID]) -> Asked:
    """`in_traits` are the members that values of traits name."""
    asked = Asked(members=set(in_traits))
    for body in bodies:
        for _, record_type, id_, external_id in _records(body):
            if id_ is not None:
                asked.records.add((record_type, id_))
            if external_id is not None:
                asked.external_ids.add((record_type, external_id))
        members = (getattr(body, name, None) for name in MEMBERS)
        asked.members.update(id_ for id_ in members if id_ is not None)
        key_role = getattr(body, "assignee_key_role", None)
        if key_role is not None:
            asked.key_roles.add(key_role)
    return asked


def given_by(body: Fields, known: Known, pointer: str) -> tuple[dict[str, Any], list[Fault]]:
    """What a row says, by column, and what is wrong with what it refers to."""
    given = {name: getattr(body, name) for name in body.model_fields_set - _NOT_VALUES}
    if body.subject_type is None and {"subject_type", "subject_id"} & body.model_fields_set:
        given |= {"subject_type": None, "subject_id": None}
    faults = _unpaired(body, pointer)
    for field, record_type, id_, external_id in _records(body):
        named = known.external_ids if id_ is None else known.records
        by = str(external_id if id_ is None else id_)
        place = f"{pointer}/{field}_{'external_id' if id_ is None else 'id'}"
        if record_type not in named:
            message = f"There is no record type {record_type!r}."
            faults.append(Fault(f"{pointer}/subject_type", "unknown_record_type", message))
        elif by not in named[record_type]:
            message = f"There is no {record_type} with this id."
            faults.append(Fault(place, "unknown_record", message))
        else:
            given[f"{field}_id"] = UUID(named[record_type][by])
    return given, [*faults, *_unknown(given, known, pointer)]


def _records(body: Fields) -> Iterable[tuple[str, str, UUID | None, str | None]]:
    """By field: the type of the record, its id, or else its external id."""
    if body.account_id is not None or body.account_external_id is not None:
        yield "account", _ACCOUNT, body.account_id, body.account_external_id
    if body.subject_type is not None and (body.subject_id or body.subject_external_id):
        yield "subject", body.subject_type, body.subject_id, body.subject_external_id


def _unpaired(body: Fields, pointer: str) -> list[Fault]:
    faults = []
    for field in ("subject", "account"):
        by_id, by_name = getattr(body, f"{field}_id"), getattr(body, f"{field}_external_id")
        if by_id is not None and by_name is not None:
            message = f"Give {field}_id or {field}_external_id, not both."
            faults.append(Fault(f"{pointer}/{field}_external_id", "one_of", message))
    names_subject = body.subject_id is not None or body.subject_external_id is not None
    if names_subject != (body.subject_type is not None):
        missing = "subject_type" if names_subject else "subject_id"
        message = "Give subject_type with subject_id or subject_external_id."
        faults.append(Fault(f"{pointer}/{missing}", "required", message))
    return faults


def _unknown(given: Mapping[str, Any], known: Known, pointer: str) -> Iterable[Fault]:
    for name in MEMBERS:
        if given.get(name) is not None and given[name] not in known.members:
            yield Fault(f"{pointer}/{name}", "unknown_member", "No member has this id.")
    key_role = given.get("assignee_key_role")
    if key_role is not None and key_role not in known.key_roles:
        message = "There is no key role with this key."
        near = meant(key_role, known.suggestions)
        yield Fault(f"{pointer}/assignee_key_role", "unknown_key_role", message, near)
