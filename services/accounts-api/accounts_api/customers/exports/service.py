"""A list as a CSV file, written while it is read: a batch in memory, whatever its length.

Each batch is a transaction of its own and begins after the last row of the one before, as the pages
of a list do. So a record that is there all along and keeps its place in the order comes exactly
once, and a slow reader holds nothing open in the database.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from pydantic_core import from_json

from accounts_api.customers.querying.service import (
    ListPlan,
    ListRequest,
    ListRow,
    id_of,
    plan_list,
)
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.spreadsheets.csv_cells import BOM, lines
from accounts_api.records.holdings.service import stored_key_roles
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.service import definitions_of
from shared.auth import Caller
from shared.errors import Fault, Invalid
from shared.lists.filters import in_time
from shared.lists.keyset import Position
from shared.uow import UnitOfWork, UnitsOfWork

_BATCH: Final = 1_000
_BATCH_OF_THE_PAST: Final = 5_000
"""Each one works the past out again."""


@dataclass(frozen=True, slots=True)
class Export:
    planned: ListPlan
    beside: Sequence[str]
    """Columns of what belongs to the record and lives in a table of its own."""
    first: "Batch"


@dataclass(frozen=True, slots=True)
class Batch:
    rows: Sequence[ListRow]
    related: Mapping[str, str]
    """What belongs to the records, as JSON by their id."""


async def begin(uow: UnitOfWork, schema: RecordSchema, request: ListRequest) -> Export:
    """Understand what is asked for, read the first batch of it and take it down. Raises `Invalid`,
    or `RuleTooExpensive`: once a byte is sent there is no other answer.
    """
    if set(request.include) - {schema.related}:
        message = f"A file can hold {schema.related or 'nothing'} beside the record's own fields."
        raise Invalid(faults=[Fault("/query/include", "unknown_include", message)])
    planned = await plan_list(uow, schema, request)
    if planned.what.traits is None:
        traits = tuple(sorted(await definitions_of(uow, schema)))
        planned = replace(planned, what=replace(planned.what, traits=traits))
    beside: Sequence[str] = ()
    if planned.include:
        keys = [role.key for role in await stored_key_roles(uow)]
        beside = keys if schema.related == "key_roles" else ("account_ids",)
    with in_time(f"{request.pointers}/filter"):
        first = await _batch(uow, planned, None)
    await _audit(uow, schema, request)
    return Export(planned, beside, first)


async def _audit(uow: UnitOfWork, schema: RecordSchema, request: ListRequest) -> None:
    asked = {
        "record_type": schema.record_type,
        "filter": request.filter,
        "fields": request.fields,
        "as_of": request.point and request.point.as_of,
    }
    said = {name: value for name, value in asked.items() if value is not None}
    await audit_log.record(uow, "records.exported", "workspace", uow.workspace_id, after=said)


async def stream(
    units: UnitsOfWork, caller: Caller, export: Export, *, bom: bool
) -> AsyncIterator[bytes]:
    planned, what = export.planned, export.planned.what
    prefix = "key_roles." if planned.schema.related == "key_roles" else ""
    traits = [f"traits.{key}" for key in what.traits or ()]
    own = [*traits, *(field.name for field in what.beside)]
    header = [*what.columns, *own, *(f"{prefix}{name}" for name in export.beside)]
    yield (BOM.encode() if bom else b"") + lines([header])
    batch = export.first
    while True:
        yield lines(_cells(export, row, batch.related.get(id_of(row))) for row in batch.rows)
        if len(batch.rows) < _size(planned):
            return
        after = planned.position(batch.rows[-1])
        async with units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
            batch = await _batch(uow, planned, after)


async def _batch(uow: UnitOfWork, planned: ListPlan, after: Position | None) -> Batch:
    rows = await planned.rows(uow, after, _size(planned))
    found = await planned.includes(uow, rows) if rows else []
    return Batch(rows, found[0][1] if found else {})


def _size(planned: ListPlan) -> int:
    return _BATCH if planned.point is None else _BATCH_OF_THE_PAST


def _cells(export: Export, row: ListRow, related: str | None) -> list[Any]:
    what = export.planned.what
    cells: list[Any] = [row[name] for name in what.columns]
    if what.traits:
        kept = from_json(cast("str", row["traits"]))
        cells += [kept.get(key) for key in what.traits]
    values = {group: from_json(cast("str", row[group])) for group in what.groups}
    for field in what.beside:
        value: Any = values
        for name in field.name.split("."):
            value = value[name]
        cells.append(value)
    if not export.beside:
        return cells
    belongs = from_json(related) if related else {}
    if export.planned.schema.related == "key_roles":
        return cells + [belongs.get(key) for key in export.beside]
    return [*cells, [link["account_id"] for link in belongs]]
