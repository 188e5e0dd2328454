"""What one may ask of the customer records of one type."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from accounts_api.records.editing.edits import Edit, Outcome, Writer
from accounts_api.records.merging import service as merging
from accounts_api.records.requests.bodies import edit_of, row_edit
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store import service as store
from shared import sqlstates
from shared.auth import Caller
from shared.bulk import QuietBatchIn, RowsIn
from shared.db import sqlstate
from shared.errors import invalid
from shared.events.accounts import QuietBatchOpened
from shared.quiet import quietly
from shared.uow import UnitOfWork, UnitsOfWork

CHUNK = 1_000
_ATTEMPTS = 3


@dataclass(frozen=True)
class Records:
    """What one may ask of the records of one type."""

    schema: RecordSchema
    validate: store.Validator | None = None

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
        self,
        uow: UnitOfWork,
        caller: Caller,
        record_id: UUID,
        version: int | None,
        effective_at: datetime | None = None,
    ) -> None:
        edit = Edit(
            mode="update",
            id=str(record_id),
            version=version,
            effective_at=effective_at,
            deleted=True,
        )
        await self._one(uow, caller, edit)

    async def undelete(self, uow: UnitOfWork, caller: Caller, record_id: UUID) -> Outcome:
        return await self._one(uow, caller, Edit(mode="update", id=str(record_id), restore=True))

    async def bulk(
        self,
        units: UnitsOfWork,
        caller: Caller,
        data: RowsIn,
        shape: type[BaseModel],
        quiet: QuietBatchIn | None,
    ) -> list[Outcome]:
        """Upsert rows by external id or update them by id, each accepted or refused by itself.

        A chunk of rows is a transaction: when this raises, chunks before it are stored, and
        sending the same rows again changes nothing about them.
        """
        rows = data.listed()
        outcomes: list[Outcome] = []
        cause, title = caller.cause, f"Bulk write of {self.schema.path}"
        if quiet is not None:
            title = quiet.title or title
            cause = quietly(cause, quiet.id, title)
        for start in range(0, len(rows), CHUNK):
            read = [
                row_edit(self.schema, row, shape, f"/rows/{start + at}")
                for at, row in enumerate(rows[start : start + CHUNK])
            ]
            opened = None
            if quiet is not None and start == 0:
                opened = QuietBatchOpened(id=quiet.id, title=title)
            outcomes += await self._chunk_of(
                units, replace(caller, cause=cause), read, opened, dry_run=data.dry_run
            )
        return outcomes

    async def _chunk_of(
        self,
        units: UnitsOfWork,
        caller: Caller,
        read: Sequence[Edit | Outcome],
        opened: QuietBatchOpened | None,
        *,
        dry_run: bool,
    ) -> list[Outcome]:
        """Writers that meet in the middle of each other's rows may deadlock: one goes again."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with units.begin(caller.workspace_id, caller.cause) as uow:
                    work = self.plan if dry_run else self.chunk
                    if opened is not None and not dry_run:
                        uow.publish(opened)
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
        return await store.each_row(uow, read, lambda some: self._rows(uow, writer, some))

    async def _rows(
        self, uow: UnitOfWork, writer: Writer, read: Sequence[Edit | Outcome]
    ) -> list[Outcome]:
        edits = [row for row in read if isinstance(row, Edit) and row.merged_into is None]
        written = iter(
            await store.write(uow, self.schema, edits, writer, validate=self.validate)
            if edits
            else ()
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
            await store.plan(uow, self.schema, edits, writer, validate=self.validate)
            if edits
            else ()
        )
        return [row if isinstance(row, Outcome) else next(planned) for row in read]

    async def _one(self, uow: UnitOfWork, caller: Caller, edit: Edit) -> Outcome:
        (outcome,) = await store.write(
            uow, self.schema, [edit], Writer.of(caller), validate=self.validate
        )
        return accepted(outcome)

    async def merge(self, uow: UnitOfWork, winner_id: UUID, loser_id: UUID) -> Outcome:
        return accepted(await merging.merge(uow, self.schema, str(winner_id), str(loser_id)))


def accepted(outcome: Outcome) -> Outcome:
    """Raises what refused the edit."""
    if outcome.error is not None:
        raise outcome.error
    return outcome
