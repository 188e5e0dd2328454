"""Nothing that a customer configures may reach our own network (OWASP API7:2023)."""

from collections.abc import Sequence

import httpx2
import pytest

from shared.egress import AddressRefused, EgressPolicy
from shared.http import HttpClient, OutgoingError

PRIVATE = """
127.0.0.1 127.1.2.3 0.0.0.0 10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255
192.168.1.1 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1
240.0.0.1 255.255.255.255 ::1 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::127.0.0.1 64:ff9b::7f00:1
64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1:: 2002:a00:1:: 2001:0:7f00:1::1 fc00::1 fd12::1 fe80::1
fec0::1 ff02::1 2001:db8::1 100::1
""".split()  # noqa: SIM905  (a list of eighty lines reads worse)
URLS = """
http://127.0.0.1/ https://127.1/ https://0x7f000001/ https://2130706433/ https://0177.0.0.1/
https://localhost/ https://[::1]/ https://[::ffff:127.0.0.1]/ https://user:pw@example.test/
ftp://example.test/ file:///etc/passwd gopher://example.test/ https://example.test:22/
https://example.test:6379/ http://example.test/ https://①②⑦.⓪.⓪.①/ https:///nohost
""".split()  # noqa: SIM905  (a list of eighty lines reads worse)


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


async def test_a_public_address_over_https_is_allowed() -> None:
    await answering("93.184.216.34").check_url("https://hooks.example.test/in")


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
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    with pytest.raises(AddressRefused) as absent:
        await EgressPolicy(resolver=unknown).check_url("https://nowhere.example.test/")
    with pytest.raises(AddressRefused) as private:
        await answering("10.0.0.1").check_url("https://inside.example.test/")
    assert str(absent.value) == str(private.value)


async def test_a_sandbox_reaches_the_simulators_it_names_over_plain_http() -> None:
    await EgressPolicy("127.0.0.0/8").check_url("http://127.0.0.1:54321/hooks")
    with pytest.raises(AddressRefused):
        await EgressPolicy("127.0.0.0/8").check_url("http://10.0.0.1:54321/hooks")
    assert httpx2.URL("http://127.0.0.1").host == "127.0.0.1"
