"""What this service asks of others about things that it has not heard of."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from shared.auth import Caller, Subject
from shared.errors import Unavailable
from shared.http import OutgoingError
from shared.service import Service

_OK = 200
_SECONDS = 3.0
_AGAIN_AFTER = 5


async def known_references(
    running: Service, caller: Caller, asked: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """(`record`, `member` or `key_role`, which). Raises `Unavailable`."""
    try:
        answer = await running.ask(
            "accounts",
            "GET",
            f"/internal/references?{urlencode(asked)}",
            workspace_id=caller.workspace_id,
            cause=caller.cause,
            subject=Subject.of(caller.principal),
            deadline=_SECONDS,
        )
    except OutgoingError as error:
        raise _away() from error
    if answer.status != _OK:
        raise _away()
    found: dict[str, Any] = answer.json()
    return found


def _away() -> Unavailable:
    message = "Whether there is what you refer to could not be looked up. Try again."
    return Unavailable(message, retry_after=_AGAIN_AFTER)
