"""What simulators of HTTP systems share: a settable clock, a fault plan and a request log.

`Controlled` wraps the simulated application. The same three things are reachable in the process
that runs the simulator and, under the separate prefix `/__control/`, over HTTP.
"""

import asyncio
import itertools
import json
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL_PREFIX = "/__control"
TRANSPORT = "simulator.transport"
"""Scope key under which the server puts the socket's transport; without it none can be cut."""


class BadControl(Exception):
    """The test, not the product, asked for something that makes no sense: 400."""


class SimulatedClock:
    """Runs with the machine's clock, shifted, or stands still until it is moved."""

    def __init__(self, now: datetime | None = None, *, frozen: bool = False) -> None:
        self.frozen = frozen
        self.changed: Callable[[], None] = lambda: None
        self._now = _machine_now()
        self._read_at = time.monotonic()
        if now is not None:
            self.set(now)

    def now(self) -> datetime:
        if self.frozen:
            return self._now
        return self._now + timedelta(seconds=time.monotonic() - self._read_at)

    def set(self, now: datetime, *, frozen: bool | None = None) -> None:
        if now.tzinfo is None:
            raise BadControl(f"{now.isoformat()} has no time zone.")
        self._now, self._read_at = now.astimezone(UTC), time.monotonic()
        if frozen is not None:
            self.frozen = frozen
        self.changed()

    def advance(self, by: timedelta) -> None:
        self.set(self.now() + by)

    def state(self) -> dict[str, Any]:
        now = self.now()
        ahead = (now - _machine_now()).total_seconds()
        return {"now": now.isoformat(), "frozen": self.frozen, "ahead_seconds": ahead}

    def restore(self, state: dict[str, Any]) -> None:
        """Stand where it stood, or run on as if it had never been stopped."""
        now = datetime.fromisoformat(state["now"])
        if not state["frozen"]:
            now = _machine_now() + timedelta(seconds=state["ahead_seconds"])
        self.set(now, frozen=state["frozen"])


def _machine_now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


@dataclass
class Fault:
    """What goes wrong, for which requests.

    `route` is a regular expression searched in `METHOD /path?query` (query decoded). The fault hits
    the `first`-th request that matches and the `times - 1` after it; `times=None` never ends.

    Kinds: `reply` (this status, headers and body; `after_commit` lets the work happen first),
    `delay` (`seconds`), `truncate` (the true answer, cut after the share `keep` of its bytes),
    `reset` (the connection dies before the work) and `lost_response` (it dies after the work).
    """

    route: str = ""
    kind: str = "reply"
    name: str = ""
    first: int = 1
    times: int | None = 1
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    after_commit: bool = False
    seconds: float = 0.0
    keep: float = 0.5
    seen: int = 0

    KINDS = ("reply", "delay", "truncate", "reset", "lost_response")

    def __post_init__(self) -> None:
        if self.kind not in self.KINDS:
            raise BadControl(f"A fault is one of {', '.join(self.KINDS)}, not {self.kind!r}.")
        try:
            self._pattern = re.compile(self.route)
        except re.error as error:
            raise BadControl(f"{self.route!r} is no regular expression: {error}.") from error
        self.name = self.name or self.kind

    def hits(self, route: str) -> bool:
        if not self._pattern.search(route):
            return False
        self.seen += 1
        return self.seen >= self.first and (
            self.times is None or self.seen < self.first + self.times
        )


class FaultPlan:
    """The faults to come. `presets` are the simulated vendor's own refusals, by name."""

    def __init__(self, presets: dict[str, dict[str, Any]] | None = None) -> None:
        self.presets = presets or {}
        self.planned: dict[int, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, route: str = "", **settings: Any) -> int:
        """Plan a fault and return its id; `preset="..."` starts from a named refusal."""
        preset = settings.pop("preset", None)
        if preset is not None:
            if preset not in self.presets:
                raise BadControl(f"No preset {preset!r}; there are {', '.join(self.presets)}.")
            settings = {"name": preset} | self.presets[preset] | settings
        unknown = set(settings) - {each.name for each in fields(Fault)}
        if unknown:
            raise BadControl(f"A fault has no {', '.join(sorted(unknown))}.")
        fault_id = next(self._ids)
        self.planned[fault_id] = Fault(route=route, **settings)
        return fault_id

    def remove(self, fault_id: int) -> None:
        if self.planned.pop(fault_id, None) is None:
            raise BadControl(f"There is no fault {fault_id}.")

    def clear(self) -> None:
        self.planned.clear()

    def hitting(self, route: str) -> list[Fault]:
        # Every fault counts the request, also those behind the one that will decide the answer.
        return [fault for fault in self.planned.values() if fault.hits(route)]


@dataclass(frozen=True)
class LoggedRequest:
    at: str
    method: str
    path: str
    query: str
    body: str
    status: int | None
    """None: the connection died instead of an answer."""
    faults: list[str]


class RequestLog:
    """The last requests of the product, oldest first; control requests are not among them."""

    def __init__(self, kept: int = 20_000) -> None:
        self._entries: deque[LoggedRequest] = deque(maxlen=kept)

    def add(self, entry: LoggedRequest) -> None:
        self._entries.append(entry)

    def matching(self, route: str = "") -> list[LoggedRequest]:
        pattern = re.compile(route)
        return [e for e in self._entries if pattern.search(f"{e.method} {e.path}?{e.query}")]

    def clear(self) -> None:
        self._entries.clear()


@dataclass
class Answer:
    """An application's whole response, held back so that a fault can still spoil it."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


async def ask(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """Run `app` on a request whose body is at hand and collect its answer."""
    answer = Answer()
    chunks: list[bytes] = []
    unread = iter((body,))

    async def receive() -> Message:
        for chunk in unread:
            return {"type": "http.request", "body": chunk, "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = list(message.get("headers", []))
        elif message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    answer.body = b"".join(chunks)
    return answer


class Controlled:
    """What stands in front of a simulated application: dates, logs and spoils its answers."""

    def __init__(
        self, app: ASGIApp, *, clock: SimulatedClock, faults: FaultPlan, log: RequestLog
    ) -> None:
        self._app, self._clock, self._faults, self._log = app, clock, faults, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if scope["path"].startswith(CONTROL_PREFIX):
            await self._send(send, await ask(self._app, scope, body))
            return
        query = unquote_plus(scope["query_string"].decode("latin-1"))
        hits = self._faults.hitting(f"{scope['method']} {scope['path']}?{query}")
        status = await self._answer(scope, body, send, hits)
        self._log.add(
            LoggedRequest(
                at=self._clock.now().isoformat(),
                method=scope["method"],
                path=scope["path"],
                query=query,
                body=body.decode("utf-8", "replace"),
                status=status,
                faults=[fault.name for fault in hits],
            )
        )

    async def _answer(self, scope: Scope, body: bytes, send: Send, hits: list[Fault]) -> int | None:
        for fault in hits:
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
        fatal = next((hit for hit in hits if hit.kind != "delay"), None)
        if fatal and fatal.kind == "reset":
            _reset(scope)
            return None
        if fatal and fatal.kind == "reply" and not fatal.after_commit:
            answer = _reply(fatal)
        else:
            answer = await ask(self._app, scope, body)
        if fatal and fatal.kind == "lost_response":
            _reset(scope)
            return None
        if fatal and fatal.kind == "truncate":
            return await self._send_part(scope, send, answer, fatal.keep)
        if fatal and fatal.after_commit:
            answer = _reply(fatal)
        await self._send(send, answer)
        return answer.status

    async def _send(self, send: Send, answer: Answer) -> None:
        await send(self._start(answer))
        await send({"type": "http.response.body", "body": answer.body})

    async def _send_part(self, scope: Scope, send: Send, answer: Answer, keep: float) -> int:
        # The length announced is the whole body's, so the client can tell that some is missing.
        await send(self._start(answer))
        part = answer.body[: int(len(answer.body) * keep)]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        _transport(scope).close()
        return answer.status

    def _start(self, answer: Answer) -> Message:
        headers = [header for header in answer.headers if header[0] != b"content-length"]
        headers.append((b"date", format_datetime(self._clock.now(), usegmt=True).encode()))
        headers.append((b"content-length", str(len(answer.body)).encode()))
        return {"type": "http.response.start", "status": answer.status, "headers": headers}


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _reply(fault: Fault) -> Answer:
    headers = [(k.lower().encode(), v.encode()) for k, v in fault.headers.items()]
    return Answer(fault.status, headers, fault.body.encode())


def _transport(scope: Scope) -> asyncio.Transport:
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise BadControl("This server does not let a fault reach the connection.")
    return cast("asyncio.Transport", transport)


def _reset(scope: Scope) -> None:
    transport = _transport(scope)
    # A linger of zero makes the kernel send RST, which is what a dying load balancer looks like.
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()


Endpoint = Callable[[Request, dict[str, Any]], Awaitable[Any]]


def control_route(path: str, method: str, endpoint: Endpoint) -> Route:
    """A route under `/__control`: JSON object in, JSON out, 204 for None, 400 for nonsense."""

    async def handle(request: Request) -> Response:
        try:
            raw = await request.body()
            made = await endpoint(request, dict(json.loads(raw)) if raw else {})
        except (BadControl, ValueError, KeyError, TypeError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, status_code=400)
        return Response(status_code=204) if made is None else JSONResponse(made)

    return Route(CONTROL_PREFIX + path, handle, methods=[method])


def control_routes(clock: SimulatedClock, faults: FaultPlan, log: RequestLog) -> list[Route]:
    """Clock, faults and requests over HTTP, for tests that run the simulator as a process."""

    async def read_clock(_: Request, __: dict[str, Any]) -> dict[str, Any]:
        return clock.state()

    async def set_clock(_: Request, given: dict[str, Any]) -> dict[str, Any]:
        now = datetime.fromisoformat(given["now"]) if "now" in given else clock.now()
        clock.set(now, frozen=given.get("frozen"))
        return clock.state()

    async def advance_clock(_: Request, given: dict[str, Any]) -> dict[str, Any]:
        clock.advance(timedelta(**given))
        return clock.state()

    async def list_faults(_: Request, __: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"id": key, **asdict(fault)} for key, fault in faults.planned.items()]

    async def add_fault(_: Request, given: dict[str, Any]) -> dict[str, int]:
        return {"id": faults.add(**given)}

    async def remove_fault(request: Request, _: dict[str, Any]) -> None:
        faults.remove(request.path_params["fault_id"])

    async def clear_faults(_: Request, __: dict[str, Any]) -> None:
        faults.clear()

    async def list_requests(request: Request, _: dict[str, Any]) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in log.matching(request.query_params.get("route", ""))]

    async def clear_requests(_: Request, __: dict[str, Any]) -> None:
        log.clear()

    return [
        control_route("/clock", "GET", read_clock),
        control_route("/clock", "PUT", set_clock),
        control_route("/clock/advance", "POST", advance_clock),
        control_route("/faults", "GET", list_faults),
        control_route("/faults", "POST", add_fault),
        control_route("/faults/{fault_id:int}", "DELETE", remove_fault),
        control_route("/faults", "DELETE", clear_faults),
        control_route("/requests", "GET", list_requests),
        control_route("/requests", "DELETE", clear_requests),
    ]
