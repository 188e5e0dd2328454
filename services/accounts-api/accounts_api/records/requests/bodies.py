"""The edits that bodies of requests ask for: what a client left out is left alone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from accounts_api.records.editing.edits import (
    ROW_NOT_STORED,
    SEE_ERRORS,
    Edit,
    Mode,
    Outcome,
    escaped,
)
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.errors import Fault, Invalid
from shared.web.problems import faults_in

_NOT_VALUES = frozenset(
    {
        "id",
        "external_id",
        "traits",
        "accounts",
        "key_roles",
        "deleted",
        "restore",
        "merged_into_external_id",
        "effective_at",
        "allow_implausible",
    }
)


def edit_of(
    schema: RecordSchema,
    body: BaseModel,
    *,
    pointer: str = "",
    mode: Mode = "upsert",
    record_id: UUID | None = None,
    version: int | None = None,
) -> Edit:
    """An edit from a request body: what the client left out is left alone."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    by_parent = {parent.by_external_id: parent.column for parent in schema.parents}
    links = given.get("accounts")
    edit = Edit(
        pointer=pointer,
        mode=mode,
        id=str(record_id or given.get("id") or "") or None,
        external_id=given.get("external_id"),
        version=version,
        values={
            name: _plain(value)
            for name, value in given.items()
            if name not in _NOT_VALUES and name not in by_parent
        },
        traits=given.get("traits") or {},
        parent_external_ids={
            column: given[name] for name, column in by_parent.items() if given.get(name)
        },
        links=None if links is None else [_link(link) for link in links],
        key_roles={
            key: [str(holder) for holder in holders or ()]
            for key, holders in (given.get("key_roles") or {}).items()
        },
        effective_at=given.get("effective_at"),
        allows_implausible=bool(given.get("allow_implausible")),
        deleted=bool(given.get("deleted")),
        restore=bool(given.get("restore")),
        merged_into=given.get("merged_into_external_id"),
    )
    if edit.id and "external_id" in given:
        edit.values["external_id"] = given["external_id"]
    return edit


def salvaged(shape: type[BaseModel], given: Any, faults: Sequence[Fault]) -> BaseModel | None:
    """A body without those of its members that have a fault, so that the others can be looked at,
    too. None when nothing can be made of it.
    """
    at_fault = {fault.pointer.split("/")[1] for fault in faults if fault.pointer}
    if not isinstance(given, dict) or not all(fault.pointer for fault in faults):
        return None
    kept = {name: value for name, value in given.items() if escaped(name) not in at_fault}
    try:
        return shape.model_validate(kept)
    except ValidationError:
        return None


def row_edit(
    schema: RecordSchema, row: Any, shape: type[BaseModel], pointer: str
) -> Edit | Outcome:
    """The edit that a row of a bulk write asks for, or its refusal."""
    external_id = row.get("external_id") if isinstance(row, dict) else None
    try:
        body = shape.model_validate(row)
    except ValidationError as error:
        faults = [
            Fault(pointer + fault.pointer, fault.code, fault.message)
            for fault in faults_in(row, error)
        ]
        within = [replace(fault, pointer=fault.pointer.removeprefix(pointer)) for fault in faults]
        rest = salvaged(shape, row, within)
        edit = Edit() if rest is None else edit_of(schema, rest, pointer=pointer)
        if (edit.id or edit.external_id) and not (edit.deleted or edit.merged_into):
            edit.faults = tuple(faults)
            return edit
        named = external_id if isinstance(external_id, str) else None
        error_of_row = Invalid(f"{ROW_NOT_STORED} {SEE_ERRORS}", faults=faults)
        return Outcome("rejected", external_id=named, error=error_of_row)
    edit = edit_of(schema, body, pointer=pointer)
    if edit.id is None and edit.external_id is None:
        fault = Fault(pointer, "no_identity", "Say `id` or `external_id`.")
        return Outcome("rejected", error=Invalid(f"{ROW_NOT_STORED} {SEE_ERRORS}", faults=[fault]))
    return edit


def _plain(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _link(link: BaseModel) -> dict[str, Any]:
    return {name: _plain(value) for name, value in link.model_dump().items()}
