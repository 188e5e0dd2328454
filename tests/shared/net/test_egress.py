"""Nothing that a customer configures may reach our own network (OWASP API7:2023)."""

import ipaddress
from collections.abc import Callable, Sequence

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.net.answers import OutgoingError
from shared.net.egress import Address, AddressRefused, EgressPolicy
from shared.net.http import HttpClient

PRIVATE = """
127.0.0.1 127.1.2.3 0.0.0.0 10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255
192.168.1.1 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1
240.0.0.1 255.255.255.255 ::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1
64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001:0:7f00:1::1 fc00::1 fd12::1 fe80::1
fec0::1 ff02::1 2001:db8::1 100::1 ::ffff:0:10.0.0.1 ::ffff:0:8.8.8.8 ::8.8.8.8 ::ffff:192.88.99.1
64:ff9b:1::8.8.8.8 64:ff9b:2::1 3fff::1 3fff:fff::1 4000::1 5f00::1 1fff::1 8000::1 e000::1 fe00::1
2001:2::1 2001:10::1 2001:20::1 2001:30::1 2001:1::1 2001:0:808:808::f5ff:fffe 2606:4700::1111%eth0
""".split()  # noqa: SIM905  (a list of eighty lines reads worse)
PUBLIC = """
93.184.216.34 8.8.8.8 1.1.1.1 223.255.255.255 2606:4700::1111 2a00:1450:4001::200e 2001:200::1
2c0f:f248::1 2400:cb00::1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
2001:0:808:808::f7f7:f7f7
""".split()  # noqa: SIM905  (a list of twenty lines reads worse)
URLS = """
http://127.0.0.1/ https://127.1/ https://0x7f000001/ https://2130706433/ https://0177.0.0.1/
https://localhost/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://user:pw@example.test/
ftp://example.test/ file:///etc/passwd gopher://example.test/ https://example.test:22/
https://example.test:6379/ http://example.test/ https://①②⑦.⓪.⓪.①/ https:///nohost
https://127。0。0。1/ https://127.0.0.1./ https://localhost./ https://0x7f.1/ https://017700000001/
https://127.0.1/ https://0/ https://[::ffff:0:10.0.0.1]/ https://[4000::1]/ https://[::1%25lo]/
https://[fe80::1%25eth0]/ https://[2606:4700::1111%25eth0]/ https://[::ffff:7f00:1]/
https://[0:0:0:0:0:ffff:0a00:0001]/ https://%31%32%37.0.0.1/ https://127.0.0.1%2f.example/
https://93.184.216.34@10.0.0.1/ https://@10.0.0.1/ https://[::1 https://[v1.a]/ https://a:99999/
https://a:-1/ https://a..b/ https://xn--/ https://10.0.0.1\\@example.test/
""".split()  # noqa: SIM905  (a list of eighty lines reads worse)


CARRIERS: dict[str, Callable[[int], int]] = {
    "mapped": lambda inner: (0xFFFF << 32) | inner,
    "NAT64": lambda inner: (0x64FF9B << 96) | inner,
    "6to4": lambda inner: (0x2002 << 112) | (inner << 80) | 1,
    "Teredo server": lambda inner: (0x2001 << 112) | (inner << 64) | 0xF7F7F7F7,
    "Teredo client": lambda inner: (0x2001 << 112) | (0x08080808 << 64) | (inner ^ 0xFFFFFFFF),
    "compatible": lambda inner: inner,
    "translated": lambda inner: (0xFFFF << 48) | inner,
    "NAT64 of a network": lambda inner: (0x64FF9B0001 << 80) | inner,
}
"""How an IPv4 address stands in an IPv6 one."""
UNDERSTOOD = {"mapped", "NAT64", "6to4", "Teredo server", "Teredo client"}
"""Those that lead somewhere on the internet."""


async def nothing(host: str, port: int) -> Sequence[str]:
    raise OSError("no such host")


def answering(*addresses: str) -> EgressPolicy:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return addresses

    return EgressPolicy(resolver=resolver)


@pytest.mark.parametrize("address", PRIVATE)
async def test_a_name_that_resolves_to_a_private_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        await answering(address).check_url("https://hooks.example.test/")


@pytest.mark.parametrize("address", PRIVATE)
async def test_one_private_address_among_public_ones_refuses_them_all(address: str) -> None:
    with pytest.raises(AddressRefused):
        await answering("93.184.216.34", address).check_url("https://hooks.example.test/")


@pytest.mark.parametrize("url", URLS)
async def test_odd_urls_are_refused_by_the_policy(url: str) -> None:
    with pytest.raises(AddressRefused):
        await EgressPolicy().check_url(url)


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_over_https_is_allowed(address: str) -> None:
    await answering(address).check_url("https://hooks.example.test/in")


@given(st.ip_addresses())
def test_only_addresses_that_the_whole_internet_can_reach_are_allowed(address: Address) -> None:
    """Python's table of IANA's registry is the second opinion: what we allow is global by it.
    Not of addresses that carry another, of which its releases think differently.
    """
    carries = isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.teredo or address.sixtofour
    )
    if EgressPolicy().permits(address) and not carries:
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4), st.sampled_from(sorted(CARRIERS)))
def test_an_address_within_another_is_judged_too(
    inner: ipaddress.IPv4Address, carrier: str
) -> None:
    outer = ipaddress.IPv6Address(CARRIERS[carrier](int(inner)))
    policy = EgressPolicy()
    assert policy.permits(outer) == (policy.permits(inner) and carrier in UNDERSTOOD)


@given(st.text(max_size=300))
async def test_whatever_is_given_for_a_url_or_host_is_judged_or_refused(given_text: str) -> None:
    """Nothing else is raised: a name that cannot be encoded is one that cannot be reached."""
    policy = EgressPolicy(resolver=nothing)
    for url in (given_text, f"https://{given_text}/"):
        with pytest.raises(AddressRefused):
            await policy.check_url(url)


async def test_names_that_no_name_server_can_be_asked_for_are_refused() -> None:
    for host in ("a\x00b", "a" * 300, "ö" * 80 + ".example", "\ud800", ".".join(["a" * 60] * 6)):
        with pytest.raises(AddressRefused):
            await EgressPolicy().checked_peer(host, 993, encrypted=True, ports={993})


async def test_a_name_that_changes_its_mind_between_check_and_call_is_not_dialled() -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]

    async def rebinding(host: str, port: int) -> Sequence[str]:
        return answers.pop(0)

    policy = EgressPolicy(resolver=rebinding)
    await policy.check_url("https://hooks.example.test/")
    client = HttpClient(policy)
    with pytest.raises(OutgoingError) as refused:
        await client.request("GET", "https://hooks.example.test/", deadline=2)
    assert not refused.value.sent
    await client.close()


async def test_refused_and_unreachable_read_the_same() -> None:
    with pytest.raises(AddressRefused) as absent:
        await EgressPolicy(resolver=nothing).check_url("https://nowhere.example.test/")
    with pytest.raises(AddressRefused) as private:
        await answering("10.0.0.1").check_url("https://inside.example.test/")
    assert str(absent.value) == str(private.value)


async def test_a_sandbox_reaches_the_simulators_it_names_over_plain_http() -> None:
    await EgressPolicy("127.0.0.0/8").check_url("http://127.0.0.1:54321/hooks")
    with pytest.raises(AddressRefused):
        await EgressPolicy("127.0.0.0/8").check_url("http://10.0.0.1:54321/hooks")
    assert httpx2.URL("http://127.0.0.1").host == "127.0.0.1"
