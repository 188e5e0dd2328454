"""Writes the fields that a note binds to their record, after the note is stored."""

from typing import Any
from uuid import UUID

from shared.events.base import Cause
from shared.http import OutgoingError
from shared.logging import get_logger
from shared.service import Service
from tasks_api.notes import client, queries, service

log = get_logger(__name__)

_BATCH = 20
_PASSING = {429, 500, 502, 503, 504}


async def write_fields(running: Service) -> bool:
    async with running.units.across_workspaces() as session:
        claimed = await queries.claim_writes(session, _BATCH)
    for workspace_id, note_id in claimed:
        await _write(running, workspace_id, note_id)
    return len(claimed) == _BATCH


async def _write(running: Service, workspace_id: UUID, note_id: UUID) -> None:
    system = (Cause(type="system", id="notes", label="note fields"),)
    async with running.units.begin(workspace_id, system, read_only=True) as uow:
        found = await service.pending_write(uow, note_id)
    if found is None:
        return
    note, patches = found
    cause = (
        Cause.model_validate(note["author"]),
        Cause(type="service", id="note", label=str(note_id)),
    )
    faults: list[dict[str, Any]] = []
    for record, patch in patches.items():
        if record == "account":
            record_type, record_id = "account", note["account_id"]
        else:
            record_type, record_id = note["subject_type"], note["subject_id"]
        try:
            answer = await client.patch_record(
                running, workspace_id, cause, record_type, record_id, patch
            )
        except OutgoingError as error:
            log.info("note fields wait", note_id=str(note_id), error=str(error))
            return
        if answer.status in _PASSING:
            return
        if answer.status >= 400:  # noqa: PLR2004
            problem = answer.json()
            told = problem.get("errors") or [{"code": problem["code"], "message": problem["title"]}]
            faults += [{"record": record, **fault} for fault in told]
    async with running.units.begin(workspace_id, cause) as uow:
        await service.record_write(uow, note_id, "refused" if faults else "written", faults)
