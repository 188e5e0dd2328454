from typing import Any
from urllib.parse import urlencode

from shared.auth import Caller, Subject
from shared.errors import Forbidden
from shared.logging import get_logger
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.settings import ServiceName
from shared.usages import UsageTarget

log = get_logger(__name__)

_SECONDS = 3.0
_OK = 200
_FORBIDDEN = 403


async def usages_elsewhere(
    service: Service,
    caller: Caller,
    peer: ServiceName,
    target: UsageTarget,
    key: str,
    record_type: str | None,
) -> list[dict[str, str]] | None:
    """None: it could not be asked."""
    asked = {"target": target, "key": key} | ({"record_type": record_type} if record_type else {})
    answer = await peer_said(service, caller, peer, f"/internal/usages?{urlencode(asked)}")
    usages: list[dict[str, str]] | None = None if answer is None else answer["usages"]
    return usages


async def peer_said(
    service: Service, caller: Caller, peer: ServiceName, path: str
) -> dict[str, Any] | None:
    """What another of our services says on a caller's behalf; None: it could not be asked. Raises
    `Forbidden` when it does not tell this caller.
    """
    try:
        answer = await service.ask(
            peer,
            "GET",
            path,
            workspace_id=caller.workspace_id,
            cause=caller.cause,
            subject=Subject.of(caller.principal),
            deadline=_SECONDS,
        )
    except OutgoingError as error:
        log.warning("a peer could not be asked", peer=peer, error=type(error).__name__)
        return None
    if answer.status == _FORBIDDEN:
        refusal = answer.json()
        raise Forbidden(refusal.get("detail", ""), permission=refusal.get("permission"))
    if answer.status != _OK:
        log.warning("a peer did not answer", peer=peer, status=answer.status)
        return None
    found: dict[str, Any] = answer.json()
    return found
