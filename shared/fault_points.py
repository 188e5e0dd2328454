"""Points where a test makes this process die, stop or fail.

Without `TENURE_FAULTPOINTS` every call returns at once. The variable holds
`name[@workspace id]=action[:nth]` pairs separated by commas; actions are `kill` (SIGKILL), `stop`
(SIGSTOP) and `raise`. With a workspace, work of others passes the point and is not counted: a
worker serves all of them, and what another test left behind may fall due first.
"""

import os
import signal
from collections import Counter
from uuid import UUID

_ARMED: dict[str, tuple[str, int]] = {}
_PASSED: Counter[str] = Counter()

for _pair in filter(None, os.environ.get("TENURE_FAULTPOINTS", "").split(",")):
    _name, _, _action = _pair.partition("=")
    _verb, _, _nth = _action.partition(":")
    _ARMED[_name] = (_verb, int(_nth or 1))


class InjectedFault(ConnectionError):
    """Raised by a fault point whose action is `raise`."""


def faultpoint(name: str, workspace_id: UUID | None = None) -> None:
    if not _ARMED:
        return
    if workspace_id is not None and name not in _ARMED:
        name = f"{name}@{workspace_id}"
    if name not in _ARMED:
        return
    verb, nth = _ARMED[name]
    _PASSED[name] += 1
    if _PASSED[name] != nth:
        return
    if verb == "raise":
        raise InjectedFault(name)
    os.kill(os.getpid(), signal.SIGSTOP if verb == "stop" else signal.SIGKILL)
