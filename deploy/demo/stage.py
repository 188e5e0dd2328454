"""What `make up` runs, in a throw-away folder, at the story's instant, with a partner beside it."""

import asyncio
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

from typing_extensions import override

from deploy.demo.narrator import ClaimFailed
from deploy.local.clean import remove_data
from deploy.local.programs import LocalStack, module_command
from deploy.local.supervisor import Program
from deploy.local.up import Up
from deploy.machine.files import read_json, write_private_json
from deploy.migrate import ROOT
from deploy.roles import ServiceAccess

BEGIN = datetime(2026, 2, 28, 9, 0, tzinfo=UTC)
"""A Saturday, when nobody is written to. Fixed, so that every telling counts the same."""

_LOOK_SECONDS = 0.2
_BACK_SECONDS = 60.0


class StoryStack(LocalStack):
    @override
    def environment(self, service: ServiceAccess) -> dict[str, str]:
        """Waits that are meant for days and minutes are shortened; nothing else differs."""
        return super().environment(service) | {
            "TENURE_WEBHOOK_TIME_SCALE": "0.01",
            "TENURE_SEND_LEASE_SECONDS": "6",
        }

    @override
    def sandbox(self) -> list[Program]:
        salesforce, *others = super().sandbox()
        salesforce.argv = [*salesforce.argv, "--now", BEGIN.isoformat()]
        command = module_command("tests.simulators.webhooks", self.state_dir / "sandbox", [])
        return [salesforce, *others, Program("webhooks", command)]


class Stage(Up):
    stack = StoryStack
    workspace_options = ("--name", "Northwind", "--frozen-at", BEGIN.isoformat())

    def __init__(self, state_dir: Path) -> None:
        remove_data(state_dir)  # of an earlier telling
        if "DATABASE_URL" in os.environ:
            _share_secrets(state_dir)
        super().__init__(state_dir)

    async def keep_running(self) -> None:
        """Start again what ends, as `make up` does, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self.look()

    @property
    def pids(self) -> dict[str, int]:
        found: dict[str, int] = self._about["pids"]
        return found

    @property
    def owns_servers(self) -> bool:
        """False when DATABASE_URL or REDIS_URL named some that are not ours to kill."""
        return self._servers.pids.keys() >= {"postgres", "redis"}

    async def crash(self, name: str, with_signal: int = signal.SIGKILL) -> None:
        """As a machine short of memory would; returns when it has been started again."""
        before = self.pids[name]
        os.kill(before, with_signal)
        deadline = time.monotonic() + _BACK_SECONDS
        while time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            if self.pids.get(name, before) != before:
                return
        raise ClaimFailed(f"{name} was not started again within {_BACK_SECONDS:.0f} s.")


def _share_secrets(state_dir: Path) -> None:
    """Roles belong to the whole server: with passwords of its own the story would lock out the
    stack that uses the same one.
    """
    kept = read_json(ROOT / ".tenure" / "secrets.json")
    if kept:
        state_dir.mkdir(parents=True, exist_ok=True)
        write_private_json(state_dir / "secrets.json", kept)
