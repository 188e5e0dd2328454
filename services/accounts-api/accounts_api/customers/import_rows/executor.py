"""Rows of a file go where they belong: a chunk in a transaction, which also moves the checkpoint.

Whoever holds the import's row works on it. A worker that dies lets go of it with its transaction,
so the next one finds the checkpoint where the last whole chunk left it.

Rows of another service are sent between two transactions. Whoever sends them has the import for a
while; after that, the next worker sends the same call, which is answered as at first.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.import_destinations.destination import Importer
from accounts_api.customers.import_destinations.elsewhere import Delivery, ServiceDestination
from accounts_api.customers.import_destinations.errors import PeerAway
from accounts_api.customers.import_destinations.service import AnyDestination, destination_of
from accounts_api.customers.import_reading.reading import (
    Read,
    faults_of,
    read_rows,
    stand_together,
)
from accounts_api.customers.import_reading.rules import Reading
from accounts_api.customers.import_rows import queries
from accounts_api.customers.imports.errors import RecordTypeGone
from accounts_api.customers.imports.models import Import
from accounts_api.customers.imports.service import columns_of, end, is_next, running_import
from accounts_api.identity.api_keys.service import caller_now
from accounts_api.records.editing.edits import Outcome, Writer
from shared.auth import Caller, subject_of
from shared.db import is_connection_loss
from shared.errors import Forbidden
from shared.events.base import chain_of
from shared.fault_points import faultpoint
from shared.logging import get_logger
from shared.quiet import quietly
from shared.service import Service
from shared.uow import UnitOfWork

log = get_logger(__name__)
_ATTEMPTS: Final = 6
"""Of one chunk; between them 2, 4, 8, … seconds."""
_SENDING_SECONDS: Final = 150
"""For which a chunk is its sender's: longer than its calls may take."""
_AWAY_SECONDS: Final = 10
_MAY_NO_MORE: Final = "Whoever started it may not write these any more."


async def step(service: Service) -> bool:
    """One chunk of the import that has waited longest."""
    async with service.units.across_workspaces() as scope:
        due = await queries.next_running(scope)
    if due is None:
        return False
    try:
        await _write_chunk(service, due.workspace_id, due.id)
    except Exception as error:
        if is_connection_loss(error):
            raise
        log.warning("import failed", error=type(error).__name__, exc_info=True)
        await _note_failure(service, due.workspace_id, due.id)
    return True


@dataclass(frozen=True, slots=True)
class _Chunk:
    """The rows of a running import that come next."""

    job: Import
    into: AnyDestination
    importer: Importer
    rows: list[Read]
    reading: Reading


async def _write_chunk(service: Service, workspace_id: UUID, import_id: UUID) -> None:
    async with service.units.begin(workspace_id, ()) as uow:
        chunk = await _next_chunk(uow, import_id)
        if chunk is None:
            return
        if not isinstance(chunk.into, ServiceDestination):
            plan = partial(chunk.into.plan, uow, chunk.importer)
            rows = await stand_together(chunk.rows, chunk.into.identity, plan)
            outcomes = await chunk.into.write(uow, chunk.importer, [row.wanted for row in rows])
            await _record(uow, chunk, rows, outcomes)
            faultpoint("imports.before_commit", workspace_id)
            return
        await queries.put_off(uow, import_id, chunk.job.failure, _SENDING_SECONDS, failed=False)
    await _send_chunk(service, chunk, chunk.into)


async def _send_chunk(service: Service, chunk: _Chunk, into: ServiceDestination) -> None:
    job, begin = chunk.job, service.units.begin
    delivery = Delivery(job.id, job.file_name, job.automation, job.next_chunk)
    send = partial(into.send, service, chunk.importer, delivery)
    try:
        rows = await stand_together(chunk.rows, into.identity, partial(send, dry_run=True))
        outcomes = await send([row.wanted for row in rows])
    except PeerAway:
        failure = f"The {into.peer} service does not answer; it is asked again."
        async with begin(job.workspace_id, ()) as uow:
            await queries.put_off(uow, job.id, failure, _AWAY_SECONDS, failed=False)
        return
    except Forbidden:
        async with begin(job.workspace_id, chain_of(job.cause)) as uow:
            if await running_import(uow, job.id) is not None:
                await end(uow, job.id, "failed", _MAY_NO_MORE)
        return
    faultpoint("imports.sent", job.workspace_id)
    async with begin(job.workspace_id, ()) as uow:
        if await is_next(uow, job.id, job.next_chunk):
            await _record(uow, chunk, rows, outcomes)


async def _next_chunk(uow: UnitOfWork, import_id: UUID) -> _Chunk | None:
    """None when there is none: somebody else works on it, or it ends with this."""
    job = await running_import(uow, import_id, skip_locked=True)
    if job is None:
        return None
    uow.cause = chain_of(job.cause)
    into = await destination_of(uow, job.record_type)
    if into is None:
        await end(uow, import_id, "failed", RecordTypeGone.title)
        return None
    if job.next_chunk == 0:
        await _gather_rows(uow, job, into)
    cells = await queries.chunk_rows(uow, import_id, job.upload_id, job.next_chunk)
    if cells is None:
        await end(uow, import_id, "finished", None)
        return None
    importer = await _importer(uow, job, into)
    if importer is None:
        await end(uow, import_id, "failed", _MAY_NO_MORE)
        return None
    rows, reading = await read_rows(uow, job, into, cells)
    if job.automation == "quiet":
        uow.cause = quietly(uow.cause, job.id, job.file_name)
    return _Chunk(job, into, importer, rows, reading)


async def _importer(uow: UnitOfWork, job: Import, into: AnyDestination) -> Importer | None:
    """Whoever started it, with what they may do now; None when they may not write this any more."""
    writer = Writer(frozenset(job.may_edit), is_source=job.is_source)
    subject = subject_of(uow.cause)
    if subject is None:
        itself = Caller(uow.workspace_id, uow.cause[0], frozenset(), uow.cause)
        return Importer(itself, writer)
    caller = await caller_now(uow, subject)
    if caller is None or into.permission not in caller.permissions:
        return None
    return Importer(replace(caller, cause=uow.cause), writer)


async def _gather_rows(uow: UnitOfWork, job: Import, into: AnyDestination) -> None:
    """All rows of a record are written at once, however far apart they stand: one after the other
    they would undo and redo each other whenever the file comes again.
    """
    if places := columns_of(job, into.identity):
        await queries.gather_rows(uow, job.id, job.upload_id, places)


async def _record(
    uow: UnitOfWork, chunk: _Chunk, rows: Sequence[Read], outcomes: Sequence[Outcome]
) -> None:
    """Keep what became of the rows, and move the checkpoint behind them."""
    told = [
        _told(row, outcome, chunk.reading)
        for row, outcome in zip(rows, outcomes, strict=True)
        if outcome.status != "unchanged"
    ]
    await queries.add_rows(uow, chunk.job.id, chunk.job.next_chunk, told)
    counts = Counter(str(outcome.status) for outcome in outcomes)
    await queries.advance(uow, chunk.job.id, counts)


async def _note_failure(service: Service, workspace_id: UUID, import_id: UUID) -> None:
    async with service.units.begin(workspace_id, ()) as uow:
        job = await running_import(uow, import_id)
        if job is None:
            return
        uow.cause = chain_of(job.cause)
        failure = "A part of the file could not be written; we have been told."
        if job.attempts + 1 >= _ATTEMPTS:
            await end(uow, import_id, "failed", failure)
            return
        await queries.put_off(uow, import_id, failure, 2**job.attempts, failed=True)


def _told(row: Read, outcome: Outcome, reading: Reading) -> dict[str, Any]:
    errors = [fault.as_json() for fault in faults_of(row, outcome, reading)]
    return {
        "row": row.number,
        "status": outcome.status,
        "record_id": outcome.id,
        "external_id": outcome.external_id,
        "errors": errors or None,
    }
