"""`make up` as a person meets it: started, looked at, hurt, stopped, started again."""

import asyncio
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.deploy.waiting import until

ROOT = Path(__file__).parents[2]
WEB = ("accounts", "tasks", "sequencer", "sync")
EXPECTED = {
    "up",
    "postgres",
    "redis",
    "salesforce",
    "mail",
    "gateway",
    *WEB,
    *(f"{name}-worker" for name in WEB),
}


@contextmanager
def up(state_dir: Path) -> Iterator[subprocess.Popen[str]]:
    env = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local.up", "--state", str(state_dir)],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def output_until_ready(process: subprocess.Popen[str]) -> str:
    said = ""
    for line in process.stdout or ():
        said += line
        if "application/json" in line:  # the last of the three commands to try
            return said
    pytest.fail(f"it ended while starting:\n{said}")


def alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_one_command_runs_everything_heals_it_and_keeps_the_data(state_dir: Path) -> None:
    with up(state_dir) as process:
        said = output_until_ready(process)
        about = read_about(state_dir)
        assert set(about["pids"]) == EXPECTED
        assert stat.S_IMODE((state_dir / "up.json").stat().st_mode) == 0o600
        assert said.count("curl ") == 3
        assert about["api_key"] in said
        assert f"export TENURE={about['gateway_url']} KEY={about['api_key']}" in said
        await looks_right(about)
        listens_to_this_machine_only(state_dir)
        await makes_a_further_workspace(state_dir, about)
        with up(state_dir) as second:
            refusal, _ = second.communicate(timeout=120)
        assert second.returncode == 1
        assert f"runs already from {state_dir} (process {process.pid})" in refusal
        assert read_about(state_dir) == about
        await heals(state_dir, about)

        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0
        pids = about["pids"].values()
        assert not [pid for pid in pids if alive(pid)]
        assert not (state_dir / "up.json").exists()
        stops_without_complaint(state_dir)

    with up(state_dir) as process:
        output_until_ready(process)
        again = read_about(state_dir)
        for name in ("api_key", "workspace_id", "gateway_url", "database_url"):
            assert again[name] == about[name]
        await looks_right(again)

        process.kill()
        pids = again["pids"].values()
        await until(lambda: not [pid for pid in pids if alive(pid)])


def stops_without_complaint(state_dir: Path) -> None:
    for log in (state_dir / "logs").glob("*-worker.log"):
        *_, last = log.read_text(encoding="utf-8").splitlines()
        assert json.loads(last)["message"] == "worker stopped", f"{log.name}: {last}"


def listens_to_this_machine_only(state_dir: Path) -> None:
    """A server of all addresses answers on the second of the loopback network, too."""
    ports = json.loads((state_dir / "ports.json").read_text(encoding="utf-8"))
    assert {"gateway", "accounts", "accounts-worker", "smtp"} <= set(ports)
    for port in ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


async def makes_a_further_workspace(state_dir: Path, about: dict[str, Any]) -> None:
    wanted = {"name": "Müller & 'Söhne'", "zone": "Europe/Berlin", "frozen": "2026-03-02T09:00:00Z"}
    made = make_workspace(state_dir, **wanted)
    assert made.returncode == 0, made.stderr
    printed = subprocess.run(
        ["sh", "-c", f"{made.stdout}echo $TENURE $KEY"], capture_output=True, text=True, check=True
    )
    url, key = printed.stdout.split()
    assert url == about["gateway_url"]
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        headers = {"Authorization": f"Bearer {key}"}
        workspace = (await client.get("/v1/workspace", headers=headers)).raise_for_status().json()
    assert workspace["id"] != about["workspace_id"]
    asked = (workspace["name"], workspace["time_zone"], workspace["frozen_at"])
    assert asked == tuple(wanted.values())
    refused = make_workspace(state_dir, zone="Berlin")
    assert refused.returncode != 0
    assert "use an IANA time zone such as Europe/Berlin" in refused.stderr
    assert "Traceback" not in refused.stderr


def make_workspace(state_dir: Path, **wanted: str) -> subprocess.CompletedProcess[str]:
    variables = [f"{name}={value}" for name, value in wanted.items()]
    return subprocess.run(
        ["make", "-s", "workspace", *variables, f"ARGS=--state {shlex.quote(str(state_dir))}"],
        cwd=ROOT,
        # A make around us hands its own variables on.
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_workspace_needs_a_stack_that_runs(state_dir: Path) -> None:
    (state_dir / "up.json").write_text("{}", encoding="utf-8")  # left by one that was killed
    refused = make_workspace(state_dir)
    assert refused.returncode != 0
    assert "Start it with `make up`, in another terminal." in refused.stderr


async def looks_right(about: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {about['api_key']}"}
    async with httpx2.AsyncClient(
        base_url=about["gateway_url"], headers=headers, trust_env=False, timeout=90
    ) as client:
        assert (await client.get("/readyz")).text == "ok"
        assert (await client.get("/v1/members")).status_code == 200
        refused = await client.get("/v1/members", headers={"Authorization": "Bearer tnr_live_x"})
        assert refused.status_code == 401
        document = (await client.get("/openapi.json")).raise_for_status().json()
        assert document["openapi"] == "3.1.0"
        assert "/v1/members" in document["paths"]


async def heals(state_dir: Path, about: dict[str, Any]) -> None:
    """A process, Redis and PostgreSQL are killed; all come back without a hand."""
    for victim in ("tasks", "redis", "postgres"):
        os.kill(about["pids"][victim], signal.SIGKILL)

    def restarted() -> bool:
        pids = read_about(state_dir)["pids"]
        return all(
            pids.get(name, about["pids"][name]) != about["pids"][name]
            for name in ("tasks", "redis", "postgres")
        )

    await until(restarted, seconds=120)
    about["pids"] |= read_about(state_dir)["pids"]
    async with (
        httpx2.AsyncClient(base_url=about["gateway_url"], trust_env=False, timeout=30) as client,
        asyncio.timeout(120),
    ):
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.1)


def read_about(state_dir: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((state_dir / "up.json").read_text(encoding="utf-8"))
    return about
