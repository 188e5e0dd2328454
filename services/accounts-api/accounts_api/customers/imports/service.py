"""Files of records: taken in, mapped, started, cancelled and forgotten."""

from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_jsonable_python

from accounts_api.customers.import_destinations.destination import Identity
from accounts_api.customers.import_destinations.rules import Target
from accounts_api.customers.import_destinations.service import destination_of, targets_of
from accounts_api.customers.imports import queries
from accounts_api.customers.imports.errors import (
    ImportNotFound,
    RecordTypeGone,
    UploadInterrupted,
    WrongState,
)
from accounts_api.customers.imports.mapping import mapped, mapping_faults
from accounts_api.customers.imports.models import Import
from accounts_api.customers.imports.rules import detected_formats
from accounts_api.customers.imports.schemas import ImportIn, ImportPatch
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.language.spreadsheets.csv_file import CsvFile, NotCsv, Row
from accounts_api.language.spreadsheets.evidence import Evidence
from accounts_api.records.editing.edits import Writer
from shared.audit import difference
from shared.auth import Caller
from shared.errors import Fault, Invalid, check_version
from shared.events.accounts import ImportFinished, QuietBatchOpened
from shared.events.base import Cause
from shared.ids import new_id
from shared.paging import CursorSigner, page_of
from shared.service import Service
from shared.uow import UnitOfWork, UnitsOfWork, caused_by
from shared.usages import Usage

CHUNK_ROWS: Final = 500
_CHUNK_CHARACTERS: Final = 1_000_000
KEPT_DAYS: Final = 30
_LEFT_OVER: Final = 1_000
"""Chunks removed at once."""
_DELIMITERS: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_SAID_WITH_IT: Final = frozenset(
    {"amounts", "empty_cells", "dates", "decimals", "automation", "allow_implausible"}
)
_MAY_BE_NULL: Final = frozenset({"dates", "decimals"})
_CALLED: Final = {character: name for name, character in _DELIMITERS.items()}
_BEFORE_START: Final = frozenset({"waiting", "ready"})


async def create_import(uow: UnitOfWork, caller: Caller, data: ImportIn) -> dict[str, Any]:
    """Raises `Invalid` for a file that is no CSV."""
    into = await destination_of(uow, data.record_type)
    if into is None:
        message = f"There is no record type {data.record_type!r} here, or it was archived."
        raise Invalid(faults=[Fault("/record_type", "unknown_record_type", message)])
    caller.must(into.permission)
    import_id = new_id()
    said = {"record_type", "file_name", *_SAID_WITH_IT}
    given = data.model_dump(include=said)
    delimiter = _DELIMITERS.get(data.delimiter or "")
    made = await queries.add_import(uow, {"id": import_id, "delimiter": delimiter, **given})
    await audit_log.record(uow, "import.created", "import", import_id, after=given)
    if data.csv is not None:
        made = await _take_text(uow, made, data.csv)
    return await _shown(uow, made)


async def _take_text(uow: UnitOfWork, job: Import, text: str) -> Import:
    file, evidence, upload_id = CsvFile(job.delimiter), Evidence(), new_id()
    raw = text.encode()
    try:
        rows = [*file.feed(raw), *file.finish()]
    except NotCsv as wrong:
        raise _refused(wrong, "/csv") from wrong
    evidence.see(rows)
    for number, chunk in enumerate(_chunks(rows)):
        await queries.add_chunk(uow, job.id, upload_id, number, chunk)
    return await _taken(uow, job, file, evidence, upload_id, len(raw))


async def take_file(
    units: UnitsOfWork, caller: Caller, import_id: UUID, pieces: AsyncIterable[bytes]
) -> dict[str, Any]:
    """Store the file as it comes, a chunk of rows in each transaction; only the last one makes it
    the import's file. Raises `Invalid` for what is no CSV, which leaves the file before in place.
    """
    async with units.begin(caller.workspace_id, caller.cause) as uow:
        job = await get_import(uow, import_id)
        _must_be(job, _BEFORE_START)
    file, evidence, upload_id = CsvFile(job.delimiter), Evidence(), new_id()
    waiting: list[Row] = []
    number, size = 0, 0
    try:
        async for piece in pieces:
            size += len(piece)
            read = file.feed(piece)
            evidence.see(read)
            waiting += read
            *full, waiting = list(_chunks(waiting)) or [[]]
            for chunk in full:
                async with units.begin(caller.workspace_id, caller.cause) as uow:
                    await queries.add_chunk(uow, import_id, upload_id, number, chunk)
                number += 1
        rest = file.finish()
        evidence.see(rest)
        waiting += rest
    except NotCsv as wrong:
        # Heard to the end: who is cut off while sending never reads why.
        async for _ in pieces:
            pass
        raise _refused(wrong, "") from wrong
    except ConnectionError as error:
        raise UploadInterrupted("Send the whole file again.") from error
    async with units.begin(caller.workspace_id, caller.cause) as uow:
        job = await get_import(uow, import_id, lock=True)
        _must_be(job, _BEFORE_START)
        for chunk in _chunks(waiting):
            await queries.add_chunk(uow, import_id, upload_id, number, chunk)
            number += 1
        return await _shown(uow, await _taken(uow, job, file, evidence, upload_id, size))


def _chunks(rows: Sequence[Row]) -> list[list[Row]]:
    """As many rows together as one transaction writes, or fewer if they are long."""
    found: list[list[Row]] = []
    room = 0
    for row in rows:
        size = sum(map(len, row[1]))
        if not found or len(found[-1]) == CHUNK_ROWS or size > room:
            found.append([])
            room = _CHUNK_CHARACTERS
        found[-1].append(row)
        room -= size
    return found


async def _taken(
    uow: UnitOfWork, job: Import, file: CsvFile, evidence: Evidence, upload_id: UUID, size: int
) -> Import:
    await queries.remove_other_chunks(uow, job.id, upload_id)
    fields = {
        "upload_id": upload_id,
        "status": "ready",
        "delimiter": file.delimiter,
        "columns": file.columns,
        "evidence": evidence.by_column(file.columns),
        "mapping": await mapped(uow, job.record_type, file.columns),
        "rows": file.rows,
        "size_bytes": size,
    }
    taken = await queries.change_import(uow, job.id, fields)
    said = {"columns": file.columns, "rows": file.rows, "size_bytes": size}
    await audit_log.record(uow, "import.file_received", "import", job.id, after=said)
    return taken


def _refused(wrong: NotCsv, pointer: str) -> Invalid:
    return Invalid(wrong.message, faults=[Fault(pointer, wrong.code, wrong.message)])


async def get_import(uow: UnitOfWork, import_id: UUID, *, lock: bool = False) -> Import:
    found = await queries.import_by_id(uow, import_id, lock=lock)
    if found is None:
        raise ImportNotFound("There is no import with this id.")
    return found


async def running_import(
    uow: UnitOfWork, import_id: UUID, *, skip_locked: bool = False
) -> Import | None:
    """It, locked, if it runs. `skip_locked`: None too while somebody works on it."""
    job = await queries.import_by_id(uow, import_id, lock=True, skip_locked=skip_locked)
    return job if job is not None and job.status == "running" else None


def columns_of(job: Import, identity: Identity) -> list[int]:
    """Places of the columns that say what a row is about."""
    names = {name for group in identity for name in group}
    return [at for at, column in enumerate(job.columns) if job.mapping.get(column) in names]


async def is_next(uow: UnitOfWork, import_id: UUID, chunk: int) -> bool:
    """Whether a chunk is still to be recorded, though the import was cancelled meanwhile; it is
    locked.
    """
    return (await get_import(uow, import_id, lock=True)).next_chunk == chunk


def _must_be(job: Import, states: frozenset[str]) -> None:
    if job.status not in states:
        raise WrongState(f"It is {job.status}.", import_status=job.status)


def as_json(job: Import, known: Mapping[str, Target]) -> dict[str, Any]:
    shown: dict[str, Any] = asdict(job)
    shown["columns"] = [{"name": name, "target": job.mapping.get(name)} for name in job.columns]
    shown["delimiter"] = _CALLED.get(job.delimiter or "")
    shown["detected_formats"] = detected_formats(job.evidence, job.mapping, known)
    return shown


async def _shown(uow: UnitOfWork, job: Import) -> dict[str, Any]:
    return as_json(job, await targets_of(uow, job.record_type))


async def show_import(uow: UnitOfWork, import_id: UUID) -> dict[str, Any]:
    job = await get_import(uow, import_id)
    known = await targets_of(uow, job.record_type)
    targets = sorted(known.values(), key=lambda target: target.name)
    return {**as_json(job, known), "targets": targets}


async def list_imports(
    uow: UnitOfWork, cursors: CursorSigner, cursor: str | None, limit: int
) -> dict[str, Any]:
    """Newest first."""
    shape = ("imports",)
    before = UUID(cursors.read(cursor, uow.workspace_id, shape)[0]) if cursor else None
    rows = await queries.imports_page(uow, before, limit + 1)
    page = page_of(rows, limit, cursors, uow.workspace_id, shape, ("id",))
    known = {kind: await targets_of(uow, kind) for kind in {job.record_type for job in rows}}
    return {**page, "data": [as_json(job, known[job.record_type]) for job in page["data"]]}


async def change_import(
    uow: UnitOfWork, import_id: UUID, version: int | None, data: ImportPatch
) -> dict[str, Any]:
    """Raises `Invalid` with every column and target that does not exist."""
    job = await get_import(uow, import_id, lock=True)
    check_version(version, job.version)
    _must_be(job, _BEFORE_START)
    changes = {
        name: value
        for name in data.model_fields_set
        if (value := getattr(data, name)) is not None or name in _MAY_BE_NULL
    }
    if "mapping" in changes:
        mapping = {**job.mapping, **changes["mapping"]}
        known = await targets_of(uow, job.record_type)
        faults = mapping_faults(job.columns, changes["mapping"], mapping, known)
        if faults:
            raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
        changes["mapping"] = mapping
    if changes:
        stood = {name: getattr(job, name) for name in changes}
        before, after = difference(stood, changes)
        await audit_log.record(
            uow, "import.updated", "import", import_id, before=before, after=after
        )
        job = await queries.change_import(uow, import_id, changes)
    return await _shown(uow, job)


async def start_import(
    uow: UnitOfWork, caller: Caller, import_id: UUID, version: int | None
) -> dict[str, Any]:
    """Rows are written as by the one who starts it: with that one's right to edit traits."""
    job = await get_import(uow, import_id, lock=True)
    check_version(version, job.version)
    _must_be(job, frozenset({"ready"}))
    into = await destination_of(uow, job.record_type)
    if into is None:
        raise RecordTypeGone
    caller.must(into.permission)
    known = await into.targets(uow)
    faults = mapping_faults(job.columns, job.mapping, job.mapping, known)
    for group in into.identity:
        if not columns_of(job, (group,)):
            names = " or ".join(f"`{name}`" for name in group)
            message = f"Map a column to {names}: what is a row about?"
            faults.append(Fault("/mapping", "no_identity", message))
    if faults:
        raise Invalid("It cannot start like this.", faults=faults)
    writer = Writer.of(caller)
    cause = (*uow.cause, Cause(type="import", id=str(import_id), label=job.file_name))
    fields = {
        "status": "running",
        "may_edit": sorted(writer.may_edit),
        "is_source": writer.is_source,
        "cause": to_jsonable_python(cause),
        "started_at": await uow.machine_now(),
    }
    started = await queries.change_import(uow, import_id, fields)
    said = {name: getattr(job, name) for name in ("file_name", "rows", "mapping", "automation")}
    await audit_log.record(uow, "import.started", "import", import_id, after=said)
    if started.automation == "quiet":
        async with caused_by(uow, cause):
            uow.publish(QuietBatchOpened(id=import_id, title=job.file_name))
    uow.wake_worker()
    return as_json(started, known)


async def cancel_import(uow: UnitOfWork, import_id: UUID) -> dict[str, Any]:
    """Rows that are written stay; no more are."""
    job = await get_import(uow, import_id, lock=True)
    _must_be(job, frozenset({"waiting", "ready", "running"}))
    ended = await end(uow, import_id, "cancelled", job.failure, edited=True)
    await audit_log.record(
        uow, "import.cancelled", "import", import_id, after={"processed_rows": job.processed_rows}
    )
    return await _shown(uow, ended)


async def end(
    uow: UnitOfWork, import_id: UUID, status: str, failure: str | None, *, edited: bool = False
) -> Import:
    """Others are told of one that was started. `edited`: by a person, so its version grows."""
    fields = {"status": status, "finished_at": await uow.machine_now(), "failure": failure}
    ended = await queries.change_import(uow, import_id, fields, edited=edited)
    if ended.started_at is not None:
        uow.publish(ImportFinished.model_validate(ended, from_attributes=True))
    return ended


async def count_waiting(uow: UnitOfWork) -> int:
    """Rows of running imports that are still to be written."""
    return await queries.waiting_rows(uow)


async def forget_old(service: Service) -> bool:
    """Remove a file that has been kept long enough, and what is left of uploads that broke off."""
    async with service.units.across_workspaces() as scope:
        left_over = await queries.remove_left_over(scope, _LEFT_OVER)
        old = await queries.old_import(scope, KEPT_DAYS)
        if old is not None:
            await queries.remove_file(scope, old.workspace_id, old.id)
    return old is not None or left_over == _LEFT_OVER


async def find_usages(uow: UnitOfWork, what: str, record_type: str | None, key: str) -> list[Usage]:
    """The imports that are going to write a trait or a key role."""
    match what, record_type:
        case "trait", str():
            found = await queries.imports_writing(uow, record_type, f"traits.{key}")
        case "key_role", _:
            found = await queries.imports_writing(uow, "account", f"key_roles.{key}")
        case _:
            return []
    return [Usage("import", str(each.id), each.file_name) for each in found]
