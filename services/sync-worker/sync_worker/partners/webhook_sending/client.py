"""Posts to partners' addresses: judged first, never redirected, cut by time and size.

aiohttp, because a signed POST costs it a quarter of what the other client needs.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from shared.net.connection_errors import UNREACHABLE, describe_connection_error
from shared.net.egress import AddressRefused, EgressPolicy

TOTAL_SECONDS = 15.0
MOST_BYTES = 20_000
"""Of an answer; what follows is not read."""

_JUDGED_SECONDS = 5.0
_MOST_JUDGED = 10_000
_KEEP_ALIVE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Without a status nothing did, and `error` says why."""

    status: int | None
    error: str | None
    body: bytes = b""
    retry_after: str | None = None
    milliseconds: int = 0


@dataclass(slots=True)
class _Answer:
    """Filled while it arrives, so that a cut leaves what came before."""

    status: int | None = None
    retry_after: str | None = None
    body: bytearray = field(default_factory=bytearray)


class _NoNames(AbstractResolver):
    """The connector is only ever given addresses that were judged."""

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(UNREACHABLE)

    @override
    async def close(self) -> None:
        """Nothing is held."""


class WebhookClient:
    """One per process: connections to an endpoint that is well are kept for its next event."""

    def __init__(self, policy: EgressPolicy) -> None:
        self._policy = policy
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                resolver=_NoNames(),
                use_dns_cache=False,
                keepalive_timeout=_KEEP_ALIVE_SECONDS,
            ),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            read_bufsize=MOST_BYTES,
        )
        self._judged: dict[tuple[str, str, int], tuple[float, str]] = {}
        self._judging: dict[tuple[str, str, int], asyncio.Task[str]] = {}

    async def close(self) -> None:
        await self._session.close()

    async def post(
        self, url: str, headers: Mapping[str, str], body: bytes, seconds: float = TOTAL_SECONDS
    ) -> Reply:
        """One attempt. Whatever happens is a `Reply`."""
        began = time.monotonic()
        answer = _Answer()
        error: str | None = None
        try:
            async with asyncio.timeout(seconds):
                await self._exchange(URL(url), headers, body, answer)
        except TimeoutError:
            error = f"No answer within {seconds:g} s."
        except aiohttp.ClientSSLError as refusal:
            error = describe_connection_error(refusal)
        except (AddressRefused, aiohttp.ClientConnectorError):
            error = UNREACHABLE
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            error = describe_connection_error(fault)
        return Reply(
            status=answer.status,
            error=error if answer.status is None else None,
            body=bytes(answer.body),
            retry_after=answer.retry_after,
            milliseconds=round((time.monotonic() - began) * 1000),
        )

    async def _exchange(
        self, url: URL, headers: Mapping[str, str], body: bytes, answer: _Answer
    ) -> None:
        address = await self._address(url)
        response = await self._session.post(
            url.with_host(address),
            data=body,
            headers={
                **headers,
                "Host": url.host_port_subcomponent or "",
                "Accept-Encoding": "identity",
            },
            server_hostname=url.raw_host,
            allow_redirects=False,
        )
        try:
            answer.status = response.status
            answer.retry_after = response.headers.get("Retry-After")
            while missing := MOST_BYTES - len(answer.body):
                part = await response.content.read(missing)
                if not part:
                    break
                answer.body += part
        finally:
            # Hands the connection back when the answer was read to its end, else cuts it.
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def _address(self, url: URL) -> str:
        """The address to dial, judged within the last seconds. A name that takes its server long is
        looked up once at a time, however many deliveries wait for it. Raises `AddressRefused`.
        """
        key = (url.scheme, url.raw_host or "", url.port or 0)
        known = self._judged.get(key)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        judging = self._judging.get(key)
        if judging is None:
            judging = asyncio.create_task(self._policy.checked_address(*key))
            self._judging[key] = judging
            judging.add_done_callback(lambda task: self._has_judged(key, task))
        return await asyncio.shield(judging)

    def _has_judged(self, key: tuple[str, str, int], judging: asyncio.Task[str]) -> None:
        self._judging.pop(key, None)
        if len(self._judged) >= _MOST_JUDGED:
            self._judged.clear()
        with contextlib.suppress(AddressRefused, asyncio.CancelledError):
            self._judged[key] = (time.monotonic() + _JUDGED_SECONDS, judging.result())
