"""The partner's web server, as ASGI: `/hooks/{name}` answers by the script of that endpoint."""

import asyncio
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from tests.simulators.webhooks.deliveries import Arrival, Deliveries, Delivery, Ending
from tests.simulators.webhooks.script import Close, Script, Step

CHUNK = 65_536
PREFIX = "/hooks/"
UNVERIFIED = Step(status=401, body="signature refused", times=None)


@dataclass
class Endpoint:
    name: str
    secrets: tuple[str, ...]
    script: Script
    #: Answer 401 to what none of the secrets signs, whatever the script says.
    strict: bool


class Receiver:
    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        deliveries: Deliveries,
        hang_up: Callable[[tuple[str, int] | None], None],
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        endpoint = self._endpoints.get(path.removeprefix(PREFIX))
        if not path.startswith(PREFIX) or endpoint is None:
            await _send_whole(send, Step(status=404, body="no such hook"))
            return
        arrival = Arrival(
            endpoint=endpoint.name,
            method=scope["method"],
            query=scope["query_string"].decode("latin-1"),
            headers=[(k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]],
            body=await _read(receive),
        )
        step = endpoint.script.next()
        delivery = self._deliveries.add(arrival, endpoint.secrets, step.status)
        if endpoint.strict and not delivery.verified:
            step = UNVERIFIED
            delivery.status = step.status
        await self._answer(step, delivery, scope, receive, send)

    async def _answer(
        self, step: Step, delivery: Delivery, scope: Scope, receive: Receive, send: Send
    ) -> None:
        began = time.monotonic()
        answering = asyncio.create_task(self._play(step, scope, send))
        leaving = asyncio.create_task(_disconnected(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            delivery.ending = answering.result() if answering.done() else Ending.HUNG_UP
        finally:
            delivery.seconds = round(time.monotonic() - began, 3)
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _play(self, step: Step, scope: Scope, send: Send) -> Ending:
        await asyncio.sleep(step.delay)
        if step.close is Close.BEFORE_ANSWER:
            self._hang_up(scope["client"])
            return Ending.CUT
        if step.close is Close.IN_BODY:
            # The announced length is longer than what comes.
            await _start(send, step, len(step.body.encode()) + CHUNK)
            await _more(send, step.body.encode() or b"{")
            self._hang_up(scope["client"])
            return Ending.CUT
        if step.drip or step.body_bytes:
            await _start(send, step, None)
            for part in _parts(step):
                await _more(send, part)
                await asyncio.sleep(step.drip)
            await send({"type": "http.response.body", "body": b""})
        else:
            await _send_whole(send, step)
        return Ending.ANSWERED


def _parts(step: Step) -> Iterator[bytes]:
    if step.drip:
        content = step.body.encode() or b"." * step.body_bytes
        yield from (content[place : place + 1] for place in range(len(content)))
        return
    squeeze = zlib.compressobj(wbits=31) if step.gzip else None
    for begun in range(0, step.body_bytes, CHUNK):
        part = bytes(min(CHUNK, step.body_bytes - begun))
        squeezed = squeeze.compress(part) if squeeze else part
        if squeezed:
            yield squeezed
    if squeeze:
        yield squeeze.flush()


async def _send_whole(send: Send, step: Step) -> None:
    body = step.body.encode()
    await _start(send, step, len(body))
    await send({"type": "http.response.body", "body": body})


async def _start(send: Send, step: Step, length: int | None) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in step.headers.items()]
    if length is not None:
        headers.append((b"content-length", str(length).encode()))
    if step.gzip:
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": step.status, "headers": headers})


async def _more(send: Send, part: bytes) -> None:
    await send({"type": "http.response.body", "body": part, "more_body": True})


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
