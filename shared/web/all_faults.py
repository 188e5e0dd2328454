"""What else is wrong with a body that has not even the right shape.

What is faulty is replaced by what the documentation shows there, and the request is tried once
more, to hear what is refused then. Nothing of that try is kept: the first refusal ends the request
and its transaction.
"""

import copy
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request

from shared.errors import AppError, Fault
from shared.logging import get_logger
from shared.web.problems import faults_of

log = get_logger(__name__)
_NOT_SHOWN = object()
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_REHEARSED: set[Callable[..., Any]] = set()


def all_faults_at_once(endpoint: Endpoint) -> Endpoint:
    """For an endpoint that writes within the transaction of its request and nowhere else: what it
    would refuse in the rest of a body is told with the faults of the body's shape.
    """
    _REHEARSED.add(endpoint)
    return endpoint


def is_rehearsed(endpoint: Callable[..., Any] | None) -> bool:
    return endpoint in _REHEARSED


async def faults_beyond(
    attempt: Callable[[Request], Awaitable[Any]],
    request: Request,
    stood_in: Callable[[Any], None],
    shown: Any,
    faults: Sequence[Fault],
) -> Sequence[Fault]:
    """Those that `attempt` tells of the body, once `stood_in` has put another in its place, and
    that are about none of the places of `faults`.
    """
    body = mended(await request.json(), faults, shown)
    if body is None:
        return ()
    stood_in(body)
    found: Sequence[Fault] = ()
    try:
        await attempt(request)
    except AppError as refusal:
        found = refusal.faults
    except RequestValidationError as error:
        found = faults_of(error.errors(), body)
    except Exception:
        # Of a body that nobody sent: it says nothing to whoever sent the other.
        log.warning("a rehearsal failed", exc_info=True)
    return [fault for fault in found if not any(_touch(fault, known) for known in faults)]


def mended(body: Any, faults: Sequence[Fault], shown: Any) -> Any | None:
    """The body with what is shown in place of what is faulty, or without it; None when that leaves
    nothing to look at.
    """
    body = copy.deepcopy(body)
    for fault in sorted(faults, key=lambda fault: -fault.pointer.count("/")):
        if not fault.pointer or not _mend(body, _parts(fault.pointer), shown):
            return None
    return body


def _mend(body: Any, parts: Sequence[str], shown: Any) -> bool:
    *way, last = parts
    for part in way:
        body, shown = _below(body, part), _below(shown, part)
    right = _below(shown, last)
    if isinstance(body, dict):
        if right is _NOT_SHOWN:
            body.pop(last, None)
        else:
            body[last] = copy.deepcopy(right)
        return True
    if isinstance(body, list) and right is not _NOT_SHOWN and int(last) < len(body):
        body[int(last)] = copy.deepcopy(right)
        return True
    return False


def _below(value: Any, part: str) -> Any:
    if isinstance(value, dict):
        return value.get(part, _NOT_SHOWN)
    if isinstance(value, list) and value:
        # What is shown of one item of a list holds for every item.
        at = int(part) if part.isdecimal() else 0
        return value[at] if at < len(value) else value[0]
    return _NOT_SHOWN


def _parts(pointer: str) -> list[str]:
    parts = pointer.split("/")[1:]
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def _touch(one: Fault, other: Fault) -> bool:
    """Whether one is about the place of the other, or a part of it, or what holds it."""
    return f"{one.pointer}/".startswith(f"{other.pointer}/") or f"{other.pointer}/".startswith(
        f"{one.pointer}/"
    )


def shown_body(route: APIRoute) -> Any:
    """A body that the documentation of a route shows."""
    return next(_shown(route), None)


def _shown(route: APIRoute) -> Iterator[Any]:
    if route.body_field is None:
        return
    info = route.body_field.field_info
    for example in (getattr(info, "openapi_examples", None) or {}).values():
        yield example["value"]
    extra = getattr(info.annotation, "model_config", {}).get("json_schema_extra") or {}
    if isinstance(extra, dict):
        yield from extra.get("examples", [])
