from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from accounts_api.customers.accounts.schemas import AccountPatch
from accounts_api.customers.accounts.service import accounts
from accounts_api.customers.contacts.schemas import ContactPatch
from accounts_api.customers.contacts.service import contacts
from accounts_api.customers.objects import service as objects
from accounts_api.customers.objects.schemas import ObjectPatch
from accounts_api.customers.opportunities.schemas import OpportunityPatch
from accounts_api.customers.opportunities.service import opportunities
from accounts_api.customers.organizations.schemas import OrganizationPatch
from accounts_api.customers.organizations.service import organizations
from accounts_api.customers.patches.schemas import RecordPatch
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.edits import Edit, Outcome, Writer, edit_of
from accounts_api.records.store.service import Records, state_of
from shared.auth import Caller
from shared.errors import AppError, Conflict, Fault, Invalid, NotFound, PreconditionFailed
from shared.uow import UnitOfWork
from shared.web.problems import faults_in

_STANDARD: Final[Mapping[str, tuple[Records, type[BaseModel]]]] = {
    "account": (accounts, AccountPatch),
    "organization": (organizations, OrganizationPatch),
    "contact": (contacts, ContactPatch),
    "opportunity": (opportunities, OpportunityPatch),
}


class RecordChanged(Conflict):
    code = "record_changed"
    title = "Someone else changed this first"


@dataclass(frozen=True, slots=True)
class _Applied:
    version: int = 0
    faults: tuple[Fault, ...] = ()
    now: Mapping[str, Any] | None = None
    """The values that stand where the patch's were to go, when somebody else came first."""


async def apply(
    uow: UnitOfWork, caller: Caller, patches: Mapping[str, RecordPatch]
) -> dict[str, int]:
    """Change every record; the versions they have then. What a record says already is no conflict,
    so a repeated call changes nothing. Raises `Invalid`, or `RecordChanged` with what stands there
    now.
    """
    applied = {name: await _apply(uow, caller, name, patch) for name, patch in patches.items()}
    faults = [fault for one in applied.values() for fault in one.faults]
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    conflicts = {
        name: {"version": one.version, "values": one.now}
        for name, one in applied.items()
        if one.now is not None
    }
    if conflicts:
        raise RecordChanged("Nothing was stored. See `conflicts`.", conflicts=conflicts)
    return {name: one.version for name, one in applied.items()}


async def _apply(uow: UnitOfWork, caller: Caller, name: str, patch: RecordPatch) -> _Applied:
    pointer = f"/{name}"
    try:
        records, shape = await _records_of(uow, patch.record_type)
        body = shape.model_validate(patch.values)
    except ValidationError as error:
        faults = faults_in(patch.values, error)
        return _Applied(
            faults=tuple(Fault(pointer + one.pointer, one.code, one.message) for one in faults)
        )
    except (NotFound, Conflict) as error:
        return _refused(pointer, error)

    def edit(version: int | None) -> Edit:
        return edit_of(
            records.schema,
            body,
            pointer=pointer,
            mode="update",
            record_id=patch.id,
            version=version,
        )

    writer = Writer.of(caller)
    (outcome,) = await records.chunk(uow, writer, [edit(patch.version)])
    if not isinstance(outcome.error, PreconditionFailed):
        return _settled(pointer, outcome)
    (anew,) = await records.plan(uow, writer, [edit(None)])
    if anew.error is not None or anew.status == "unchanged":
        return _settled(pointer, anew)
    state = await state_of(uow, records.schema, patch.id) or {}
    return _Applied(outcome.error.extra["current_version"], now=_standing(state, patch.values))


async def _records_of(uow: UnitOfWork, record_type: str) -> tuple[Records, type[BaseModel]]:
    if record_type in _STANDARD:
        return _STANDARD[record_type]
    return await objects.instances_of(uow, record_type), ObjectPatch


def fields_of(schema: RecordSchema) -> Collection[str]:
    """What one may write of records of a type, beside traits."""
    _, shape = _STANDARD.get(schema.record_type, (None, ObjectPatch))
    return shape.model_fields.keys() & schema.writable


def _settled(pointer: str, outcome: Outcome) -> _Applied:
    if outcome.error is not None:
        return _refused(pointer, outcome.error)
    return _Applied(outcome.version or 0)


def _refused(pointer: str, error: AppError) -> _Applied:
    itself = Fault(pointer, error.code, error.detail or error.title)
    return _Applied(faults=error.faults or (itself,))


def _standing(state: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    traits = state.get("traits") or {}
    return {
        name: {key: traits.get(key) for key in value} if name == "traits" else state.get(name)
        for name, value in wanted.items()
    }
