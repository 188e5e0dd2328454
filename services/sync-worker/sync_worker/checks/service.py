import asyncio
import time
from typing import Any
from uuid import UUID

from shared.auth import Caller
from shared.net.answers import OutgoingError
from shared.net.egress import AddressRefused
from shared.service import Service
from sync_worker.checks.schemas import ConnectionTestResult
from sync_worker.connections import service as connections
from sync_worker.connections.service import Opened
from sync_worker.connectors import registry
from sync_worker.connectors.base import SystemTrouble
from sync_worker.crm_sync.mappings import service as mappings
from sync_worker.links.service import HttpLink
from sync_worker.mail.mailbox import service as mailbox

_PATIENCE = 20.0
"""Seconds that a person waits for the other system, all its repetitions together."""


async def check_connection(
    service: Service, caller: Caller, connection_id: UUID
) -> ConnectionTestResult:
    """Sign in for real and look around. A success ends `needs_reauth`."""
    async with service.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        opened = await connections.open_connection(uow, service.secrets, connection_id)
    started = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE):
            findings = await _look_around(service, opened)
        ok, detail = True, "Signed in."
    except TimeoutError:
        findings, ok, detail = {}, False, f"It did not answer within {_PATIENCE:g} seconds."
    except (SystemTrouble, OutgoingError, AddressRefused) as error:
        findings, ok, detail = {}, False, str(error)
    milliseconds = round((time.monotonic() - started) * 1000)
    if ok:
        async with service.units.begin(caller.workspace_id, caller.cause) as uow:
            await connections.signed_in(uow, connection_id)
    return ConnectionTestResult(ok=ok, detail=detail, findings=findings, milliseconds=milliseconds)


async def _look_around(service: Service, opened: Opened) -> dict[str, Any]:
    if opened.system in registry.mail_systems():
        state = await mailbox.check(service, opened)
        return {"uid_validity": state.uid_validity, "next_uid": state.next_uid}
    connector = registry.record_connector(opened.system)
    link = HttpLink(service, opened, connector)
    hidden = await mappings.hidden_everywhere(service, opened, connector, link)
    return {"api_usage": link.usage, "hidden_fields": hidden}
