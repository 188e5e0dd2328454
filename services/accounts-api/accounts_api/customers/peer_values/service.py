"""What the tasks service says of the values that its records have."""

from typing import Any
from urllib.parse import urlencode

from accounts_api.evaluation.usages.service import peer_said
from shared.auth import Caller, Subject
from shared.errors import Unavailable
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.traits.definitions import Definition

_OK = 200


async def count_values(service: Service, caller: Caller, record_type: str, key: str) -> int | None:
    """Of records that have a value, counted to one more than a thousand; None: it is away."""
    asked = urlencode({"record_type": record_type, "key": key})
    said = await peer_said(service, caller, "tasks", f"/internal/trait-values?{asked}")
    return None if said is None else int(said["records"])


async def preview(
    service: Service, caller: Caller, record_type: str, definition: Definition
) -> dict[str, Any]:
    """What the definition would do to values; not `complete` when there are more than it looked at.
    Not within a transaction. Raises `Unavailable`.
    """
    body = {"record_type": record_type, "definition": definition.as_json()}
    try:
        answer = await service.ask(
            "tasks",
            "POST",
            "/internal/trait-values/preview",
            workspace_id=caller.workspace_id,
            cause=caller.cause,
            subject=Subject.of(caller.principal),
            json=body,
        )
    except OutgoingError as error:
        raise _away() from error
    if answer.status != _OK:
        raise _away()
    said: dict[str, Any] = answer.json()
    return said


def _away() -> Unavailable:
    return Unavailable("The tasks service, which keeps the values, could not be asked. Try again.")
