"""Tasks and notes by external id: rows in, one outcome for each, in one transaction and a fixed
number of statements, however many rows there are.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared.auth import Caller
from shared.bulk import QuietBatchIn
from shared.errors import Fault
from shared.events.tasks import QuietRowsWritten
from shared.quiet import quietly
from shared.service import Service
from shared.traits.patches import TraitWrite
from shared.uow import UnitOfWork
from shared.web.problems import faults_in
from tasks_api.records.history import service as history
from tasks_api.records.traits import service as traits
from tasks_api.records.upserts import queries
from tasks_api.records.upserts.batch import (
    Batch,
    Edit,
    Kind,
    Outcome,
    PendingRecord,
    State,
    not_stored,
    taken,
)
from tasks_api.records.upserts.references import asked_by, given_by
from tasks_api.records.upserts.schemas import Fields
from tasks_api.records.upserts.tables import Upserted
from tasks_api.replica.known import Known, look_up

MakeKind = Callable[[UnitOfWork, Sequence[Edit], Sequence[State], TraitWrite], Awaitable[Kind]]
"""What these rows are of, once the records that they name are locked."""


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Rows as edits, or as they were refused for what they refer to."""

    rows: Sequence[Edit | Outcome]
    known: Known


@dataclass(frozen=True, slots=True)
class Written:
    outcomes: Sequence[Outcome]
    """One for each row, in their order."""
    stored: Sequence[PendingRecord]
    """What changed; nothing of a dry run."""


async def read_rows(
    running: Service, caller: Caller, kind: str, rows: Sequence[Any], shape: type[Fields]
) -> ReadRows:
    """Not within a transaction: another service is asked. Raises `Unavailable`."""
    bodies = [_body(row, shape, f"/rows/{place}") for place, row in enumerate(rows)]
    readable = [body for body in bodies if isinstance(body, Fields)]
    members = await traits.members_in(running, caller, kind, (body.traits for body in readable))
    known = await look_up(running, caller, asked_by(readable, members))
    read = [
        _edit_of_row(body, known, f"/rows/{place}") if isinstance(body, Fields) else body
        for place, body in enumerate(bodies)
    ]
    return ReadRows(read, known)


async def read_one(
    running: Service,
    caller: Caller,
    kind: str,
    body: Fields,
    external_id: str,
    version: int | None,
) -> ReadRows:
    """The only row of a call that names it. Raises `Invalid` and `Unavailable`."""
    members = await traits.members_in(running, caller, kind, [body.traits])
    known = await look_up(running, caller, asked_by([body], members))
    given, faults = given_by(body, known, "")
    if given.setdefault("external_id", external_id) != external_id:
        message = f"The address says {external_id!r}. To give it another, name it by id in a row."
        faults.append(Fault("/external_id", "contradiction", message))
    if faults:
        raise not_stored("", faults)
    restore = getattr(body, "restore", False)
    return ReadRows([Edit("", given, None, external_id, version, restore)], known)


def _body(row: Any, shape: type[Fields], pointer: str) -> Fields | Outcome:
    try:
        return shape.model_validate(row)
    except ValidationError as error:
        faults = [
            Fault(pointer + fault.pointer, fault.code, fault.message)
            for fault in faults_in(row, error)
        ]
    named = row.get("external_id") if isinstance(row, dict) else None
    external_id = named if isinstance(named, str) else None
    return Outcome("rejected", external_id=external_id, error=not_stored(pointer, faults))


def _edit_of_row(body: Fields, known: Known, pointer: str) -> Edit | Outcome:
    id_ = getattr(body, "id", None)
    given, faults = given_by(body, known, pointer)
    if id_ is None and body.external_id is None:
        faults.append(Fault(pointer, "no_identity", "Say `id` or `external_id`."))
    if faults:
        named = None if id_ is None else str(id_)
        return Outcome("rejected", named, body.external_id, error=not_stored(pointer, faults))
    restore = getattr(body, "restore", False)
    return Edit(pointer, given, id_, body.external_id, restore=restore)


def be_quiet(
    uow: UnitOfWork, quiet: QuietBatchIn | None, title: str, *, dry_run: bool = False
) -> None:
    """What is written from now on starts nothing, and is known as a batch."""
    if quiet is None:
        return
    title = quiet.title or title
    uow.cause = quietly(uow.cause, quiet.id, title)
    if not dry_run:
        uow.publish(QuietRowsWritten(id=quiet.id, title=title))


async def write(
    uow: UnitOfWork,
    caller: Caller,
    into: Upserted,
    make_kind: MakeKind,
    read: ReadRows,
    *,
    dry_run: bool = False,
) -> Written:
    """Create or change what the rows name, and keep its history; a row that is refused costs itself
    alone. What follows for others is for the caller.
    """
    rows = read.rows
    edits = [row for row in rows if isinstance(row, Edit)]
    members = traits.active_among(read.known.members)
    held_to = await traits.write_of(uow, caller, into.kind, members)
    if not dry_run:
        await queries.take_turns(uow, into.kind)
    states = await queries.stored(
        uow,
        into,
        {edit.id for edit in edits if edit.id is not None},
        {edit.external_id for edit in edits if edit.external_id is not None},
        lock=not dry_run,
    )
    batch = Batch(await make_kind(uow, edits, states, held_to), states)
    outcomes = [batch.apply(row) if isinstance(row, Edit) else row for row in rows]
    pending = batch.finish()
    if dry_run:
        return Written(outcomes, ())
    new = [one.after for one in pending if one.before is None]
    changed = [one for one in pending if one.before is not None]
    await queries.insert_all(uow, into, new)
    await queries.update_all(uow, into, [one.after for one in changed])
    began = [(state["id"], state["authored_at"]) for state in new]
    await history.record_created(uow, into.kind, began)
    told = [(one.after["id"], batch.differences(one.before, one.after)) for one in changed]
    await history.record_changes(uow, into.kind, told)
    return Written(outcomes, pending)


async def claim(uow: UnitOfWork, into: Upserted, external_id: str | None) -> None:
    """Keep an external id for a record that is about to be created. Raises `ExternalIdTaken`."""
    if external_id is None:
        return
    await queries.take_turns(uow, into.kind)
    if await queries.stored(uow, into, (), [external_id], lock=False):
        raise taken(external_id)
