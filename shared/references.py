"""Asks accounts-api whether there is what a body refers to, for the services that keep a copy of
its records: what was made a moment ago may not have been heard of yet.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from shared.auth import Caller, Subject
from shared.errors import Unavailable
from shared.net.answers import OutgoingError
from shared.service import Service

_OK = 200
_DEADLINE_SECONDS = 3.0
_RETRY_AFTER_SECONDS = 5


async def known_references(
    service: Service, caller: Caller, asked: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """What there is of (`record`, `field`, `member`, `key_role` or `segment`, which). Not within a
    transaction. Raises `Unavailable`: what points nowhere would be found by nobody.
    """
    body: dict[str, list[str]] = defaultdict(list)
    for kind, which in dict.fromkeys(asked):
        body[kind].append(which)
    try:
        answer = await service.ask(
            "accounts",
            "POST",
            "/internal/references",
            workspace_id=caller.workspace_id,
            cause=caller.cause,
            subject=Subject.of(caller.principal),
            json=body,
            deadline=_DEADLINE_SECONDS,
        )
    except OutgoingError as error:
        raise _away() from error
    if answer.status != _OK:
        raise _away()
    found: dict[str, Any] = answer.json()
    return found


def _away() -> Unavailable:
    message = "Whether there is what you refer to could not be asked of accounts. Try again."
    return Unavailable(message, retry_after=_RETRY_AFTER_SECONDS)
