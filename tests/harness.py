"""The four real web processes on loopback sockets, their worker loops stepped until nothing is
left.

Tests talk to services over HTTP, as users do. `settle` replaces waiting: it runs the loops of
every service until all feeds are drained and no step finds work, so a test never sleeps to let
things happen.
"""

import asyncio
import contextlib
import importlib
import json
import socket
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx2
import uvicorn
from fastapi import FastAPI
from sqlalchemy import text
from typing_extensions import override

from deploy.local.secrets import Secrets
from deploy.roles import SERVICES as ACCESS
from deploy.roles import role_url
from deploy.routes import service_for
from shared.ids import new_id
from shared.serve import web_config
from shared.service import Service
from shared.settings import SERVICES, ServiceName, Settings
from shared.worker import Loop
from tests.documented import check_documented
from tests.feeds import Feeds

PACKAGES = {access.schema: access for access in ACCESS}
_FEED = "feed:"
_TIDYING = 600.0
_MADE_TOGETHER = 8
"""Workspaces."""


def service_of(path: str) -> ServiceName:
    """As the gateway decides; whom nobody owns, the first service refuses."""
    return service_for(path.partition("?")[0]) or "accounts"


class QuietServer(uvicorn.Server):
    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals stay pytest's."""
        yield


def _open_to_all() -> httpx2.AsyncHTTPTransport:
    """Connections for every client of a run: one that reads certificates of its own costs 18 ms and
    0.9 MB, and a run makes thousands.
    """
    return httpx2.AsyncHTTPTransport(trust_env=False, limits=httpx2.Limits(max_connections=None))


class Client:
    """One credential, all four services: `await ws.admin.get("/v1/tasks")`."""

    def __init__(
        self,
        urls: dict[ServiceName, str],
        headers: dict[str, str],
        connections: httpx2.AsyncBaseTransport,
    ) -> None:
        self._urls = urls
        self.http = httpx2.AsyncClient(
            transport=connections, headers=headers, timeout=30.0, trust_env=False
        )

    async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
        url = self._urls[service_of(path)] + path
        answer = await self.http.request(method, url, **options)
        check_documented(answer)
        return answer

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> httpx2.Response:
        return await self.request("PUT", path, json=json, **options)

    async def patch(
        self, path: str, json: Any = None, *, if_match: str | None = "*", **options: Any
    ) -> httpx2.Response:
        headers = {**options.pop("headers", {})} | ({"if-match": if_match} if if_match else {})
        return await self.request("PATCH", path, json=json, headers=headers, **options)

    async def delete(
        self, path: str, *, if_match: str | None = "*", **options: Any
    ) -> httpx2.Response:
        headers = {**options.pop("headers", {})} | ({"if-match": if_match} if if_match else {})
        return await self.request("DELETE", path, headers=headers, **options)


@dataclass
class Workspace:
    """A fresh workspace with one client per role; `service` speaks as the sync service itself."""

    id: UUID
    keys: dict[str, str]
    admin: Client
    leader: Client
    team_member: Client
    observer: Client
    service: Client
    anonymous: Client
    details: dict[str, Any]

    async def audited(self) -> list[str]:
        """What the audit log says was done last, newest first."""
        answer = await self.admin.get("/v1/audit-log?limit=200")
        return [entry["action"] for entry in answer.json()["data"]]


@dataclass
class Tenure:
    admin_url: str
    redis_url: str
    database: str
    secrets: Secrets
    urls: dict[ServiceName, str] = field(default_factory=dict)
    apps: dict[ServiceName, FastAPI] = field(default_factory=dict)
    workers: dict[ServiceName, Service] = field(default_factory=dict)
    loops: dict[ServiceName, list[Loop]] = field(default_factory=dict)
    _connections: httpx2.AsyncBaseTransport = field(default_factory=_open_to_all)
    _feeds: Feeds = field(init=False)
    _ready: dict[tuple[Any, ...], deque[Workspace]] = field(default_factory=dict)
    _made: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._feeds = Feeds(self.admin_url, self.database)

    def settings(self, service: ServiceName, **overrides: Any) -> Settings:
        """What a process of `service` reads; subprocesses get it from `environment`."""
        return Settings.model_validate({**self._values(service), **overrides})

    def _values(self, service: ServiceName) -> dict[str, Any]:
        access = PACKAGES[service]
        password = self.secrets.passwords[access.role]
        url = role_url(self.admin_url, access.role, password, self.database)
        return {
            "DATABASE_URL": url,
            "REDIS_URL": self.redis_url,
            **{f"{name}_url": self.urls[name] for name in SERVICES},
            "public_url": "https://tenure.example",
            "service_key": self.secrets.service_keys[access.package],
            "cursor_secret": self.secrets.cursor_secret,
            "encryption_keys": self.secrets.encryption_keys,
            "egress_allow": "127.0.0.0/8",
            "log_level": "ERROR",
            "pool_size": 10,
            "outside_retry_seconds": 0.01,
        }

    def environment(self, service: ServiceName) -> dict[str, str]:
        """Environment of a service run as a process of its own (crash tests)."""
        return {
            (key if key.isupper() else f"TENURE_{key.upper()}"): str(value)
            for key, value in self._values(service).items()
        }

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Tenure"]:
        sockets: dict[ServiceName, socket.socket] = {}
        for name in SERVICES:
            # TCP by name: asyncio sets TCP_NODELAY only then, else answers stall 40 ms.
            sockets[name] = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets[name].bind(("127.0.0.1", 0))
            self.urls[name] = f"http://127.0.0.1:{sockets[name].getsockname()[1]}"
        # All are made before the first opens: a process that starts describes itself in a thread,
        # and FastAPI silences a warning of its models for the whole process while it makes them.
        for name in SERVICES:
            module = importlib.import_module(f"{PACKAGES[name].package}.main")
            self.apps[name] = module.create_app(self.settings(name))
        servers = [await self._start_web_process(name, sockets[name]) for name in SERVICES]
        for name in SERVICES:
            worker = importlib.import_module(f"{PACKAGES[name].package}.worker")
            self.workers[name] = worker.build(self.settings(name))
            self.loops[name] = worker.loops(self.workers[name])
        try:
            yield self
        finally:
            await self._connections.aclose()
            await self._feeds.close()
            for service in self.workers.values():
                await service.close()
            for server, task in servers:
                server.should_exit = True
                await task

    async def _start_web_process(
        self, name: ServiceName, listener: socket.socket
    ) -> tuple[uvicorn.Server, asyncio.Task[None]]:
        app = self.apps[name]
        describe, app.openapi = app.openapi, dict  # type: ignore[method-assign]
        config = web_config(app, lifespan="on")
        server = QuietServer(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError(f"The web process of {name} did not start.")
            await asyncio.sleep(0.01)
        # Few tests ask for it, and it takes a second: not before one does.
        app.openapi = describe  # type: ignore[method-assign]
        return server, task

    def client(self, **headers: str) -> Client:
        return Client(self.urls, headers, self._connections)

    async def workspace(
        self,
        name: str = "Northwind",
        *,
        sandbox: bool = True,
        frozen_at: datetime | None = datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
    ) -> Workspace:
        """A settled one. Whoever asks for many of a kind gets those that were made and settled
        together: at first one, then as many as there were before, up to eight.
        """
        kind = (name, sandbox, frozen_at)
        ready = self._ready.setdefault(kind, deque())
        if not ready:
            for _ in range(min(max(1, self._made[kind]), _MADE_TOGETHER)):
                made = self._make_workspace(name, sandbox=sandbox, frozen_at=frozen_at)
                ready.append(await made)
                self._made[kind] += 1
            await self.settle()
        return ready.popleft()

    async def _make_workspace(
        self, name: str, *, sandbox: bool, frozen_at: datetime | None
    ) -> Workspace:
        from accounts_api.identity.workspaces.schemas import Features, WorkspaceSettings
        from accounts_api.identity.workspaces.service import make_workspace

        made = await make_workspace(
            self.workers["accounts"],
            f"{name} {new_id().hex[-6:]}",
            sandbox=sandbox,
            frozen_at=frozen_at,
            settings=WorkspaceSettings(features=Features(surveys=True)),
        )
        clients = {
            role: self.client(authorization=f"Bearer {key}") for role, key in made.keys.items()
        }
        return Workspace(
            id=made.workspace_id,
            keys=dict(made.keys),
            service=self._service_client(made.workspace_id),
            anonymous=self.client(),
            details=json.loads(json.dumps(vars(made), default=str)),
            **clients,
        )

    def _service_client(self, workspace_id: UUID) -> Client:
        """Mints a token per process and request: the audience is bound."""
        tenure = self

        class ServiceClient(Client):
            @override
            async def request(self, method: str, path: str, **options: Any) -> httpx2.Response:
                audience = service_of(path)
                token = tenure.workers["sync"].signer.token(audience, workspace_id)
                headers = {**options.pop("headers", {}), "authorization": f"Bearer {token}"}
                return await super().request(method, path, headers=headers, **options)

        return ServiceClient(self.urls, {}, self._connections)

    async def set_clock(self, ws: Workspace, at: datetime) -> None:
        """Move the sandbox's clock and let everything that falls due happen."""
        answer = await ws.admin.put("/v1/workspace/clock", {"frozen_at": at.isoformat()})
        assert answer.status_code == 200, answer.text
        await self.settle()

    async def settle(self, within: float = 60.0, *, tidying: bool = False) -> None:
        """Until every loop has found nothing since the last that found something, and nobody has
        anything left to hear. Loops that tidy up every ten minutes have turns if wished: they are a
        third of all, and find nothing unless a test has made something old.
        """
        loops = [
            (name, loop)
            for name in SERVICES
            for loop in self.loops[name]
            if not loop.name.startswith(_FEED)
            if tidying or (loop.every or 0) < _TIDYING
        ]
        idle = 0
        async with asyncio.timeout(within):
            while True:
                if await self._hear_all():
                    idle = 0
                if idle == len(loops):
                    return
                for name, loop in loops:
                    if idle < len(loops):
                        idle = 1 if await self._run_out(name, loop) else idle + 1

    async def _run_out(self, name: ServiceName, loop: Loop) -> bool:
        worked = False
        while await loop.step(self.workers[name]):
            worked = True
        return worked

    async def _hear_all(self) -> bool:
        """Whether there was anything to hear. Events come in the order of commits: one waits while
        an older transaction is open, anybody's.
        """
        before = None
        while (progress := await self._feeds.progress()).behind or not progress.all_public:
            if progress == before:
                await asyncio.sleep(0.005)
            for subscriber, publisher in progress.behind:
                await self._run_out(subscriber, self._feed(subscriber, publisher))
            before = progress
        return before is not None

    async def hear(self, subscriber: ServiceName, publisher: ServiceName) -> None:
        """Let one service hear another to the end, and do nothing else."""
        feed = self._feed(subscriber, publisher)
        async with asyncio.timeout(60):
            while await self._run_out(subscriber, feed) or not await self.has_heard(
                subscriber, publisher
            ):
                continue

    def _feed(self, subscriber: ServiceName, publisher: ServiceName) -> Loop:
        [feed] = [one for one in self.loops[subscriber] if one.name == f"{_FEED}{publisher}:0"]
        return feed

    async def has_heard(self, subscriber: ServiceName, publisher: ServiceName) -> bool:
        """Whether the subscriber's checkpoint is at the publisher's last committed event and, of
        the service that keeps events for partners, whether their page holds all of them.
        """
        progress = await self._feeds.progress()
        hidden = subscriber == "sync" and not progress.all_public
        if behind := hidden or progress.is_behind(subscriber, publisher):
            await asyncio.sleep(0.005)  # the caller asks again; until then others may commit
        return not behind

    @contextlib.asynccontextmanager
    async def passing_workspace(self, name: str) -> AsyncIterator[Workspace]:
        """One whose events nobody will miss: what thousands of odd requests have left for workers
        would cost the next `settle` more than the requests did.
        """
        ws = await self.workspace(name)
        yield ws
        for service in self.workers.values():
            async with service.units.begin(ws.id, ()) as uow:
                of_accounts = ("change_queue", "past_corrections")
                queues = of_accounts if service.name == "accounts" else ()
                for queue in ("events", *queues):
                    left = text(f"delete from {queue} where workspace_id = :id")
                    await uow.connection.execute(left, {"id": ws.id})
