import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import aiosmtplib
import asyncpg
import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisUnreachable

from tests.simulators.kit.tcp import TcpServer
from tests.simulators.mail import MailSimulator
from tests.simulators.proxy import Direction, FaultProxy, Moment


class Bank:
    """Answers each line with `ok <line>`, and remembers what was committed."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            self.lines.append(line.strip())
            writer.write(b"ok " + line)
            await writer.drain()


@pytest_asyncio.fixture
async def bank() -> AsyncIterator[tuple[Bank, FaultProxy]]:
    bank = Bank()
    server = TcpServer(bank.serve)
    await server.start()
    async with FaultProxy("127.0.0.1", server.port) as proxy:
        yield bank, proxy
    await server.stop()


@asynccontextmanager
async def connected(
    proxy: FaultProxy,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(proxy.host, proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def say(proxy: FaultProxy, *lines: bytes) -> bytes:
    """The last answer; raises what the connection raises."""
    answer = b""
    async with connected(proxy) as (reader, writer):
        for line in lines:
            writer.write(line + b"\n")
            answer = await asyncio.wait_for(reader.readuntil(b"\n"), 5)
    return answer


LOST = (ConnectionError, asyncio.IncompleteReadError)


async def test_without_a_fault_everything_passes(bank: tuple[Bank, FaultProxy]) -> None:
    _, proxy = bank
    assert await say(proxy, b"hello") == b"ok hello\n"
    long = b"x" * 50_000
    assert await say(proxy, long) == b"ok " + long + b"\n"
    assert proxy.accepted_connections == 2
    assert proxy.passed_bytes == {Direction.REQUEST: 50_007, Direction.REPLY: 50_013}


async def test_a_commit_can_happen_without_the_client_hearing_of_it(
    bank: tuple[Bank, FaultProxy],
) -> None:
    ledger, proxy = bank
    cut = proxy.cut(after=b"COMMIT")
    with pytest.raises(LOST):
        await say(proxy, b"insert", b"commit;")
    assert ledger.lines == [b"insert", b"commit;"]
    assert cut.happened.is_set()
    assert await say(proxy, b"commit;") == b"ok commit;\n"


async def test_a_commit_can_be_kept_from_the_server(bank: tuple[Bank, FaultProxy]) -> None:
    ledger, proxy = bank
    proxy.cut(after=b"COMMIT", moment=Moment.BEFORE)
    with pytest.raises(LOST):
        await say(proxy, b"insert", b"commit;")
    assert b"commit;" not in ledger.lines


async def test_a_trigger_is_seen_across_packets(bank: tuple[Bank, FaultProxy]) -> None:
    ledger, proxy = bank
    cut = proxy.cut(after=b"COMMIT", moment=Moment.AFTER)
    async with connected(proxy) as (reader, writer):
        writer.write(b"COM")
        while proxy.passed_bytes[Direction.REQUEST] < 3:
            await asyncio.sleep(0.001)
        writer.write(b"MIT\n")
        with pytest.raises(LOST):
            await asyncio.wait_for(reader.readuntil(b"\n"), 5)
    assert cut.fired == 1
    assert proxy.passed_bytes[Direction.REQUEST] == 6
    async with asyncio.timeout(5):
        while not ledger.lines:
            await asyncio.sleep(0.001)
    assert ledger.lines == [b"COMMIT"]


async def test_a_reply_ends_after_so_many_bytes(bank: tuple[Bank, FaultProxy]) -> None:
    _, proxy = bank
    proxy.cut(after_bytes=5, direction=Direction.REPLY, moment=Moment.AFTER)
    async with connected(proxy) as (reader, writer):
        writer.write(b"hello\n")
        assert await asyncio.wait_for(reader.read(), 5) == b"ok he"


async def test_a_cut_hits_as_many_connections_as_it_was_told(
    bank: tuple[Bank, FaultProxy],
) -> None:
    _, proxy = bank
    proxy.cut(after=b"x", times=2)
    for _ in range(2):
        with pytest.raises(LOST):
            await say(proxy, b"x")
    assert await say(proxy, b"x") == b"ok x\n"


async def test_latency_is_paid_both_ways(bank: tuple[Bank, FaultProxy]) -> None:
    _, proxy = bank
    proxy.latency = 0.05
    began = time.monotonic()
    await say(proxy, b"hello")
    assert time.monotonic() - began >= 0.1


async def test_down_resets_and_refuses_and_up_listens_on_the_same_port(
    bank: tuple[Bank, FaultProxy],
) -> None:
    _, proxy = bank
    port = proxy.port
    async with connected(proxy) as (reader, writer):
        writer.write(b"one\n")
        await reader.readuntil(b"\n")
        await proxy.down()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.readexactly(1), 5)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await say(proxy, b"two")
    await proxy.up()
    assert proxy.port == port
    assert await say(proxy, b"three") == b"ok three\n"


async def test_a_frozen_line_is_neither_closed_nor_answered(
    bank: tuple[Bank, FaultProxy],
) -> None:
    ledger, proxy = bank
    proxy.freeze()
    async with connected(proxy) as (reader, writer):
        writer.write(b"anyone?\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readuntil(b"\n"), 0.2)
        assert ledger.lines == []
        proxy.thaw()
        assert await asyncio.wait_for(reader.readuntil(b"\n"), 5) == b"ok anyone?\n"


async def test_an_absent_server_is_a_reset_connection() -> None:
    vacated = TcpServer(Bank().serve)
    await vacated.start()
    await vacated.down()
    async with FaultProxy("127.0.0.1", vacated.port) as proxy:
        with pytest.raises(LOST):
            await say(proxy, b"hello")
    await vacated.stop()


async def test_impossible_cuts_are_refused(bank: tuple[Bank, FaultProxy]) -> None:
    _, proxy = bank
    with pytest.raises(ValueError, match="after some bytes"):
        proxy.cut()
    with pytest.raises(ValueError, match="not answered"):
        proxy.cut(after=b"x", direction=Direction.REPLY)


async def test_in_front_of_smtp_the_answer_to_the_dot_gets_lost(tmp_path: Path) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Message-ID"] = "a@acme.example", "b@x.example", "<1@a>"
    letter.set_content("hello")
    async with (
        MailSimulator(tmp_path, mailboxes={"a@acme.example": "pw"}) as mail,
        FaultProxy("127.0.0.1", mail.smtp_port) as proxy,
    ):
        for cut, hand_overs in ((Moment.BEFORE, 0), (Moment.ANSWERED, 1)):
            proxy.cut(after=b"\r\n.\r\n", moment=cut)
            with pytest.raises((aiosmtplib.SMTPServerDisconnected, ConnectionError)):
                await aiosmtplib.send(
                    letter, hostname=proxy.host, port=proxy.port, start_tls=False,
                    username="a@acme.example", password="pw", timeout=5,
                )  # fmt: skip
            assert mail.count("<1@a>") == hand_overs


async def test_in_front_of_postgresql_a_committed_row_is_reported_as_an_error(
    servers: tuple[str, str],
) -> None:
    real = urlsplit(servers[0].replace("+asyncpg", ""))
    plain = real.geturl()
    watcher = await asyncpg.connect(plain)
    await watcher.execute("DROP TABLE IF EXISTS proxy_test")
    await watcher.execute("CREATE TABLE proxy_test (moment text PRIMARY KEY)")
    try:
        async with FaultProxy(real.hostname or "", real.port or 5432) as proxy:
            for moment in (Moment.ANSWERED, Moment.BEFORE):
                client = await asyncpg.connect(plain, host=proxy.host, port=proxy.port, ssl=False)
                transaction = client.transaction()
                await transaction.start()
                await client.execute("INSERT INTO proxy_test VALUES ($1)", moment)
                proxy.cut(after=b"COMMIT", moment=moment)
                with pytest.raises((asyncpg.PostgresConnectionError, OSError)):
                    await asyncio.wait_for(transaction.commit(), 5)
        rows = await watcher.fetch("SELECT moment FROM proxy_test")
        assert [row["moment"] for row in rows] == [Moment.ANSWERED]
    finally:
        await watcher.execute("DROP TABLE proxy_test")
        await watcher.close()


async def test_in_front_of_redis_a_lost_line_heals(servers: tuple[str, str]) -> None:
    real = urlsplit(servers[1])
    async with FaultProxy(real.hostname or "", real.port or 6379) as proxy:
        address = real._replace(netloc=real.netloc.replace(f":{real.port}", f":{proxy.port}"))
        redis = Redis.from_url(address.geturl(), retry_on_timeout=False)
        assert await redis.ping()
        await proxy.down()
        with pytest.raises((RedisUnreachable, ConnectionError)):
            await redis.ping()
        await proxy.up()
        assert await redis.ping()
        await redis.aclose()
