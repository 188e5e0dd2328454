"""Asks accounts-api whether what a body refers to exists. Services have a copy of its records, but
something created a moment ago may not be in the copy yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from shared.auth import Caller, Subject
from shared.errors import Unavailable
from shared.net.answers import OutgoingError
from shared.service import Service

_OK = 200
_DEADLINE_SECONDS = 3.0
_RETRY_AFTER_SECONDS = 5


async def known_references(
    service: Service, caller: Caller, references: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Those references that exist. One is a type (`record`, `external_id`, `field`, `member`,
    `key_role` or `segment`) and a key. Call it outside a transaction. Raises `Unavailable` when
    accounts-api cannot be asked: a reference to nothing would be noticed by nobody.
    """
    body: dict[str, list[str]] = defaultdict(list)
    for kind, key in dict.fromkeys(references):
        body[kind].append(key)
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
        raise _unavailable() from error
    if answer.status != _OK:
        raise _unavailable()
    known: dict[str, Any] = answer.json()
    return known


def meant(word: str, suggestions: Mapping[str, str]) -> dict[str, Any] | None:
    """What a fault says beside its message of a name that the answer suggests another for."""
    guess = suggestions.get(word)
    return None if guess is None else {"suggestion": guess}


def _unavailable() -> Unavailable:
    message = "Whether there is what you refer to could not be asked of accounts. Try again."
    return Unavailable(message, retry_after=_RETRY_AFTER_SECONDS)
