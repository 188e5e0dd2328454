"""`Idempotency-Key`: the stored answer is a row of the transaction that made the effect.

Scope: workspace, credential, route and key. Kept 24 hours. The same key with another body is a 422,
with a first request still running a 409, after success the stored answer with
`Idempotency-Replayed: true`. Refusals are not stored: mend the request and use the key again.
An answer marked `Cache-Control: no-store` holds a secret, so it is kept encrypted. However large an
answer is, it is stored whole: PostgreSQL compresses it, and the limit of the body bounds it.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response

from shared.auth import Caller
from shared.encryption import SecretBox
from shared.errors import BadRequest, Conflict, Invalid
from shared.uow import UnitOfWork

_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
KEYED_METHODS = frozenset({"POST", "PATCH", "PUT"})
"""Those that hear the header: the others may be repeated as they are."""
_KEPT_HEADERS = ("content-type", "etag", "location", "cache-control")

_LOCK = text("select pg_try_advisory_xact_lock(hashtextextended(:identity, 0))")
_FIND = text(
    """
    select fingerprint, status, headers, body from idempotency_keys
    where workspace_id = :workspace_id and principal = :principal and route = :route and key = :key
      and expires_at > clock_timestamp()
    """
)
_STORE = text(
    """
    insert into idempotency_keys
        (workspace_id, principal, route, key, fingerprint, status, headers, body, expires_at)
    values (:workspace_id, :principal, :route, :key, :fingerprint, :status,
            cast(:headers as jsonb), :body, clock_timestamp() + interval '24 hours')
    on conflict (workspace_id, principal, route, key) do update
    set fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
        body = excluded.body, created_at = clock_timestamp(), expires_at = excluded.expires_at
    """
)


class KeyReused(Invalid):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used for another request"


class KeyInUse(Conflict):
    code = "idempotency_key_in_use"
    title = "The first request with this Idempotency-Key is still running"
    retryable = True


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    fingerprint: str
    status: int
    headers: dict[str, Any]
    body: bytes


@dataclass(frozen=True)
class IdempotentRequest:
    workspace_id: str
    principal: str
    route: str
    key: str
    fingerprint: str

    @classmethod
    async def read(cls, request: Request, caller: Caller) -> "IdempotentRequest | None":
        """Raises `BadRequest` for a malformed key."""
        header = request.headers.get("idempotency-key")
        if header is None or request.method not in KEYED_METHODS:
            return None
        key = header.strip().removeprefix('"').removesuffix('"')
        if not _KEY.match(key):
            raise BadRequest("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        route = f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
        address = f"{request.method}\n{request.url.path}?{request.url.query}\n"
        fingerprint = hashlib.sha256(address.encode() + await request.body())
        return cls(str(caller.workspace_id), caller.key, route, key, fingerprint.hexdigest())

    def _where(self) -> dict[str, str]:
        return {"principal": self.principal, "route": self.route, "key": self.key}

    def _scope(self) -> tuple[str, ...]:
        return (self.workspace_id, *self._where().values())

    async def replay(self, uow: UnitOfWork, secrets: SecretBox) -> Response | None:
        """The stored answer, or None when this request is the first. Holds the key until the end
        of the transaction. Raises `KeyInUse` or `KeyReused`.
        """
        identity = "\x1f".join(self._scope())
        if not await uow.value(bool, _LOCK, identity=identity):
            raise KeyInUse("Wait for it, then repeat to get its answer.", retry_after=1)
        stored = await uow.row(StoredAnswer, _FIND, **self._where())
        if stored is None:
            return None
        if stored.fingerprint != self.fingerprint:
            raise KeyReused("Use a new key for a new request.")
        body = stored.body
        if _holds_secret(stored.headers):
            body = secrets.open(body, *self._scope()).encode()
        return Response(body, stored.status, {**stored.headers, "idempotency-replayed": "true"})

    async def store(self, uow: UnitOfWork, response: Response, secrets: SecretBox) -> None:
        body = bytes(response.body)
        headers = {n: response.headers[n] for n in _KEPT_HEADERS if n in response.headers}
        if _holds_secret(headers):
            body = secrets.seal(body.decode(), *self._scope())
        await uow.run(
            _STORE,
            **self._where(),
            fingerprint=self.fingerprint,
            status=response.status_code,
            headers=to_json(headers).decode(),
            body=body,
        )


def _holds_secret(headers: Mapping[str, str]) -> bool:
    return headers.get("cache-control") == "no-store"
