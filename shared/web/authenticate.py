"""From a bearer credential to a `Caller`.

Service tokens are verified here by their issuer's JWKS. API keys belong to the accounts service:
others ask it once and remember the answer for five seconds, which is also how long a revoked key
may live on.
"""

import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from pydantic import BaseModel

from shared.auth import SERVICE_PERMISSIONS, Caller, Role
from shared.errors import Unauthorized, Unavailable
from shared.events.base import Cause
from shared.http import OutgoingError
from shared.keys import KEY_PREFIX, is_whole, key_digest
from shared.service import Service

REMEMBER_SECONDS = 5.0
_REMEMBER_AT_MOST = 10_000


class KeyDetails(BaseModel):
    """What the accounts service says of an API key."""

    workspace_id: UUID
    key_id: UUID
    label: str
    role: Role
    permissions: frozenset[str]
    member_id: UUID | None = None
    rate_limit: int | None = None
    support_contact: str | None = None

    def caller(self) -> Caller:
        principal = Cause(type="api_key", id=str(self.key_id), label=self.label)
        member = (
            (Cause(type="member", id=str(self.member_id)),) if self.member_id is not None else ()
        )
        return Caller(
            workspace_id=self.workspace_id,
            principal=principal,
            permissions=self.permissions,
            cause=(*member, principal),
            member_id=self.member_id,
            role=self.role,
            rate_limit=self.rate_limit,
            support_contact=self.support_contact,
        )


Introspect = Callable[[str], Awaitable[KeyDetails | None]]
"""SHA-256 of a key, hex, to what it may do; None when it may nothing."""


def ask_accounts(service: Service) -> Introspect:
    """Introspection over HTTP, for every service but accounts."""

    async def introspect(digest: str) -> KeyDetails | None:
        try:
            answer = await service.ask(
                "accounts",
                "POST",
                "/internal/api-keys/introspect",
                workspace_id="*",
                json={"digest": digest},
                deadline=2.0,
            )
        except OutgoingError as error:
            raise Unavailable("Keys cannot be checked right now.", retry_after=1) from error
        if answer.status == 404:  # noqa: PLR2004
            return None
        if answer.status != 200:  # noqa: PLR2004
            raise Unavailable("Keys cannot be checked right now.", retry_after=1)
        return KeyDetails.model_validate(answer.json())

    return introspect


class Authenticator:
    def __init__(self, service: Service, introspect: Introspect) -> None:
        self._service = service
        self._introspect = introspect
        self._known: dict[str, tuple[float, Caller]] = {}

    async def __call__(self, token: str) -> Caller:
        """Raises `Unauthorized`, or `Unavailable` when a key cannot be checked."""
        if token.startswith(KEY_PREFIX):
            return await self._by_key(token)
        claims = await self._service.verifier.verify(token)
        if claims.workspace_id == "*":
            raise Unauthorized("The token names no workspace.")
        principal = Cause(type="service", id=claims.issuer)
        return Caller(
            workspace_id=claims.workspace_id,
            principal=principal,
            permissions=SERVICE_PERMISSIONS,
            cause=claims.cause or (principal,),
        )

    def forget(self) -> None:
        self._known.clear()

    async def _by_key(self, token: str) -> Caller:
        digest = key_digest(token)
        known = self._known.get(digest)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        details = await self._introspect(digest) if is_whole(token) else None
        if details is None:
            raise Unauthorized("The API key is not valid: unknown, expired or revoked.")
        if len(self._known) >= _REMEMBER_AT_MOST:
            self._known.clear()
        caller = details.caller()
        self._known[digest] = (time.monotonic() + REMEMBER_SECONDS, caller)
        return caller
