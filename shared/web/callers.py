"""Authenticates a request by its credential, and limits how often the caller may ask."""

from base64 import b64decode

import structlog
from starlette.requests import Request

from shared.auth import Caller
from shared.errors import TooManyRequests, Unauthorized
from shared.service import Service

WRONG_CREDENTIALS_PER_MINUTE = 1000


async def authenticated(request: Request, service: Service) -> Caller:
    token = _credential(request.headers.get("authorization", ""))
    if not token:
        raise Unauthorized("Send `Authorization: Bearer <API key>`.")
    try:
        caller: Caller = await request.app.state.authenticate(token)
    except Unauthorized:
        await _slow_guessing(request, service)
        raise
    request.state.caller = caller
    structlog.contextvars.bind_contextvars(
        workspace_id=str(caller.workspace_id), principal=caller.key
    )
    return caller


def _credential(header: str) -> str:
    """A token, or an API key as the user name of Basic authentication (RFC 7617), which is how
    Segment's libraries send theirs: without a password, and some without the colon.
    """
    scheme, _, credential = header.partition(" ")
    match scheme.lower():
        case "bearer":
            return credential.strip()
        case "basic":
            try:
                return (
                    b64decode(credential.strip(), validate=True).decode("ascii").partition(":")[0]
                )
            except ValueError:
                return ""
        case _:
            return ""


async def _slow_guessing(request: Request, service: Service) -> None:
    """Wrong credentials are counted by address; right ones from there are not hindered."""
    address = request.client.host if request.client else "unknown"
    decision = await service.limiter.take(f"wrong:{address}", WRONG_CREDENTIALS_PER_MINUTE)
    if not decision.allowed:
        raise TooManyRequests(
            "Too many wrong credentials came from your address.",
            retry_after=decision.reset_seconds,
        )


async def limit_rate(request: Request, service: Service, caller: Caller) -> None:
    if caller.through is not None:
        return
    decision = await service.limiter.take(f"{caller.workspace_id}:{caller.key}", caller.rate_limit)
    known = getattr(request.state, "response_headers", {})
    request.state.response_headers = {**known, **decision.headers()}
    if not decision.allowed:
        raise TooManyRequests(
            f"This credential may make {decision.limit} requests a minute.",
            retry_after=decision.reset_seconds,
        )
