"""Writes the fields of notes that were kept while the accounts service was away."""

from uuid import UUID

from shared.events.base import Cause
from shared.logging import get_logger
from shared.service import Service
from tasks_api.notes import queries, service
from tasks_api.notes.client import AccountsAway

log = get_logger(__name__)

_BATCH = 20


async def write_fields(running: Service) -> bool:
    async with running.units.across_workspaces() as session:
        claimed = await queries.claim_writes(session, _BATCH)
    for workspace_id, note_id in claimed:
        await _write(running, workspace_id, note_id)
    return len(claimed) == _BATCH


async def _write(running: Service, workspace_id: UUID, note_id: UUID) -> None:
    system = (Cause(type="system", id="notes", label="note fields"),)
    async with running.units.begin(workspace_id, system, read_only=True) as uow:
        draft = await service.pending_draft(uow, note_id)
    if draft is None:
        return
    try:
        faults = await service.write_later(running, draft)
    except AccountsAway as error:
        log.info("note fields wait", note_id=str(note_id), error=str(error))
        return
    async with running.units.begin(workspace_id, service.cause_of(draft.values)) as uow:
        await service.settle_draft(uow, draft.values, faults)
