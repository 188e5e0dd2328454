"""Decides which addresses may be dialled. A host name is resolved once, each of its addresses must
be permitted, and the connection goes to a checked one: a second look-up cannot change the result.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Container, Sequence
from functools import cache
from ssl import SSLContext

import httpx2
from typing_extensions import override

from shared.net.connection_errors import UNREACHABLE

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


def _networks(listed: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in listed.split())


_SPECIAL_IPV4 = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24"
    " 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
    " 224.0.0.0/4 240.0.0.0/4"
)
"""Everything of IPv4 that is not somebody's public address (IANA's special-purpose registry)."""
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_SPECIAL_IPV6 = _networks("2001::/23 2001:db8::/32 3fff::/20")
"""Of global unicast: protocols, benchmarks and ORCHIDs, and what documents use as examples."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF
_ALLOWED_PORTS = frozenset({443, 8443})


class AddressRefused(httpx2.ConnectError):
    """Refused by policy. Reads like an unreachable host, so that nobody can map our network."""


def _is_public(address: Address) -> bool:
    """Allow global unicast. An IPv4 address embedded in an IPv6 address is checked, too."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_IPV4)
    if address.ipv4_mapped:
        return _is_public(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public(ipaddress.IPv4Address(int(address) & _LAST_32_BITS))
    if address.sixtofour:
        return _is_public(address.sixtofour)
    if address.teredo:
        return all(_is_public(inner) for inner in address.teredo)
    if address not in _GLOBAL_UNICAST or address.scope_id:
        return False
    return not any(address in network for network in _SPECIAL_IPV6)


async def resolve(host: str, port: int) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    entries = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in entries]


class EgressPolicy:
    """`allow` names hosts or networks that may be reached although they are private, over plain
    HTTP and on any port: the simulators of a sandbox. Empty in production.
    """

    def __init__(self, allow: str = "", *, resolver: Resolver = resolve) -> None:
        self._allowed: list[Network] = []
        for entry in filter(None, (part.strip() for part in allow.split(","))):
            self._allowed.append(ipaddress.ip_network(entry, strict=False))
        self._resolver = resolver

    def permits(self, address: Address) -> bool:
        return self._is_allowed(address) or _is_public(address)

    def _is_allowed(self, address: Address) -> bool:
        return any(
            address in network for network in self._allowed if network.version == address.version
        )

    async def checked_address(self, scheme: str, host: str, port: int) -> str:
        """The address to dial for HTTP. Raises `AddressRefused`."""
        address, listed = await self._checked(host, port)
        if not listed and (scheme != "https" or port not in _ALLOWED_PORTS):
            raise AddressRefused(UNREACHABLE)
        return address

    async def checked_peer(
        self, host: str, port: int, *, encrypted: bool, ports: Container[int]
    ) -> str:
        """The address to dial for another protocol, which is spoken on `ports` and encrypted unless
        the host is allowed by name. Raises `AddressRefused`.
        """
        address, listed = await self._checked(host, port)
        if not listed and (not encrypted or port not in ports):
            raise AddressRefused(UNREACHABLE)
        return address

    async def _checked(self, host: str, port: int) -> tuple[str, bool]:
        """The first address of `host`, and whether all of them are allowed by name."""
        try:
            names = await self._resolver(host, port)
            addresses = [ipaddress.ip_address(name) for name in names]
        except (OSError, ValueError, UnicodeError) as error:
            raise AddressRefused(UNREACHABLE) from error
        if not addresses or not all(self.permits(address) for address in addresses):
            raise AddressRefused(UNREACHABLE)
        return str(addresses[0]), all(self._is_allowed(address) for address in addresses)

    async def check_url(self, url: str) -> None:
        """Raises `AddressRefused` for a URL that could never be called: when it is configured."""
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise AddressRefused(UNREACHABLE) from error
        if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
            raise AddressRefused(UNREACHABLE)
        await self.checked_address(parsed.scheme, parsed.host, _port(parsed))


def _port(url: httpx2.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


@cache
def tls_context(*, trust_env: bool) -> SSLContext:
    """Shared by all clients of a process: each would read the certificates for itself, which costs
    20 ms and 0.9 MB. `trust_env` heeds the environment's certificates.
    """
    return httpx2.create_ssl_context(trust_env=trust_env)


class PinnedTransport(httpx2.AsyncHTTPTransport):
    """Dials the checked address; `Host` and the TLS server name stay those of the URL."""

    def __init__(self, policy: EgressPolicy) -> None:
        super().__init__(verify=tls_context(trust_env=False), retries=0, trust_env=False)
        self._policy = policy

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        if url.userinfo or url.scheme not in {"http", "https"}:
            raise AddressRefused(UNREACHABLE)
        host = url.host
        address = await self._policy.checked_address(url.scheme, host, _port(url))
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = url.copy_with(host=address)
        return await super().handle_async_request(request)
