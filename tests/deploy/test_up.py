"""`make up` as a person meets it: started, looked at, hurt, stopped, started again."""

import asyncio
import json
import os
import signal
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
        [sys.executable, "-m", "deploy.desk.up", "--state", str(state_dir)],
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
        await looks_right(about)
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

    with up(state_dir) as process:
        output_until_ready(process)
        again = read_about(state_dir)
        for name in ("api_key", "workspace_id", "gateway_url", "database_url"):
            assert again[name] == about[name]
        await looks_right(again)

        process.kill()
        pids = again["pids"].values()
        await until(lambda: not [pid for pid in pids if alive(pid)])


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
    """A door, Redis and PostgreSQL are killed; all come back without a hand."""
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
