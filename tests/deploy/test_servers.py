import contextlib
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from deploy.machine.errors import LocalError
from deploy.machine.files import read_json, write_private_json
from deploy.servers import postgres, valkey
from deploy.servers.lifecycle import Servers, ServerUrls
from tests.deploy.waiting import until

ROOT = Path(__file__).parents[2]
HOLD_UNTIL_KILLED = """
import sys
from pathlib import Path
from deploy.servers.lifecycle import Servers

servers = Servers(Path(sys.argv[1]), fast=True)
print(servers.start().database_url, flush=True)
sys.stdin.read()
"""


async def connect(urls: ServerUrls) -> asyncpg.Connection:
    return await asyncpg.connect(urls.database_url.replace("+asyncpg", ""))


async def write_row(urls: ServerUrls) -> None:
    connection = await connect(urls)
    await connection.execute("create table if not exists kept (n int); insert into kept values (1)")
    await connection.close()


async def count_rows(urls: ServerUrls) -> int:
    connection = await connect(urls)
    try:
        return int(await connection.fetchval("select count(*) from kept"))
    finally:
        await connection.close()


async def test_both_servers_answer_and_want_their_password(state_dir: Path) -> None:
    with Servers(state_dir, fast=True) as servers:
        connection = await connect(servers.urls)
        await connection.execute("create extension pg_trgm; create extension unaccent")
        assert await connection.fetchval("select current_setting('TimeZone')") == "UTC"
        await connection.close()
        async with Redis.from_url(servers.urls.redis_url) as redis:
            assert await redis.ping()

        strangers = servers.urls.database_url.replace("+asyncpg", "").split("@")[1]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(f"postgresql://{postgres.SUPERUSER}:wrong@{strangers}")


async def test_a_second_start_keeps_data_passwords_and_ports(state_dir: Path) -> None:
    with Servers(state_dir) as servers:
        before = servers.urls
        await write_row(before)
        async with Redis.from_url(before.redis_url) as redis:
            await redis.set("kept", "yes")
    with Servers(state_dir) as servers:
        assert servers.urls == before
        assert await count_rows(before) == 1
        async with Redis.from_url(before.redis_url) as redis:
            assert await redis.get("kept") == b"yes"


async def test_a_port_in_use_is_left_alone_and_another_is_taken(state_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        write_private_json(state_dir / "servers.json", {"postgres_port": port, "redis_port": port})
        with Servers(state_dir) as servers:
            await write_row(servers.urls)
            chosen = read_json(state_dir / "servers.json")
    assert port not in {chosen["postgres_port"], chosen["redis_port"]}


def test_secrets_are_readable_by_their_owner_only(state_dir: Path) -> None:
    with Servers(state_dir, fast=True):
        mode = (state_dir / "servers.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_two_starts_from_one_folder_are_refused_by_name_of_the_holder(state_dir: Path) -> None:
    with (
        Servers(state_dir, fast=True),
        pytest.raises(LocalError, match=rf"process {os.getpid()}"),
    ):
        Servers(state_dir, fast=True).start()


async def test_what_dies_comes_back_on_its_port(state_dir: Path) -> None:
    with Servers(state_dir, fast=True) as servers:
        urls = servers.urls
        await write_row(urls)
        servers.kill_redis()
        os.kill(servers.pids["postgres"], signal.SIGKILL)
        os.waitid(os.P_PID, servers.pids["postgres"], os.WEXITED | os.WNOWAIT)
        assert sorted(servers.ensure()) == ["postgres", "redis"]
        assert servers.ensure() == []
        assert servers.urls == urls
        assert await count_rows(urls) == 1
        async with Redis.from_url(urls.redis_url) as redis:
            assert await redis.ping()


@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
async def test_postgres_restarts_in_every_way_and_keeps_what_was_committed(
    state_dir: Path, mode: postgres.RestartMode
) -> None:
    with Servers(state_dir, fast=True) as servers:
        await write_row(servers.urls)
        idle = await connect(servers.urls)
        servers.restart_postgres(mode)
        assert await count_rows(servers.urls) == 1
        with contextlib.suppress(Exception):
            await idle.close(timeout=1)


async def test_no_server_outlives_a_killed_starter(state_dir: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_KILLED, str(state_dir)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout
    url = starter.stdout.readline().decode().strip()
    await write_row(ServerUrls(url, ""))
    starter.kill()
    starter.communicate()

    pid_file = Path(read_json(state_dir / "servers.json")["data"]) / "pgdata" / "postmaster.pid"
    await until(lambda: not pid_file.exists())
    with Servers(state_dir, fast=True) as servers:
        assert await count_rows(servers.urls) == 1


async def test_given_addresses_are_used_and_nothing_is_started(state_dir: Path) -> None:
    given = ServerUrls("postgresql://elsewhere/db", "redis://elsewhere/0")
    with Servers(state_dir, database_url=given.database_url, redis_url=given.redis_url) as servers:
        assert servers.urls == given
        assert servers.pids == {}
        assert servers.ensure() == []
        with pytest.raises(LocalError, match="its address was given"):
            servers.kill_redis()


def test_data_of_another_major_version_is_refused_with_both_versions(state_dir: Path) -> None:
    with Servers(state_dir, fast=True):
        pass
    data = Path(read_json(state_dir / "servers.json")["data"])
    (data / "pgdata" / "PG_VERSION").write_text("9\n", encoding="ascii")
    with pytest.raises(LocalError, match="was made by PostgreSQL 9; here are 1"):
        Servers(state_dir, fast=True).start()


def test_without_any_server_the_message_names_what_to_install(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENURE_PG_BIN", raising=False)
    monkeypatch.delenv("TENURE_REDIS_BIN", raising=False)
    monkeypatch.setattr(postgres, "installations", list)
    with pytest.raises(LocalError, match="apt install postgresql"):
        Servers(state_dir).start()
    monkeypatch.setattr(valkey, "_WHEELS", ())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LocalError, match="apt install redis-server"):
        valkey.server_program()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change accounts")
async def test_root_with_a_private_folder_keeps_it_private(state_dir: Path) -> None:
    private = state_dir / "private"
    private.mkdir(mode=0o700)
    servers = Servers(private / "state", fast=True)
    with servers:
        data = Path(read_json(private / "state" / "servers.json")["data"])
        await write_row(servers.urls)
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        owner = pwd.getpwuid((data / "pgdata").stat().st_uid).pw_name
        assert owner != "root"
    servers.remove()
    assert not data.exists()


def test_a_command_beside_servers_is_answered_for() -> None:
    code = "import os, sys; sys.exit(7 * {'DATABASE_URL', 'REDIS_URL'}.issubset(os.environ))"
    done = subprocess.run(with_servers(code), cwd=ROOT, check=False, env=bare_environment())
    assert done.returncode == 7


async def test_a_polite_end_reaches_the_command_and_the_servers() -> None:
    code = "import os, time; print(os.environ['DATABASE_URL'], flush=True); time.sleep(60)"
    running = subprocess.Popen(
        with_servers(code), cwd=ROOT, env=bare_environment(), stdout=subprocess.PIPE
    )
    assert running.stdout
    url = running.stdout.readline().decode().strip()
    running.terminate()
    assert running.wait(30) == 128 + signal.SIGTERM
    running.stdout.close()
    with pytest.raises(OSError):  # noqa: PT011 - refused, in whatever words the system has
        await connect(ServerUrls(url, ""))


def with_servers(code: str) -> list[str]:
    runner = [sys.executable, "-m", "deploy.servers", "--fast", "--"]
    return [*runner, sys.executable, "-c", code]


def bare_environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
