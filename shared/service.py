"""What a process of a service holds: settings, database, doorbell, clients, identity."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from shared.auth import Caller, Subject
from shared.db import Database
from shared.encryption import SecretBox
from shared.events.base import Cause, Event
from shared.events.routes import subscribers
from shared.feed.reader import FeedPage
from shared.net.answers import Answer, OutgoingError
from shared.net.egress import EgressPolicy
from shared.net.http import DEFAULT_CAP, HttpClient
from shared.paging import CursorSigner
from shared.queue import Bell
from shared.ratelimit import RateLimiter, RedisCount
from shared.settings import ServiceName, Settings
from shared.tokens import ServiceSigner, ServiceTokenVerifier
from shared.uow import UnitsOfWork, Wiring

_LARGEST_FEED_PAGE = 64 * 1024 * 1024
"""Bytes: above any one event, which is a page of its own when it is large."""

Authenticate = Callable[[str], Awaitable[Caller]]


@dataclass
class Service:
    name: ServiceName
    settings: Settings
    db: Database
    bell: Bell
    units: UnitsOfWork
    signer: ServiceSigner
    verifier: ServiceTokenVerifier
    peers: HttpClient
    """For our own services."""
    outside: HttpClient
    """For everyone else's: addresses are checked."""
    cursors: CursorSigner
    secrets: SecretBox
    limiter: RateLimiter
    draining: bool = False
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What a feature opened for as long as the process lives; closed before everything else."""

    @classmethod
    def build(cls, name: ServiceName, settings: Settings, wiring: Wiring = ()) -> "Service":
        db = Database(settings.database_url.get_secret_value(), pool_size=settings.pool_size)
        bell = Bell(settings.redis_url.get_secret_value())
        redis_count = RedisCount(settings.redis_url.get_secret_value())
        policy = EgressPolicy(settings.egress_allow)
        peers = HttpClient(policy, trusted=True)

        def after_commit(events: Sequence[Event], wakes_own_worker: bool) -> None:  # noqa: FBT001
            bell.ring(
                [*(subscribers(name) if events else []), *([name] if wakes_own_worker else [])]
            )

        async def fetch_jwks(issuer: ServiceName) -> dict[str, Any]:
            answer = await peers.request(
                "GET", f"{settings.peers[issuer]}/.well-known/jwks.json", deadline=2.0
            )
            keys: dict[str, Any] = answer.json()
            return keys

        return cls(
            name=name,
            settings=settings,
            db=db,
            bell=bell,
            units=UnitsOfWork(db, after_commit, wiring),
            signer=ServiceSigner(name, settings.service_key.get_secret_value()),
            verifier=ServiceTokenVerifier(name, fetch_jwks),
            peers=peers,
            outside=HttpClient(policy),
            cursors=CursorSigner(settings.cursor_secret.get_secret_value()),
            secrets=SecretBox(settings.encryption_keys.get_secret_value()),
            limiter=RateLimiter(redis_count, settings.rate_limit_per_minute),
            closers=[redis_count.close],
        )

    async def close(self) -> None:
        for closer in self.closers:
            await closer()
        await self.bell.close()
        await self.peers.close()
        await self.outside.close()
        await self.db.close()

    async def ask(
        self,
        peer: ServiceName,
        method: str,
        path: str,
        *,
        workspace_id: UUID | Literal["*"],
        cause: Sequence[Cause] = (),
        subject: Subject | None = None,
        json: Any = None,
        idempotency_key: str | None = None,
        deadline: float = 5.0,
        cap: int = DEFAULT_CAP,
    ) -> Answer:
        """Call another service for `subject`, whose own permissions apply there; None when the work
        has no person behind it. Any status is an answer. With a key, a call that is repeated gets
        the answer of the first. Raises `OutgoingError`.
        """
        token = self.signer.token(peer, workspace_id, cause, subject)
        headers = {"authorization": f"Bearer {token}"}
        if idempotency_key is not None:
            headers["idempotency-key"] = idempotency_key
        return await self.peers.request(
            method,
            f"{self.settings.peers[peer]}{path}",
            headers=headers,
            json=json,
            deadline=deadline,
            cap=cap,
        )

    async def feed_page(
        self, publisher: ServiceName, cursor: str, limit: int, shard: int, shards: int
    ) -> FeedPage:
        answer = await self.ask(
            publisher,
            "GET",
            f"/internal/events?after={cursor}&limit={limit}&shard={shard}&shards={shards}",
            workspace_id="*",
            cap=_LARGEST_FEED_PAGE,
        )
        if answer.status != 200:  # noqa: PLR2004
            raise OutgoingError(f"{publisher} answered {answer.status} to a feed page.")
        return FeedPage.model_validate(answer.json())
