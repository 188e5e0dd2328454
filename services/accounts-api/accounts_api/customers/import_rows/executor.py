"""Rows of a file become records: a chunk in each transaction, which also moves the checkpoint.

Whoever holds the import's row works on it. A worker that dies lets go of it with its transaction,
so the next one finds the checkpoint where the last whole chunk left it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from pydantic_core import from_json

from accounts_api.customers.import_rows import queries
from accounts_api.customers.import_rows.errors import OtherRowRejected
from accounts_api.customers.import_rows.queries import Duplicates
from accounts_api.customers.import_rows.rules import CellFault, Reading, together
from accounts_api.customers.import_rows.service import kept
from accounts_api.customers.imports.errors import RecordTypeGone, WrongState
from accounts_api.customers.imports.mapping import importable, targets_of
from accounts_api.customers.imports.models import Import
from accounts_api.customers.imports.rules import Target, detected_formats
from accounts_api.customers.imports.service import CHUNK_ROWS, end, get_import, running_import
from accounts_api.customers.querying.service import related_json
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.evaluation.engine.service import evaluate_at_once, lock
from accounts_api.identity.members.service import active_by_email
from accounts_api.language.spreadsheets.csv_cells import plain
from accounts_api.language.spreadsheets.formats import Formats
from accounts_api.records.editing.edits import Edit, Outcome, Writer
from accounts_api.records.requests.bodies import row_edit
from accounts_api.records.schema.errors import NotWritten
from shared.auth import Caller
from shared.db import is_connection_loss
from shared.errors import AppError
from shared.events.base import chain_of
from shared.fault_points import faultpoint
from shared.logging import get_logger
from shared.mail.addresses import email_key
from shared.quiet import quietly
from shared.service import Service
from shared.uow import UnitOfWork

log = get_logger(__name__)
_ATTEMPTS: Final = 6
"""Of one chunk; between them 2, 4, 8, … seconds."""
_LOOKED_AT: Final = 4
"""Chunks that a preview looks at."""
_SAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Read:
    """A row of the file as the write engine takes it, or why it does not."""

    number: int
    values: dict[str, Any]
    wanted: Edit | Outcome
    faults: Sequence[CellFault]

    @property
    def identity(self) -> tuple[str, str] | None:
        """Which record it is about, faulty or not."""
        named = ((name, self.values.get(name)) for name in ("id", "external_id"))
        return next(((name, str(value)) for name, value in named if value), None)


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


async def _write_chunk(service: Service, workspace_id: UUID, import_id: UUID) -> None:
    async with service.units.begin(workspace_id, ()) as uow:
        job = await running_import(uow, import_id, skip_locked=True)
        if job is None:
            return
        uow.cause = chain_of(job.cause)
        if job.next_chunk == 0:
            await _gather_rows(uow, job)
        rows = await queries.chunk_rows(uow, import_id, job.upload_id, job.next_chunk)
        if rows is None:
            await end(uow, import_id, "finished", None)
            return
        into = await importable(uow, job.record_type)
        if into is None:
            await end(uow, import_id, "failed", RecordTypeGone.title)
            return
        writer = Writer(frozenset(job.may_edit), is_source=job.is_source)
        read, reading = await _read(uow, job, into, rows)
        read = await _stand_together(uow, into, writer, read)
        if job.automation == "quiet":
            uow.cause = quietly(uow.cause, job.id, job.file_name)
        outcomes = await into.records.chunk(uow, writer, [row.wanted for row in read])
        told = [
            _told(row, outcome, reading)
            for row, outcome in zip(read, outcomes, strict=True)
            if outcome.status != "unchanged"
        ]
        await queries.add_rows(uow, import_id, job.next_chunk, told)
        counts = Counter(str(outcome.status) for outcome in outcomes)
        await queries.advance(uow, import_id, counts)
        faultpoint("imports.before_commit", uow.workspace_id)


async def _gather_rows(uow: UnitOfWork, job: Import) -> None:
    """All rows of a record are written at once, however far apart they stand: one after the other
    they would undo and redo each other whenever the file comes again.
    """
    if places := _identifying(job):
        await queries.gather_rows(uow, job.id, job.upload_id, places)


def _identifying(job: Import) -> list[int]:
    """Places of the columns that say which record a row is about."""
    keys = {"id", "external_id"}
    return [at for at, column in enumerate(job.columns) if job.mapping.get(column) in keys]


async def _duplicates(uow: UnitOfWork, job: Import) -> dict[str, Any]:
    """Records of the whole file that several rows are about."""
    places = _identifying(job)
    rows: Sequence[Duplicates] = ()
    if places:
        rows = await queries.duplicate_rows(uow, job.id, job.upload_id, places, _SAMPLES)
    return {
        "records": rows[0].records if rows else 0,
        "rows": rows[0].all_rows if rows else 0,
        "samples": [{"id": row.id, "rows": row.rows} for row in rows],
    }


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
        await queries.put_off(uow, import_id, failure, 2**job.attempts)


async def _read(
    uow: UnitOfWork, job: Import, into: RecordType, rows: Sequence[tuple[int, list[str]]]
) -> tuple[list[Read], Reading]:
    schema = into.records.schema
    known = await targets_of(uow, job.record_type)
    reading = Reading(
        job.columns,
        job.mapping,
        known,
        job.amounts,
        job.empty_cells,
        linked=schema.related == "accounts",
        formats=await _formats(uow, job, known),
        evidence=job.evidence,
    )
    by_email = await active_by_email(uow, _addresses(reading, rows))
    members = {email: str(member_id) for email, member_id in by_email.items()}
    read = [_read_row(reading, members, into, *row) for row in rows]
    for row in read:
        if isinstance(row.wanted, Edit):
            row.wanted.allows_implausible = job.allow_implausible
    return read, reading


def _read_row(
    reading: Reading,
    members: Mapping[str, str],
    into: RecordType,
    number: int,
    cells: list[str],
) -> Read:
    """One row that nobody can read costs itself."""
    try:
        values, faults = reading.row(cells, members)
        wanted = row_edit(into.records.schema, values, into.row, "")
    except Exception:
        log.exception("a row could not be read", row=number)
        fault = CellFault(None, NotWritten.code, "This row could not be read; we have been told.")
        return Read(number, {}, Outcome("rejected", error=NotWritten()), [fault])
    if faults:
        external_id = values.get("external_id")
        wanted = Outcome("rejected", external_id=external_id, error=AppError())
    elif isinstance(wanted, Edit) and wanted.links:
        _add_links(wanted, values)
    return Read(number, values, wanted, faults)


async def _formats(uow: UnitOfWork, job: Import, known: Mapping[str, Target]) -> Formats:
    shown = detected_formats(job.evidence, job.mapping, known)
    order, decimals = (guess.value if guess else None for guess in shown.values())
    return Formats(job.dates or order, job.decimals or decimals, await uow.zone())


async def _stand_together(
    uow: UnitOfWork, into: RecordType, writer: Writer, read: list[Read]
) -> list[Read]:
    """`read`, with every row refused that is about a record of which another row will be."""
    identities = [row.identity for row in read]
    named = [identity for identity in identities if identity is not None]
    if len(named) == len(set(named)):
        return read
    planned = await into.records.plan(uow, writer, [row.wanted for row in read])
    rejected = [at for at, outcome in enumerate(planned) if outcome.status == "rejected"]
    others = together(identities, rejected)
    return [
        replace(row, wanted=_refused_with(row, read[others[at]].number)) if at in others else row
        for at, row in enumerate(read)
    ]


def _refused_with(row: Read, other: int) -> Outcome:
    error = OtherRowRejected(f"Row {other} is about the same record and is rejected.")
    return Outcome("rejected", external_id=row.values.get("external_id"), error=error)


def _addresses(reading: Reading, rows: Sequence[tuple[int, list[str]]]) -> set[str]:
    """Keys of the e-mail addresses of members that the rows name."""
    places = [
        place
        for place, column in enumerate(reading.columns)
        if (target := reading.known.get(reading.mapping.get(column) or ""))
        and target.type in {"member", "members"}
    ]
    cells = (row[place] for _, row in rows for place in places if place < len(row))
    keys = {email_key(part) for cell in cells for part in plain(cell).split(";")}
    return {key for key in keys if key is not None}


def _add_links(edit: Edit, values: dict[str, Any]) -> None:
    """A row names one account of a contact; the others stay, and so do roles it says nothing of."""
    edit.adds_links = True
    for link, said in zip(edit.links or (), values["accounts"], strict=True):
        if "plan_roles" not in said:
            link["plan_roles"] = None


def _told(row: Read, outcome: Outcome, reading: Reading) -> dict[str, Any]:
    errors = [fault.as_json() for fault in _faults(row, outcome, reading)]
    return {
        "row": row.number,
        "status": outcome.status,
        "record_id": outcome.id,
        "external_id": outcome.external_id,
        "errors": errors or None,
    }


def _faults(row: Read, outcome: Outcome, reading: Reading) -> Sequence[CellFault]:
    if row.faults or outcome.error is None:
        return row.faults
    error = outcome.error
    if not error.faults:
        return [CellFault(None, error.code, error.detail or error.title)]
    return [
        CellFault(reading.at(fault.pointer), fault.code, fault.message) for fault in error.faults
    ]


class _UndoneError(Exception):
    """Takes back what was written to look at what follows from it."""


async def _segments_entered(
    service: Service, caller: Caller, into: RecordType, wanted: Sequence[Edit | Outcome]
) -> Counter[tuple[str, str]]:
    """By id and title, how many records would come into each segment: the rows are written and
    evaluated as always, in a transaction that is taken back.
    """
    entered: Counter[tuple[str, str]] = Counter()
    with suppress(_UndoneError):
        async with service.units.begin(caller.workspace_id, caller.cause) as uow:
            # Before the rows, as the worker has it that may be about to write to them.
            await lock(uow)
            outcomes = await into.records.chunk(uow, Writer.of(caller), wanted)
            ids = [str(each.id) for each in outcomes if each.status in {"created", "updated"}]
            before = await _segments_of(uow, into, ids)
            await evaluate_at_once(uow)
            after = await _segments_of(uow, into, ids)
            entered.update(segment for _, segment in after - before)
            raise _UndoneError
    return entered


async def _segments_of(
    uow: UnitOfWork, into: RecordType, ids: Sequence[str]
) -> set[tuple[str, tuple[str, str]]]:
    """Records, each with the id and title of a segment that it is in."""
    of_records = await related_json(uow, into.records.schema, "segments", ids)
    return {
        (record_id, (segment["id"], segment["title"]))
        for record_id, related in of_records.items()
        for segment in from_json(related)
    }


async def preview(
    uow: UnitOfWork, service: Service, caller: Caller, import_id: UUID
) -> dict[str, Any]:
    """What the first rows would do, planned with the write engine; nothing is stored."""
    job = await get_import(uow, import_id)
    kept(job)
    if job.status != "ready":
        raise WrongState(f"It is {job.status}.", import_status=job.status)
    rows: list[tuple[int, list[str]]] = []
    for number in range(_LOOKED_AT):
        rows += await queries.chunk_rows(uow, import_id, job.upload_id, number) or ()
    into = await importable(uow, job.record_type)
    if into is None:
        raise RecordTypeGone
    read, reading = await _read(uow, job, into, rows)
    writer = Writer.of(caller)
    read = await _stand_together(uow, into, writer, read)
    outcomes = await into.records.plan(uow, writer, [row.wanted for row in read])
    told = [(row, out, _faults(row, out, reading)) for row, out in zip(read, outcomes, strict=True)]
    counted = Counter(outcome.status for outcome in outcomes)
    entered: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(read), CHUNK_ROWS):
        some = [row.wanted for row in read[start : start + CHUNK_ROWS]]
        entered += await _segments_entered(service, caller, into, some)
    return {
        "rows": job.rows,
        "checked_rows": len(rows),
        **{status: counted[status] for status in ("created", "updated", "unchanged", "rejected")},
        "faults": _gathered(told),
        "duplicates": await _duplicates(uow, job),
        "segments": [
            {"segment_id": segment_id, "title": title, "records": records}
            for (segment_id, title), records in entered.most_common()
        ],
        "samples": [_sample(*one) for one in told[:_SAMPLES]],
    }


Told = tuple[Read, Outcome, Sequence[CellFault]]


def _gathered(told: Sequence[Told]) -> list[dict[str, Any]]:
    """By column and code, the most frequent first."""
    found: dict[tuple[str | None, str], dict[str, Any]] = {}
    for row, _, faults in told:
        for fault in faults:
            known = found.setdefault(
                (fault.column, fault.code), {**fault.as_json(), "row": row.number, "rows": 0}
            )
            known["rows"] += 1
    return sorted(found.values(), key=lambda fault: -int(fault["rows"]))


def _sample(row: Read, outcome: Outcome, faults: Sequence[CellFault]) -> dict[str, Any]:
    created = outcome.status == "created"
    return {
        "row": row.number,
        "status": outcome.status,
        "record_id": None if created else outcome.id,
        "values": row.values,
        "errors": [fault.as_json() for fault in faults],
    }
