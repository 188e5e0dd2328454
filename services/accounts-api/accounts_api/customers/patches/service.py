from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from accounts_api.customers.patches.schemas import RecordPatch
from accounts_api.customers.record_types.service import body_of, record_type_to_write
from accounts_api.records.editing.edits import Edit, Outcome, Writer
from accounts_api.records.requests.bodies import edit_of
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.service import state_of
from shared.auth import Caller
from shared.errors import AppError, Conflict, Fault, Invalid, NotFound, PreconditionFailed
from shared.uow import UnitOfWork
from shared.web.problems import faults_in


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
        record_type = await record_type_to_write(uow, patch.record_type)
        body = record_type.patch.model_validate(patch.values)
    except ValidationError as error:
        faults = faults_in(patch.values, error)
        return _Applied(
            faults=tuple(Fault(pointer + one.pointer, one.code, one.message) for one in faults)
        )
    except (NotFound, Conflict) as error:
        return _refused(pointer, error)
    records = record_type.records

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


def fields_of(schema: RecordSchema) -> Collection[str]:
    """What one may write of records of a type, beside traits."""
    return body_of(schema.record_type).patch.model_fields.keys() & schema.writable


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
