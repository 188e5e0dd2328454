"""Writes the fields of notes that were kept while the accounts service was away."""

from uuid import UUID

from shared import held_work
from shared.batches import is_transient
from shared.events.base import Cause
from shared.logging import get_logger
from shared.service import Service
from tasks_api.notes.notes import queries, service
from tasks_api.notes.notes.client import AccountsAway

log = get_logger(__name__)

_BATCH = 20
_SYSTEM = (Cause(type="system", id="notes", label="note fields"),)


async def write_fields(running: Service) -> bool:
    async with running.units.across_workspaces() as scope:
        claimed = await queries.claim_writes(scope, _BATCH)
    for note in claimed:
        await _write_or_hold(running, note.workspace_id, note.id)
    return len(claimed) == _BATCH


async def _write_or_hold(running: Service, workspace_id: UUID, note_id: UUID) -> None:
    """What one note raises holds back that note, not the ones behind it."""
    try:
        await _write(running, workspace_id, note_id)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("note fields are held", note_id=str(note_id))
        async with running.units.begin(workspace_id, _SYSTEM) as uow:
            about = {"note_id": str(note_id)}
            await held_work.hold(uow, queries.WRITES, str(note_id), error, about)


async def _write(running: Service, workspace_id: UUID, note_id: UUID) -> None:
    async with running.units.begin(workspace_id, _SYSTEM, read_only=True) as uow:
        draft = await service.pending_draft(uow, note_id)
    if draft is None:
        return
    try:
        faults = await service.write_later(running, draft)
    except AccountsAway as error:
        log.info("note fields wait", note_id=str(note_id), error=str(error))
        return
    async with running.units.begin(workspace_id, service.cause_of(draft.note)) as uow:
        await service.settle_draft(uow, draft.note, faults)
        await held_work.release(uow, queries.WRITES, str(note_id).__eq__)
