"""Finds what else is wrong with a body whose shape is already wrong.

The faulty parts are replaced by the documented example, and the endpoint is called once more to see
what it refuses then. Nothing of that attempt is stored: the first refusal ends the request and its
transaction.
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
_REPORTING_ALL: set[Callable[..., Any]] = set()


def all_faults_at_once(endpoint: Endpoint) -> Endpoint:
    """Report what the endpoint would refuse in the rest of a body, beside the faults of its shape.
    Only for an endpoint that writes nowhere but in the transaction of its request.
    """
    _REPORTING_ALL.add(endpoint)
    return endpoint


def reports_all_faults(endpoint: Callable[..., Any] | None) -> bool:
    return endpoint in _REPORTING_ALL


async def further_faults(
    attempt: Callable[[Request], Awaitable[Any]],
    request: Request,
    replace_body: Callable[[Any], None],
    shown: Any,
    faults: Sequence[Fault],
) -> Sequence[Fault]:
    """The faults that `attempt` reports of the repaired body, which `replace_body` puts in place,
    without those at the places of `faults`.
    """
    body = repaired(await request.json(), faults, shown)
    if body is None:
        return ()
    replace_body(body)
    further: Sequence[Fault] = ()
    try:
        await attempt(request)
    except AppError as refusal:
        further = refusal.faults
    except RequestValidationError as error:
        further = faults_of(error.errors(), body)
    except Exception:
        # Of a body that nobody sent: it says nothing to whoever sent the other.
        log.warning("looking for further faults failed", exc_info=True)
    return [fault for fault in further if not any(_touch(fault, known) for known in faults)]


def repaired(body: Any, faults: Sequence[Fault], shown: Any) -> Any | None:
    """The body with what is shown in place of what is faulty, or without it; None when that leaves
    nothing to look at.
    """
    body = copy.deepcopy(body)
    for fault in sorted(faults, key=lambda fault: -fault.pointer.count("/")):
        if not fault.pointer or not _repair(body, _parts(fault.pointer), shown):
            return None
    return body


def _repair(body: Any, parts: Sequence[str], shown: Any) -> bool:
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
