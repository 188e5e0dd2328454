"""Service tokens: one service speaks to another for at most five minutes.

ES256 JWT (RFC 7519) bound to one audience, carrying the workspace, the cause, and as its subject
the member or API key that it acts for; without a person the service itself. Public keys come from
each service's `/.well-known/jwks.json`.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import ValidationError

from shared.auth import SUBJECT_TYPES, Subject
from shared.errors import Unauthorized, Unavailable
from shared.events.base import Cause
from shared.ids import new_id
from shared.net.answers import OutgoingError
from shared.secret_strength import signing_key
from shared.settings import SERVICES, ServiceName

LIFETIME = 240
_REFETCH_SECONDS = 30.0
_MAX_TOKEN = 8192


@dataclass(frozen=True, slots=True)
class ServiceClaims:
    issuer: ServiceName
    workspace_id: UUID | Literal["*"]
    cause: tuple[Cause, ...]
    subject: Subject | None
    """Whom the issuer acts for; None when it acts for itself."""


class ServiceSigner:
    """Makes the tokens of one service."""

    def __init__(self, service: ServiceName, private_jwk: str) -> None:
        self.service = service
        self._key = signing_key(private_jwk)

    @property
    def jwks(self) -> dict[str, Any]:
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "use": "sig", "alg": "ES256", "kid": self._key.thumbprint()}]}

    def token(
        self,
        audience: ServiceName,
        workspace_id: UUID | Literal["*"],
        cause: Sequence[Cause] = (),
        subject: Subject | None = None,
    ) -> str:
        now = int(time.time())
        acts_for = f"{subject.type}:{subject.id}" if subject else f"service:{self.service}"
        claims = {
            "iss": self.service,
            "aud": audience,
            "sub": acts_for,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": str(new_id()),
            "workspace_id": str(workspace_id),
            "cause": [link.model_dump(exclude_none=True) for link in cause],
        }
        header = {"alg": "ES256", "typ": "service+jwt", "kid": self._key.thumbprint()}
        return jwt.encode(header, claims, self._key, algorithms=["ES256"])


JwksFetch = Callable[[ServiceName], Awaitable[dict[str, Any]]]


@dataclass
class ServiceTokenVerifier:
    """Checks tokens made for `audience`. An unknown key is looked up at most once in 30 seconds for
    each issuer, so a flood of made-up key ids cannot make us a flood of our own.
    """

    audience: ServiceName
    fetch: JwksFetch
    _keys: dict[ServiceName, KeySet] = field(default_factory=dict)
    _fetched_at: dict[ServiceName, float] = field(default_factory=dict)

    async def verify(self, token: str) -> ServiceClaims:
        """Raises `Unauthorized`, with the same words whatever is wrong, and `Unavailable` when its
        issuer cannot be asked for the key.
        """
        if len(token) > _MAX_TOKEN:
            raise Unauthorized("The token is not valid.")
        try:
            issuer, kid = _peek(token)
            keys = await self._key_set(issuer, kid)
            decoded = jwt.decode(token, keys, algorithms=["ES256"])
            registry = jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": issuer},
                aud={"essential": True, "value": self.audience},
                exp={"essential": True},
            )
            registry.validate(decoded.claims)
            workspace = decoded.claims["workspace_id"]
            return ServiceClaims(
                issuer=issuer,
                workspace_id="*" if workspace == "*" else UUID(workspace),
                cause=tuple(Cause.model_validate(c) for c in decoded.claims.get("cause", [])),
                subject=_subject(decoded.claims["sub"], issuer),
            )
        except (JoseError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise Unauthorized("The token is not valid.") from error

    async def _key_set(self, issuer: ServiceName, kid: str) -> KeySet:
        known = self._keys.get(issuer)
        if known is not None and any(key.kid == kid for key in known.keys):
            return known
        if time.monotonic() - self._fetched_at.get(issuer, -_REFETCH_SECONDS) < _REFETCH_SECONDS:
            raise ValueError("unknown key")
        try:
            key_set = KeySet.import_key_set(cast("Any", await self.fetch(issuer)))
        except OutgoingError as error:
            raise Unavailable("Tokens cannot be checked right now.", retry_after=1) from error
        self._fetched_at[issuer] = time.monotonic()
        self._keys[issuer] = key_set
        return key_set


def _subject(sub: str, issuer: ServiceName) -> Subject | None:
    """None for the issuer itself. Raises `ValueError` for a subject that nobody can act for."""
    kind, _, name = sub.partition(":")
    if kind == "service" and name == issuer:
        return None
    if kind not in SUBJECT_TYPES:
        raise ValueError("unknown subject")
    return Subject(kind, UUID(name))


def _peek(token: str) -> tuple[ServiceName, str]:
    """Issuer and key id, read before the signature is checked and trusted for nothing else."""
    from joserfc.jws import extract_compact  # noqa: PLC0415  (only this look-ahead needs it)
    from pydantic_core import from_json  # noqa: PLC0415

    compact = extract_compact(token.encode())
    header = compact.headers()
    if header.get("alg") != "ES256" or header.get("typ") != "service+jwt" or "crit" in header:
        raise ValueError("unexpected header")
    issuer = from_json(compact.payload)["iss"]
    if issuer not in SERVICES:
        raise ValueError("unknown issuer")
    return cast("ServiceName", issuer), str(header["kid"])
