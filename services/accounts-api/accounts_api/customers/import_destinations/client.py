"""What this service asks of others for whoever imports, with only the fields it reads."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from accounts_api.customers.import_destinations.errors import PeerAway
from shared.auth import Caller, Subject
from shared.bulk import LARGEST_BODY, WriteStatus
from shared.errors import Forbidden
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.settings import ServiceName

_SECONDS: Final = 60.0
_OK: Final = 200
_FORBIDDEN: Final = 403
_LATER: Final = frozenset({401, 409, 429, 502, 503, 504})
"""What says nothing of the rows: the service is away, or still at the same call."""


class RowFault(BaseModel):
    pointer: str
    code: str
    message: str


class RowResult(BaseModel):
    status: WriteStatus
    id: UUID | None = None
    external_id: str | None = None
    code: str | None = None
    message: str | None = None
    errors: list[RowFault] = []


class _Answer(BaseModel):
    results: list[RowResult]


async def bulk(
    service: Service,
    peer: ServiceName,
    path: str,
    caller: Caller,
    body: Mapping[str, Any],
    idempotency_key: str | None,
) -> list[RowResult]:
    """One result for each row, in their order. Not within a transaction. Raises `PeerAway`, and
    `Forbidden` for a caller who may write no such rows.
    """
    try:
        answer = await service.ask(
            peer,
            "POST",
            path,
            workspace_id=caller.workspace_id,
            cause=caller.cause,
            subject=Subject.of(caller.principal),
            json=body,
            idempotency_key=idempotency_key,
            deadline=_SECONDS,
            cap=LARGEST_BODY,
        )
    except OutgoingError as error:
        raise PeerAway from error
    if answer.status in _LATER:
        raise PeerAway
    if answer.status == _FORBIDDEN:
        raise Forbidden(answer.json().get("detail", ""))
    if answer.status != _OK:
        raise RuntimeError(f"{peer} refused rows with {answer.status}: {answer.body[:200]!r}")
    return _Answer.model_validate(answer.json()).results
