"""A real uvicorn inside the event loop of its caller, on a loopback port of its own.

It stops at once and cuts what is open, as a machine that goes down does, and it leaves the signal
handlers of the process alone. Started again it listens on the same port.
"""

import asyncio
import socket

import uvicorn
from starlette.types import ASGIApp

from tests.simulators.kit import ports


class HttpServer:
    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self.app = app
        self.port = port
        self._server: uvicorn.Server | None = None
        self._ticks: asyncio.Task[None] | None = None
        self._holder: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://{ports.HOST}:{self.port}"

    @property
    def is_up(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        if self._server is not None:
            return
        self._release()
        listening = ports.listen(self.port)
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(
            self.app, lifespan="off", ws="none", log_config=None, log_level="critical",
            access_log=False, timeout_graceful_shutdown=0,
        )  # fmt: skip
        config.load()
        server = uvicorn.Server(config)
        # The parts of uvicorn.Server.serve() without its signal handlers.
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listening])
        self._ticks = asyncio.create_task(server.main_loop(), name=f"uvicorn:{self.port}")
        self._server = server

    async def down(self) -> None:
        """Refuse connections until `start`, and keep the port meanwhile."""
        await self.stop()
        if self._holder is None:
            self._holder = ports.hold(self.port)

    async def stop(self) -> None:
        self._release()
        server, ticks = self._server, self._ticks
        if server is None or ticks is None:
            return
        self._server = None
        # Not uvicorn's own shutdown, which waits for the clients.
        for listener in server.servers:
            listener.close()
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        requests = list(server.server_state.tasks)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        ticks.cancel()
        await asyncio.gather(ticks, return_exceptions=True)

    def abort(self, client: tuple[str, int] | None) -> None:
        """Reset the connection of a client, who is named as the ASGI scope names it."""
        connections = self._server.server_state.connections if self._server else set()
        for connection in list(connections):
            if connection.transport.get_extra_info("peername")[:2] == client:
                connection.transport.abort()

    def _release(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None
