"""HTTP/1.1 on one connection: what uvicorn leaves to a proxy, for a server that may have none.

Slow headers and bodies are cut off, a head has an end, a trailer is no header of the request, and
what is no HTTP is refused in the form of all other refusals.
"""

import asyncio
import sys
from typing import Any, cast

import httptools
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.transport.refusal import LARGE_HEAD, LATE, LONG_TARGET, NO_METHOD, Refusal

HEAD_SECONDS = 15.0
"""From its first byte to its last, or from the opening of a connection."""
MAX_HEAD = 64 * 1024
BODY_CHECK_SECONDS = 5.0
SLOW_SECONDS = 30.0
BODY_RATE = 1024
"""Bytes a second. A body may be slower than this for `SLOW_SECONDS` in all."""

MAX_DRAINED = 64 * 1024 * 1024
"""Bytes of a body that are still taken, and dropped, after its request was answered."""

_NO_HTTP = Refusal(400, "bad_request", "This is no HTTP request")


class BoundedHttp(HttpToolsProtocol):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reads_head = False
        self._reads_body = False
        self._head_size = 0
        """Of all that has come since it began."""
        self._headers_size = 0
        self._body_size = 0
        self._slow_seconds = 0.0
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        if self._body_timer is not None:
            self._body_timer.cancel()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if not self._reads_head and not self._reads_body:
            self._begin_head()
        if self._reads_head:
            self._head_size += len(data)
        super().data_received(data)
        if self._reads_head and self._head_size > MAX_HEAD:
            self._refuse(LARGE_HEAD)
        elif self._reads_body and self._body_timer is None:
            self._slow_seconds = 0.0
            self._schedule_body_check()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()

    @override
    def on_url(self, url: bytes) -> None:
        self._headers_size += len(url)
        if self._headers_size > MAX_HEAD:
            raise LONG_TARGET
        super().on_url(url)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        # What comes after a body is a trailer. It would stand among the headers of its request,
        # where a credential may be missing.
        if self._reads_head:
            self._headers_size += len(name) + len(value)
            if self._headers_size > MAX_HEAD:
                raise LARGE_HEAD
            super().on_header(name, value)

    @override
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._end_head()
        self._reads_body, self._body_size = True, 0
        # The parser reads no further request after the one, and cannot know after the other whether
        # a body still comes.
        if self.parser.should_upgrade() or self.expect_100_continue:
            self.cycle.keep_alive = False

    @override
    def on_body(self, body: bytes) -> None:
        self._body_size += len(body)
        super().on_body(body)
        if self.cycle.response_complete and self._body_size > MAX_DRAINED:
            self.transport.close()

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._reads_body = False
        if self.cycle.response_complete and not self.transport.is_closing():
            # It was answered before its body had come, and its connection waits from here on.
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    @override
    def _unsupported_upgrade_warning(self) -> None:
        """The app answers as if it had not been asked; to a WebSocket it says so."""

    @override
    def send_400_response(self, msg: str) -> None:
        error = sys.exception()
        if isinstance(error, httptools.HttpParserInvalidMethodError):
            self._refuse(NO_METHOD)
        else:
            cause = error.__context__ if error is not None else None
            self._refuse(cause if isinstance(cause, Refusal) else _NO_HTTP)

    def _begin_head(self) -> None:
        if not self._reads_head:
            self._reads_head, self._head_size, self._headers_size = True, 0, 0
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, LATE)

    def _end_head(self) -> None:
        self._reads_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _schedule_body_check(self) -> None:
        self._body_timer = self.loop.call_later(
            BODY_CHECK_SECONDS, self._check_body_rate, self._body_size
        )

    def _check_body_rate(self, size_before: int) -> None:
        self._body_timer = None
        if not self._reads_body:
            return
        is_our_turn = self.flow.read_paused or self.cycle.waiting_for_100_continue
        if not is_our_turn and self._body_size - size_before < BODY_RATE * BODY_CHECK_SECONDS:
            self._slow_seconds += BODY_CHECK_SECONDS
        if self._slow_seconds >= SLOW_SECONDS:
            self._refuse(LATE)
        else:
            self._schedule_body_check()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer and close the connection; only close it if an answer began or nothing was sent."""
        # It is None until the first request.
        cycle = cast("RequestResponseCycle | None", self.cycle)
        under_way = None if cycle is None or cycle.response_complete else cycle
        if self._reads_head:
            may_speak = self._head_size > 0 and under_way is None
        else:
            may_speak = under_way is not None and not under_way.response_started
        if may_speak and not self.transport.is_closing():
            self.transport.write(refusal.raw_response())
        if under_way is not None:
            under_way.disconnected = True
            under_way.message_event.set()
        self.transport.close()
