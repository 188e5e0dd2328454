from collections.abc import Sequence
from uuid import UUID

from shared.auth import Caller
from shared.traits.patches import TraitWrite
from shared.uow import UnitOfWork
from tasks_api.notes.note_records.kind import NoteKind
from tasks_api.notes.notes import service as notes
from tasks_api.notes.notes.rows import Note
from tasks_api.records.upserts import service as upserts
from tasks_api.records.upserts.authorship import Moment
from tasks_api.records.upserts.batch import Edit, Outcome, State
from tasks_api.records.upserts.service import ReadRows
from tasks_api.replica import service as replica


async def write_notes(
    uow: UnitOfWork,
    caller: Caller,
    read: ReadRows,
    *,
    dry_run: bool = False,
    shows: bool = False,
) -> Sequence[Outcome]:
    """One outcome for each row. What is new is published, unless it is private."""

    async def kind(
        uow: UnitOfWork, edits: Sequence[Edit], states: Sequence[State], traits: TraitWrite
    ) -> NoteKind:
        said = [*(edit.given for edit in edits), *states]
        accounts = {id_ for one in said for id_ in replica.accounts_of(one)}
        named = {edit.external_id for edit in edits if edit.external_id is not None}
        return NoteKind(
            moment=await Moment.of(uow, caller),
            ignored=await replica.ignored_among(uow, accounts),
            deleted=await notes.deleted_among(uow, named),
            shows=shows,
            traits=traits,
        )

    written = await upserts.write(uow, caller, notes.UPSERTED, kind, read, dry_run=dry_run)
    new = [one.after["id"] for one in written.stored if one.before is None]
    for note in await notes.notes_by_id(uow, new):
        notes.publish_logged(uow, note)
    ids = [one.after["id"] for one in written.stored]
    told = [one.after["id"] for one in written.stored if one.before and not one.before["private"]]
    await notes.publish_touches(uow, await notes.notes_by_id(uow, ids), told=told)
    return written.outcomes


async def note_written(uow: UnitOfWork, outcome: Outcome) -> Note:
    """Raises what refused the row."""
    if outcome.error is not None:
        raise outcome.error
    (note,) = await notes.notes_by_id(uow, [UUID(outcome.id or "")])
    return note
