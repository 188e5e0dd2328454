"""Runs the simulator on a real socket: inside a test's event loop or as its own process."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.simulators.control import TRANSPORT, FaultPlan, RequestLog, SimulatedClock
from tests.simulators.salesforce import seed as sandbox
from tests.simulators.salesforce.app import create_app
from tests.simulators.salesforce.auth import Auth, ConnectedApp
from tests.simulators.salesforce.bulk import BulkJobs
from tests.simulators.salesforce.cursors import Cursors
from tests.simulators.salesforce.editing import People
from tests.simulators.salesforce.faults import PRESETS
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.storage import Storage
from tests.simulators.salesforce.world import Usage, World


def create_world(
    *,
    seed: int | None,
    accounts: int = sandbox.ACCOUNTS,
    now: datetime | None = None,
    frozen: bool = False,
    state: Path | None = None,
) -> World:
    """Take up the org kept in `state`, or make one: seeded, or with only its people if None."""
    clock = SimulatedClock(now, frozen=frozen)
    storage = Storage(state) if state is not None else None
    org = Org(clock, storage)
    auth = Auth(org, ConnectedApp())
    world = World(
        clock, FaultPlan(PRESETS), RequestLog(), org, auth, Usage(org), Cursors(org), BulkJobs(org),
        storage,
    )  # fmt: skip
    if not world.load():
        if seed is None:
            sandbox.people(org)
        else:
            sandbox.seed(org, seed, accounts=accounts)
    clock.changed = world.keep
    return world


class _OpenProtocol(H11Protocol):
    """Hands a request its transport, which ASGI hides, so that a fault can cut it."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
            scope[TRANSPORT] = transport
            await app(scope, receive, send)

        self.app = with_transport


def _listening(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, each answer
    # waits 40 ms for the client's delayed acknowledgement.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    return listening


class LoopbackServer(uvicorn.Server):
    """uvicorn on a loopback port that tells when it listens and leaves signals to its owner."""

    def __init__(self, app: ASGIApp, port: int = 0) -> None:
        super().__init__(
            uvicorn.Config(
                app, http=_OpenProtocol, ws="none", lifespan="off", log_config=None,
                access_log=False, date_header=False, server_header=False,
                timeout_graceful_shutdown=1, h11_max_incomplete_event_size=65_536,
            )
        )  # fmt: skip
        self.listening = asyncio.Event()
        self._socket = _listening(port)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @override
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def run_until_stopped(self) -> None:
        await self.serve([self._socket])


class SalesforceSimulator:
    """`async with SalesforceSimulator() as sf:` gives an org at `sf.url` for a test.

    `sf.people` edits records as a person would; `sf.faults.add(route, preset="...")` breaks what
    comes; `sf.clock` moves time; `sf.log` has the requests.
    """

    def __init__(
        self,
        *,
        seed: int | None = sandbox.DEFAULT_SEED,
        accounts: int = sandbox.ACCOUNTS,
        now: datetime | None = None,
        frozen: bool = False,
        state: Path | None = None,
        port: int = 0,
    ) -> None:
        self.world = create_world(seed=seed, accounts=accounts, now=now, frozen=frozen, state=state)
        self.people = People(self.world)
        self._port = port
        self._server: LoopbackServer | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("The simulator is not running.")
        return self._server.url

    @property
    def clock(self) -> SimulatedClock:
        return self.world.clock

    @property
    def faults(self) -> FaultPlan:
        return self.world.faults

    @property
    def log(self) -> RequestLog:
        return self.world.log

    @property
    def org(self) -> Org:
        return self.world.org

    @property
    def app(self) -> ConnectedApp:
        return self.world.auth.app

    def start_over(self) -> None:
        """Forget everything but the people, the clock and the connected app."""
        self.world.reset()
        sandbox.people(self.org)

    async def __aenter__(self) -> Self:
        self._server = LoopbackServer(create_app(self.world), self._port)
        self._task = asyncio.create_task(self._server.run_until_stopped())
        listening = asyncio.create_task(self._server.listening.wait())
        await asyncio.wait({self._task, listening}, return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            listening.cancel()
            self._task.result()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task
        self.world.close()
