"""A list as a CSV file, written while it is read: a batch in memory, whatever its length.

Each batch is a transaction of its own and begins after the last row of the one before, as the pages
of a list do. So a record that is there all along and keeps its place in the order comes exactly
once, and a slow reader holds nothing open in the database.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic_core import from_json

from accounts_api.customers.querying import queries
from accounts_api.customers.querying.service import Listed, ListRequest, understood
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.spreadsheets.csv_cells import BOM, lines
from accounts_api.records.schema.errors import in_time
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.service import definitions_of
from shared.auth import Caller
from shared.errors import Fault, Invalid
from shared.uow import UnitOfWork, UnitsOfWork

_BATCH: Final = 1_000
_BATCH_OF_THE_PAST: Final = 5_000
"""Each one works the past out again."""


@dataclass(frozen=True, slots=True)
class File:
    listed: Listed
    beside: Sequence[str]
    """Columns of what belongs to the record and lives in a table of its own."""
    first: "Batch"


@dataclass(frozen=True, slots=True)
class Batch:
    rows: Sequence[Any]
    parts: Mapping[str, str]
    """What belongs to the records, as JSON by their id."""


async def begin(uow: UnitOfWork, schema: RecordSchema, request: ListRequest) -> File:
    """Understand what is asked for, read the first batch of it and take it down. Raises `Invalid`,
    or `RuleTooExpensive`: once a byte is sent there is no other answer.
    """
    if set(request.include) - {schema.part}:
        message = f"A file can hold {schema.part or 'nothing'} beside the record's own fields."
        raise Invalid(faults=[Fault("/query/include", "unknown_include", message)])
    listed = await understood(uow, schema, request)
    if listed.what.traits is None:
        traits = tuple(sorted(await definitions_of(uow, schema)))
        listed = replace(listed, what=replace(listed.what, traits=traits))
    beside: Sequence[str] = ()
    if listed.include:
        keys = await queries.key_role_keys(uow.session, uow.workspace_id)
        beside = keys if schema.part == "key_roles" else ("account_ids",)
    with in_time(f"{request.pointers}/filter"):
        first = await _batch(uow, listed, None)
    _note(uow, schema, request)
    return File(listed, beside, first)


def _note(uow: UnitOfWork, schema: RecordSchema, request: ListRequest) -> None:
    asked = {
        "record_type": schema.record_type,
        "filter": request.filter,
        "fields": request.fields,
        "as_of": request.then and request.then.as_of,
    }
    said = {name: value for name, value in asked.items() if value is not None}
    audit_log.record(uow, "records.exported", "workspace", uow.workspace_id, after=said)


async def written(
    units: UnitsOfWork, caller: Caller, file: File, *, bom: bool
) -> AsyncIterator[bytes]:
    listed, what = file.listed, file.listed.what
    prefix = "key_roles." if listed.schema.part == "key_roles" else ""
    traits = [f"traits.{key}" for key in what.traits or ()]
    header = [*what.columns, *traits, *(f"{prefix}{name}" for name in file.beside)]
    yield (BOM.encode() if bom else b"") + lines([header])
    batch = file.first
    while True:
        yield lines(_cells(file, row, batch.parts.get(row[-1])) for row in batch.rows)
        if len(batch.rows) < _size(listed):
            return
        after = queries.position(batch.rows[-1], listed.keys)
        async with units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
            batch = await _batch(uow, listed, after)


async def _batch(uow: UnitOfWork, listed: Listed, after: queries.Position | None) -> Batch:
    rows = await listed.rows(uow, after, _size(listed))
    found = await listed.parts(uow, rows) if rows else []
    return Batch(rows, found[0][1] if found else {})


def _size(listed: Listed) -> int:
    return _BATCH if listed.then is None else _BATCH_OF_THE_PAST


def _cells(file: File, row: Any, part: str | None) -> list[Any]:
    what = file.listed.what
    cells = list(row[: len(what.columns)])
    if what.traits:
        kept = from_json(row[len(what.columns)])
        cells += [kept.get(key) for key in what.traits]
    if not file.beside:
        return cells
    belongs = from_json(part) if part else {}
    if file.listed.schema.part == "key_roles":
        return cells + [belongs.get(key) for key in file.beside]
    return [*cells, [link["account_id"] for link in belongs]]
