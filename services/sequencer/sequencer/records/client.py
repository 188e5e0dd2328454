"""What this service asks of accounts: whether there is what it has not heard of. It may have been
made a moment ago.
"""

from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from shared.auth import Caller
from shared.errors import Unavailable
from shared.http import OutgoingError
from shared.service import Service

_OK = 200
_SECONDS = 3.0
_AGAIN_AFTER = 5


async def known_references(
    running: Service, caller: Caller, what: Literal["member", "segment"], ids: list[UUID]
) -> dict[str, Any]:
    """Raises `Unavailable`: what points nowhere would be found by nobody."""
    asked = urlencode([(what, id_) for id_ in ids])
    try:
        answer = await running.ask(
            "accounts",
            "GET",
            f"/internal/references?{asked}",
            workspace_id=caller.workspace_id,
            cause=caller.cause,
            deadline=_SECONDS,
        )
    except OutgoingError as error:
        raise _away() from error
    if answer.status != _OK:
        raise _away()
    found: dict[str, Any] = answer.json()
    return found


def _away() -> Unavailable:
    message = "Whether there is what you refer to could not be asked of accounts. Try again."
    return Unavailable(message, retry_after=_AGAIN_AFTER)
