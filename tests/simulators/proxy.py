"""A TCP proxy that breaks the line between a client and PostgreSQL, Redis, SMTP or a service.

    async with FaultProxy("127.0.0.1", real_port) as proxy:
        connect(proxy.host, proxy.port)
        proxy.cut(after=b"COMMIT")         # the server commits, the client never hears of it
        proxy.latency = 0.2                # per chunk and direction
        await proxy.down()                 # connections are reset, new ones refused
        await proxy.up()
        proxy.freeze()                     # half-open: alive to the kernel, dead to the program

Only plain traffic can be searched: connect with TLS switched off.
"""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn, Self

from tests.simulators.kit.ports import HOST
from tests.simulators.kit.tcp import TcpServer

CHUNK = 65_536


class Direction(StrEnum):
    REQUEST = "request"  #: from the client to the server
    REPLY = "reply"  #: from the server to the client


class Moment(StrEnum):
    BEFORE = "before"  #: what completes the trigger is not passed on
    AFTER = "after"  #: it is passed on, and then the line is cut
    ANSWERED = "answered"  #: it is passed on, and the line is cut instead of bringing the answer


@dataclass
class Cut:
    """Ends a connection once `after` was seen, or once `after_bytes` went by, in one direction.

    Bytes are compared without regard to case, across the borders of packets.
    """

    direction: Direction
    moment: Moment
    after: bytes | None
    after_bytes: int | None
    times: int
    fired: int = 0
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    def found_in(self, stream: "_Stream", chunk: bytes) -> int | None:
        """How many bytes of the chunk may still pass, if it completes the trigger."""
        if self.after_bytes is not None:
            left = self.after_bytes - stream.passed
            return left if len(chunk) >= left else None
        needle = (self.after or b"").lower()
        # What lies wholly in the tail was judged with the chunk before this one.
        place = (
            (stream.tail + chunk).lower().find(needle, max(0, len(stream.tail) + 1 - len(needle)))
        )
        if place < 0:
            return None
        start = place - len(stream.tail)
        return max(0, start) if self.moment is Moment.BEFORE else start + len(needle)


@dataclass
class _Stream:
    passed: int = 0
    tail: bytes = b""

    def advance(self, chunk: bytes) -> None:
        self.passed += len(chunk)
        self.tail = (self.tail + chunk)[-256:]


@dataclass(eq=False)
class _Line:
    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    #: A cut that waits for the server to answer what it was sent.
    awaiting_answer: Cut | None = None

    def reset(self) -> None:
        """RST to the client; the server sees an orderly end, so it acts on all that it was sent."""
        _reset(self.client)
        self.server.close()

    def sever(self, cut: Cut) -> NoReturn:
        if cut.direction is Direction.REQUEST:
            self.reset()
        else:
            # A RST would overtake the part of the answer that is to arrive.
            self.client.close()
        cut.happened.set()
        raise ConnectionAbortedError


def _reset(writer: asyncio.StreamWriter) -> None:
    # A linger of zero makes the kernel send RST instead of FIN.
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class FaultProxy:
    def __init__(self, target_host: str, target_port: int, *, port: int = 0) -> None:
        self.host = HOST
        #: Seconds that each chunk waits, in both directions.
        self.latency = 0.0
        self.accepted_connections = 0
        self.passed_bytes = dict.fromkeys(Direction, 0)
        self._target = (target_host, target_port)
        self._server = TcpServer(self._carry, port=port)
        self._lines: set[_Line] = set()
        self._cuts: list[Cut] = []
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def open_connections(self) -> int:
        return self._server.open_connections

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.clear()
        await self._server.stop()

    async def up(self) -> None:
        await self._server.start()

    async def down(self) -> None:
        """Reset what is open and refuse what comes; the port stays ours."""
        self.reset_connections()
        await self._server.down()

    def reset_connections(self) -> None:
        for line in list(self._lines):
            line.reset()

    def freeze(self) -> None:
        """Nothing passes, nothing closes: the peer that lost power. New connections succeed."""
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def cut(
        self, *, after: bytes | None = None, after_bytes: int | None = None,
        direction: Direction = Direction.REQUEST, moment: Moment = Moment.ANSWERED, times: int = 1,
    ) -> Cut:  # fmt: skip
        """Cut the next connections that show the trigger; by default the answer is what is lost."""
        if (after is None) == (after_bytes is None) or after == b"":
            raise ValueError("cut after some bytes, or after a number of bytes")
        if after is not None and len(after) > 256:
            raise ValueError("a trigger has at most 256 bytes")
        if direction is Direction.REPLY and moment is Moment.ANSWERED:
            raise ValueError("a reply is not answered: cut before or after it")
        cut = Cut(direction, moment, after, after_bytes, times)
        self._cuts.append(cut)
        return cut

    def clear(self) -> None:
        """Let everything pass again; what is down stays down."""
        self._cuts.clear()
        self.latency = 0.0
        self.thaw()

    async def _carry(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.accepted_connections += 1
        try:
            answers, server = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(client)
            return
        line = _Line(client, server)
        self._lines.add(line)
        requests = asyncio.create_task(self._pump(line, reader, server, Direction.REQUEST))
        replies = asyncio.create_task(self._pump(line, answers, client, Direction.REPLY))
        try:
            await asyncio.gather(requests, replies)
        finally:
            self._lines.discard(line)
            for pump in (requests, replies):
                pump.cancel()
            await asyncio.gather(requests, replies, return_exceptions=True)
            server.close()

    async def _pump(
        self, line: _Line, source: asyncio.StreamReader, sink: asyncio.StreamWriter,
        direction: Direction,
    ) -> None:  # fmt: skip
        stream = _Stream()
        while chunk := await source.read(CHUNK):
            await self._delay()
            if direction is Direction.REPLY and line.awaiting_answer is not None:
                line.sever(line.awaiting_answer)
            cut, passing = self._judge(direction, stream, chunk)
            if cut is not None and cut.moment is Moment.ANSWERED:
                line.awaiting_answer, passing = cut, chunk
            stream.advance(passing)
            self.passed_bytes[direction] += len(passing)
            sink.write(passing)
            await sink.drain()
            if cut is not None and cut.moment is not Moment.ANSWERED:
                line.sever(cut)
        with contextlib.suppress(OSError):
            sink.write_eof()

    def _judge(
        self, direction: Direction, stream: _Stream, chunk: bytes
    ) -> tuple[Cut | None, bytes]:
        for cut in self._cuts:
            if cut.direction is not direction or cut.fired >= cut.times:
                continue
            passing = cut.found_in(stream, chunk)
            if passing is not None:
                cut.fired += 1
                return cut, chunk[:passing]
        return None, chunk

    async def _delay(self) -> None:
        if self.latency:
            await asyncio.sleep(self.latency)
        await self._flowing.wait()
