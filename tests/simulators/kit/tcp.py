import asyncio
import socket
from collections.abc import Awaitable, Callable

from tests.simulators.kit import ports

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# What a peer that goes away in the middle of something raises here; never a fault of the server.
GONE = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError)


class Hangup(ConnectionError):
    """The server closes without a word, because a rule says so; raised by a handler."""


class TcpServer:
    """A listening port whose connections end with it: `stop` leaves no task and no socket."""

    def __init__(self, handler: Handler, *, port: int = 0, limit: int = 2**16) -> None:
        self.port = port
        self._handler = handler
        self._limit = limit
        self._server: asyncio.Server | None = None
        self._holder: socket.socket | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    async def start(self) -> None:
        if self._server is not None:
            return
        self._release()
        listening = ports.listen(self.port)
        self.port = listening.getsockname()[1]
        self._server = await asyncio.start_server(self._serve, sock=listening, limit=self._limit)

    async def down(self) -> None:
        """Refuse connections until `start`, and keep the port meanwhile."""
        await self.stop()
        self._holder = ports.hold(self.port)

    async def stop(self) -> None:
        self._release()
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.abort_connections()

    async def abort_connections(self) -> None:
        open_now = dict(self._connections)
        for task, writer in open_now.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*open_now, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            await self._handler(reader, writer)
            await writer.drain()
        except Hangup:
            writer.transport.abort()
        except GONE:
            pass
        except asyncio.CancelledError:
            # Only abort_connections cancels; raised further, asyncio would report it as an error.
            pass
        finally:
            del self._connections[task]
            writer.close()

    def _release(self) -> None:
        if self._holder is not None:
            self._holder.close()
            self._holder = None
