"""The one way out: every call to another host has a deadline, a byte cap, and a checked address.

httpx has no total timeout and decompresses without limit, and `ipaddress.is_global` calls several
loopback forms global; so the deadline is `asyncio.timeout`, the body is read raw with a cap, and
addresses are judged by `shared.net.egress`.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from pydantic_core import to_json

from shared.net.answers import Answer, OutgoingError
from shared.net.connection_errors import UNREACHABLE, describe_connection_error
from shared.net.egress import EgressPolicy, PinnedTransport, tls_context
from shared.tracing import carry

DEFAULT_DEADLINE = 10.0
DEFAULT_CAP = 8 * 1024 * 1024


class CircuitOpen(OutgoingError):
    """The host failed several times in a row; it is asked again after a pause."""


@dataclass(slots=True)
class _Breaker:
    """Opens after `threshold` failures in a row, lets one probe through each `pause` seconds."""

    threshold: int = 5
    pause: float = 10.0
    failures: int = 0
    opened_at: float = 0.0

    def check(self, key: str) -> None:
        if self.failures < self.threshold:
            return
        if time.monotonic() - self.opened_at < self.pause:
            raise CircuitOpen(f"{key} failed {self.failures} times in a row.", sent=False)
        self.opened_at = time.monotonic()

    def record(self, *, ok: bool) -> None:
        if ok:
            self.failures = 0
            return
        self.failures += 1
        self.opened_at = time.monotonic()


@dataclass
class HttpClient:
    """One per process. `trusted=True` is for our own services: addresses are not checked, and the
    breaker pauses for a second at most.
    """

    policy: EgressPolicy
    trusted: bool = False
    _breakers: dict[str, _Breaker] = field(default_factory=dict)

    def __post_init__(self) -> None:
        transport = (
            httpx2.AsyncHTTPTransport(verify=tls_context(trust_env=True), retries=0)
            if self.trusted
            else PinnedTransport(self.policy)
        )
        self._client = httpx2.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=None
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        deadline: float = DEFAULT_DEADLINE,
        cap: int = DEFAULT_CAP,
        breaker_key: str | None = None,
        breaks: bool = True,
    ) -> Answer:
        """One attempt, no retry. Any HTTP status is an `Answer`. `breaks=False` leaves the breaker
        out, for a caller whose own schedule spaces its attempts.

        Raises `OutgoingError` on refusal by policy, no connection, deadline, or a body over `cap`.
        """
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError) as error:
            raise OutgoingError(UNREACHABLE, sent=False) from error
        # By port too: on one machine all our services are one host.
        key = breaker_key or f"{parsed.host}:{parsed.port}"
        breaker = (
            self._breakers.setdefault(key, self._new_breaker()) if breaks else self._new_breaker()
        )
        breaker.check(key)
        sent_headers = {"accept-encoding": "identity", **(headers or {})}
        if json is not None:
            content = to_json(json)
            sent_headers.setdefault("content-type", "application/json")
        if self.trusted:
            carry(sent_headers)
        try:
            async with asyncio.timeout(deadline):
                answer = await self._exchange(method, parsed, sent_headers, content, cap)
        except TimeoutError as error:
            breaker.record(ok=False)
            raise OutgoingError(f"No answer within {deadline:g} s.") from error
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.UnsupportedProtocol) as error:
            breaker.record(ok=False)
            raise OutgoingError(UNREACHABLE, sent=False) from error
        except (httpx2.HTTPError, OSError) as error:
            breaker.record(ok=False)
            raise OutgoingError(describe_connection_error(error)) from error
        except UnicodeError as error:
            raise OutgoingError("A header cannot be sent: use ASCII.", sent=False) from error
        breaker.record(ok=answer.status < 500)  # noqa: PLR2004
        return answer

    async def _exchange(
        self,
        method: str,
        url: httpx2.URL,
        headers: Mapping[str, str],
        content: bytes | None,
        cap: int,
    ) -> Answer:
        request = self._client.build_request(method, url, headers=headers, content=content)
        response = await self._client.send(request, stream=True)
        try:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > cap:
                    raise OutgoingError(f"The answer is larger than {cap} bytes.")
                chunks.append(chunk)
            return Answer(response.status_code, response.headers, b"".join(chunks))
        finally:
            await response.aclose()

    def _new_breaker(self) -> _Breaker:
        return _Breaker(pause=1.0) if self.trusted else _Breaker()
