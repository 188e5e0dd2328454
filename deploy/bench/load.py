"""A small HTTP/1.1 client that costs a tenth of a full one: what is measured is the process."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from deploy.bench.stage import WebProcess


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def bytes(self, host: str, common: Mapping[str, str]) -> bytes:
        headers = {"host": host, **common, **self.headers}
        if self.body:
            headers |= {"content-type": "application/json", "content-length": str(len(self.body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}\r\n".encode() + self.body


@dataclass(frozen=True)
class Load:
    requests: int
    seconds: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    """Processor time of the process for one request."""

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


async def drive(
    process: WebProcess,
    make: Callable[[int], Request],
    headers: Mapping[str, str],
    *,
    seconds: float = 600.0,
    connections: int = 1,
    times: int | None = None,
    expected: frozenset[int] = frozenset({200, 201}),
) -> Load:
    """Keep `connections` requests under way for `seconds`, or until `times` were answered.

    Raises on an unexpected status.
    """
    host = urlsplit(process.url).netloc
    numbers = iter(range(1 << 60 if times is None else times))
    took_each: list[float] = []
    cpu = process.cpu_seconds()
    began = time.perf_counter()
    stop = began + seconds

    async def one() -> None:
        address, _, port = host.partition(":")
        reader, writer = await asyncio.open_connection(address, int(port), limit=1 << 24)
        try:
            while (sent := time.perf_counter()) < stop:
                number = next(numbers, None)
                if number is None:
                    return
                writer.write(make(number).bytes(host, headers))
                status, body = await _answer(reader)
                if status not in expected:
                    raise RuntimeError(f"{status}: {body[:500]!r}")
                took_each.append(time.perf_counter() - sent)
        finally:
            writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    took = time.perf_counter() - began
    took_each.sort()
    return Load(
        requests=len(took_each),
        seconds=took,
        p50_ms=took_each[len(took_each) // 2] * 1000,
        p95_ms=took_each[int(len(took_each) * 0.95)] * 1000,
        cpu_ms=(process.cpu_seconds() - cpu) / len(took_each) * 1000,
    )


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = 0
    for line in head.split(b"\r\n"):
        if line[:15].lower() == b"content-length:":
            length = int(line[15:])
    return status, await reader.readexactly(length) if length else b""
