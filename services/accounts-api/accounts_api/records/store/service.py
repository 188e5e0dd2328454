"""What one may ask of the customer records of one type."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ValidationError

from accounts_api.records.schema.errors import NotAllWritten, NotWritten
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.schema.trait_values import Definitions, read_definitions
from accounts_api.records.store import merging, queries
from accounts_api.records.store.batch import PendingRecord
from accounts_api.records.store.edits import (
    OURSELVES,
    ROW_NOT_STORED,
    SEE_ERRORS,
    Edit,
    Outcome,
    Writer,
    edit_of,
    salvaged,
)
from accounts_api.records.store.schemas import MAX_ROWS
from accounts_api.records.store.writing import Validator, plan, write
from shared import sqlstates
from shared.auth import Caller
from shared.batches import each_at_its_own_risk
from shared.db import sqlstate
from shared.errors import AppError, Fault, Invalid, invalid
from shared.uow import UnitOfWork, UnitsOfWork
from shared.web.problems import faults_in

__all__ = [
    "CHUNK",
    "PendingRecord",
    "Records",
    "accepted",
    "active_members",
    "all_written",
    "definitions_of",
    "living",
    "living_named",
    "row_edit",
    "state_of",
    "write",
    "write_each",
]

CHUNK = 1_000
_ATTEMPTS = 3


@dataclass(frozen=True)
class Records:
    """What one may ask of the records of one type."""

    schema: RecordSchema
    validate: Validator | None = None

    async def create(self, uow: UnitOfWork, caller: Caller, data: BaseModel) -> Outcome:
        return await self._one(uow, caller, edit_of(self.schema, data, mode="create"))

    async def patch(
        self, uow: UnitOfWork, caller: Caller, record_id: UUID, version: int | None, data: BaseModel
    ) -> Outcome:
        edit = edit_of(self.schema, data, mode="update", record_id=record_id, version=version)
        return await self._one(uow, caller, edit)

    async def put(
        self,
        uow: UnitOfWork,
        caller: Caller,
        external_id: str,
        version: int | None,
        data: BaseModel,
    ) -> Outcome:
        edit = edit_of(self.schema, data, version=version)
        if edit.external_id not in {None, external_id}:
            message = f"The address says {external_id!r}. To give it another, PATCH it by its id."
            raise invalid("/external_id", "contradiction", message)
        edit.external_id = external_id
        return await self._one(uow, caller, edit)

    async def delete(
        self, uow: UnitOfWork, caller: Caller, record_id: UUID, version: int | None
    ) -> None:
        edit = Edit(mode="update", id=str(record_id), version=version, deleted=True)
        await self._one(uow, caller, edit)

    async def undelete(self, uow: UnitOfWork, caller: Caller, record_id: UUID) -> Outcome:
        return await self._one(uow, caller, Edit(mode="update", id=str(record_id), restore=True))

    async def bulk(
        self,
        units: UnitsOfWork,
        caller: Caller,
        rows: Any,
        shape: type[BaseModel],
        *,
        dry_run: bool = False,
    ) -> list[Outcome]:
        """Upsert rows by external id or update them by id, each accepted or refused by itself.

        A chunk of rows is a transaction: when this raises, chunks before it are stored, and
        sending the same rows again changes nothing about them.
        """
        if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ROWS:
            raise invalid("/rows", "rows", f"A list of 1 to {MAX_ROWS} rows.")
        outcomes: list[Outcome] = []
        for start in range(0, len(rows), CHUNK):
            read = [
                row_edit(self.schema, row, shape, f"/rows/{start + at}")
                for at, row in enumerate(rows[start : start + CHUNK])
            ]
            outcomes += await self._chunk_of(units, caller, read, dry_run=dry_run)
        return outcomes

    async def _chunk_of(
        self,
        units: UnitsOfWork,
        caller: Caller,
        read: Sequence[Edit | Outcome],
        *,
        dry_run: bool,
    ) -> list[Outcome]:
        """Writers that meet in the middle of each other's rows may deadlock: one goes again."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with units.begin(caller.workspace_id, caller.cause) as uow:
                    work = self.plan if dry_run else self.chunk
                    return await work(uow, Writer.of(caller), read)
            except Exception as error:
                if sqlstate(error) != sqlstates.DEADLOCK_DETECTED or attempt == _ATTEMPTS:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def chunk(
        self, uow: UnitOfWork, writer: Writer, read: Sequence[Edit | Outcome]
    ) -> list[Outcome]:
        """Of rows that `row_edit` read; the caller commits. A row that the database or a listener
        cannot bear costs that row alone.
        """
        outcomes: dict[int, Outcome] = {}

        async def write_some(places: Sequence[int]) -> None:
            some = await self._rows(uow, writer, [read[place] for place in places])
            outcomes.update(zip(places, some, strict=True))

        async def refuse(place: int, error: Exception) -> None:
            outcomes[place] = refused(read[place], error)

        await each_at_its_own_risk(uow, range(len(read)), write_some, refuse)
        return [outcomes[place] for place in range(len(read))]

    async def _rows(
        self, uow: UnitOfWork, writer: Writer, read: Sequence[Edit | Outcome]
    ) -> list[Outcome]:
        edits = [row for row in read if isinstance(row, Edit) and row.merged_into is None]
        written = iter(
            await write(uow, self.schema, edits, writer, validate=self.validate) if edits else ()
        )
        outcomes = []
        for row in read:
            if isinstance(row, Outcome):
                outcomes.append(row)
            elif row.merged_into is None:
                outcomes.append(next(written))
            else:
                outcomes.append(await merging.merge_at_source(uow, self.schema, row))
        return outcomes

    async def plan(
        self, uow: UnitOfWork, writer: Writer, read: Sequence[Edit | Outcome]
    ) -> list[Outcome]:
        """What `chunk` would answer; nothing is stored."""
        edits = [row for row in read if isinstance(row, Edit)]
        planned = iter(
            await plan(uow, self.schema, edits, writer, validate=self.validate) if edits else ()
        )
        return [row if isinstance(row, Outcome) else next(planned) for row in read]

    async def _one(self, uow: UnitOfWork, caller: Caller, edit: Edit) -> Outcome:
        (outcome,) = await write(
            uow, self.schema, [edit], Writer.of(caller), validate=self.validate
        )
        return accepted(outcome)

    async def merge(self, uow: UnitOfWork, winner_id: UUID, loser_id: UUID) -> Outcome:
        return accepted(await merging.merge(uow, self.schema, str(winner_id), str(loser_id)))


async def write_each(
    uow: UnitOfWork, schema: RecordSchema, edits: Sequence[Edit], writer: Writer = OURSELVES
) -> list[Outcome]:
    """As `write`, and an edit that the database or a listener cannot bear is refused alone."""
    return await Records(schema).chunk(uow, writer, edits)


def all_written(outcomes: Sequence[Outcome]) -> None:
    """Raises `NotAllWritten`, with which the others are kept."""
    errors = [outcome for outcome in outcomes if outcome.error is not None]
    if errors:
        first = errors[0].error
        raise NotAllWritten(f"{len(errors)} records, the first of them {errors[0].id}: {first}")


def refused(row: Edit | Outcome, error: Exception) -> Outcome:
    """What to answer for one row that could not be written."""
    known = error if isinstance(error, AppError) else NotWritten()
    return Outcome("rejected", row.id, row.external_id, error=known)


async def state_of(uow: UnitOfWork, schema: RecordSchema, record_id: UUID) -> RecordState | None:
    """One record as plain values, tombstones included."""
    loaded = await queries.load(uow.session, uow.workspace_id, schema, [str(record_id)])
    return loaded.states[0] if loaded.states else None


async def living(uow: UnitOfWork, schema: RecordSchema, ids: Collection[str]) -> Mapping[str, str]:
    """For each id of a record that there is, the id that stands for it: of one that was merged away
    its winner's.
    """
    by_id, _ = await queries.targets(uow.session, uow.workspace_id, schema, ids, ())
    return by_id


async def living_named(
    uow: UnitOfWork, schema: RecordSchema, external_ids: Iterable[str]
) -> Mapping[str | None, UUID]:
    """As `living`, by external id."""
    wanted = sorted(set(external_ids))
    if not wanted:
        return {}
    _, found = await queries.targets(uow.session, uow.workspace_id, schema, (), wanted)
    return {external_id: UUID(record_id) for external_id, record_id in found.items()}


async def active_members(uow: UnitOfWork, ids: Collection[str]) -> frozenset[str]:
    return await queries.known_members(uow.session, uow.workspace_id, ids)


async def definitions_of(uow: UnitOfWork, schema: RecordSchema) -> Definitions:
    """Of the record type's traits."""
    loaded = await queries.load(uow.session, uow.workspace_id, schema)
    return read_definitions(loaded.definitions)


def accepted(outcome: Outcome) -> Outcome:
    """Raises what refused the edit."""
    if outcome.error is not None:
        raise outcome.error
    return outcome


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
