"""From a bearer credential to a `Caller`.

Service tokens are verified here by their issuer's JWKS. API keys and members belong to the accounts
service: others ask it once and remember the answer for five seconds, which is also how long a
revoked key may live on.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from shared.api_keys import KEY_PREFIX, is_whole, key_digest
from shared.auth import Caller, CredentialRole, Subject
from shared.errors import Forbidden, Unauthorized, Unavailable
from shared.events.base import Cause
from shared.events.routes import grants
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.tokens import ServiceClaims

REMEMBER_SECONDS = 5.0
_REMEMBER_AT_MOST = 10_000


class SubjectEnded(Forbidden):
    code = "subject_ended"
    title = "Whom this is done for may nothing here any more"


class SubjectDetails(BaseModel):
    """What the accounts service says of an API key or a member."""

    workspace_id: UUID
    principal: Cause
    role: CredentialRole
    permissions: frozenset[str]
    member_id: UUID | None = None
    rate_limit: int | None = None
    support_contact: str | None = None

    def caller(self) -> Caller:
        member = (
            (Cause(type="member", id=str(self.member_id)),)
            if self.member_id is not None and self.principal.type != "member"
            else ()
        )
        return Caller(
            workspace_id=self.workspace_id,
            principal=self.principal,
            permissions=self.permissions,
            cause=(*member, self.principal),
            member_id=self.member_id,
            role=self.role,
            rate_limit=self.rate_limit,
            support_contact=self.support_contact,
        )


class Introspection(Protocol):
    """Who knows what a credential or a subject may do now; None when it may nothing."""

    asks_accounts: ClassVar[bool]
    """Whether an answer costs a call, and is remembered for that."""

    async def of_key(self, digest: str) -> SubjectDetails | None:
        """By the SHA-256 of a key, hex."""
        ...

    async def of_subject(self, workspace_id: UUID, subject: Subject) -> SubjectDetails | None: ...


@dataclass(frozen=True, slots=True)
class AskAccounts:
    """Introspection over HTTP, for every service but accounts."""

    service: Service
    asks_accounts: ClassVar[bool] = True

    async def of_key(self, digest: str) -> SubjectDetails | None:
        return await self._ask("/internal/api-keys/introspect", "*", {"digest": digest})

    async def of_subject(self, workspace_id: UUID, subject: Subject) -> SubjectDetails | None:
        body = {"type": subject.type, "id": str(subject.id)}
        return await self._ask("/internal/subjects/introspect", workspace_id, body)

    async def _ask(
        self, path: str, workspace_id: UUID | Literal["*"], json: dict[str, Any]
    ) -> SubjectDetails | None:
        try:
            answer = await self.service.ask(
                "accounts", "POST", path, workspace_id=workspace_id, json=json, deadline=2.0
            )
        except OutgoingError as error:
            raise Unavailable("Keys cannot be checked right now.", retry_after=1) from error
        if answer.status == 404:  # noqa: PLR2004
            return None
        if answer.status != 200:  # noqa: PLR2004
            raise Unavailable("Keys cannot be checked right now.", retry_after=1)
        return SubjectDetails.model_validate(answer.json())


class Authenticator:
    def __init__(self, service: Service, introspection: Introspection) -> None:
        self._service = service
        self._introspection = introspection
        self._cache: dict[str, tuple[float, Caller]] = {}

    async def __call__(self, token: str) -> Caller:
        """Raises `Unauthorized`, `SubjectEnded`, or `Unavailable` when it cannot be checked."""
        if token.startswith(KEY_PREFIX):
            return await self._by_key(token)
        return await self.by_service(await self._service.verifier.verify(token))

    async def by_service(self, claims: ServiceClaims) -> Caller:
        """Whom a service acts for, with their rights of now cut by what the service may do here.
        The chain of causes begins with the person whatever the service says.
        """
        if claims.workspace_id == "*":
            raise Unauthorized("The token names no workspace.")
        allowed = grants(claims.issuer, self._service.name)
        itself = Cause(type="service", id=claims.issuer)
        if claims.subject is None:
            return Caller(
                workspace_id=claims.workspace_id,
                principal=itself,
                permissions=allowed,
                cause=(*claims.cause, itself),
                through=claims.issuer,
            )
        caller = await self._by_subject(claims.workspace_id, claims.subject)
        own_links = {(link.type, link.id) for link in caller.cause}
        others = (link for link in claims.cause if (link.type, link.id) not in own_links)
        return replace(
            caller,
            permissions=caller.permissions & allowed,
            cause=(*caller.cause, *others, itself),
            through=claims.issuer,
        )

    def forget(self) -> None:
        self._cache.clear()

    async def _by_key(self, token: str) -> Caller:
        digest = key_digest(token)

        async def ask() -> SubjectDetails | None:
            return await self._introspection.of_key(digest) if is_whole(token) else None

        caller = await self._remembered(digest, ask)
        if caller is None:
            raise Unauthorized("The API key is not valid: unknown, expired or revoked.")
        return caller

    async def _by_subject(self, workspace_id: UUID, subject: Subject) -> Caller:
        async def ask() -> SubjectDetails | None:
            return await self._introspection.of_subject(workspace_id, subject)

        if self._introspection.asks_accounts:
            name = f"{workspace_id}:{subject.type}:{subject.id}"
            caller = await self._remembered(name, ask)
        else:
            details = await ask()
            caller = None if details is None else details.caller()
        if caller is None:
            raise SubjectEnded("The key was revoked or expired, or the member was deactivated.")
        return caller

    async def _remembered(
        self, name: str, ask: Callable[[], Awaitable[SubjectDetails | None]]
    ) -> Caller | None:
        entry = self._cache.get(name)
        if entry is not None and time.monotonic() < entry[0]:
            return entry[1]
        details = await ask()
        if details is None:
            return None
        if len(self._cache) >= _REMEMBER_AT_MOST:
            self._cache.clear()
        caller = details.caller()
        self._cache[name] = (time.monotonic() + REMEMBER_SECONDS, caller)
        return caller
