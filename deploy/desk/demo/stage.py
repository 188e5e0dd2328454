"""What `make up` runs, in a throw-away folder, at the story's instant, with a partner beside it."""

import asyncio
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

from typing_extensions import override

from deploy.desk.clean import remove_data
from deploy.desk.programs import Desk, module_command
from deploy.desk.supervisor import Program
from deploy.desk.up import Up
from deploy.roles import ServiceAccess

BEGIN = datetime(2026, 2, 28, 9, 0, tzinfo=UTC)
"""A Saturday, when nobody is written to. Fixed, so that every telling counts the same."""

_LOOK_SECONDS = 0.2
_BACK_SECONDS = 60.0


class StoryDesk(Desk):
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
    desk = StoryDesk
    workspace_options = ("--name", "Northwind", "--frozen-at", BEGIN.isoformat())

    def __init__(self, state_dir: Path) -> None:
        remove_data(state_dir)  # of an earlier telling
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
        async with asyncio.timeout(_BACK_SECONDS):
            while True:
                await asyncio.sleep(_LOOK_SECONDS)
                if self.pids.get(name, before) != before:
                    return
