"""What every case stands on: a migrated database, a web process, a workspace."""

import asyncio
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
from alembic import command

from accounts_api.evaluation.engine import service as engine
from accounts_api.identity.workspaces.service import make_workspace
from deploy.local.secrets import Secrets, load_secrets
from deploy.machine.processes import LOOPBACK, free_port
from deploy.migrate import history
from deploy.roles import OWNER, SERVICES, async_url, prepare, role_url
from shared.ids import new_id
from shared.service import Service
from shared.settings import SERVICES as SERVICE_NAMES
from shared.settings import ServiceName, Settings

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_READY_SECONDS = 120


@dataclass
class WebProcess:
    """A web process as production runs it."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        fields = (
            Path(f"/proc/{self.process.pid}/stat")
            .read_text(encoding="ascii")
            .rpartition(")")[2]
            .split()
        )
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mb(self) -> float:
        pages = Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * _PAGE / 1e6


def _addresses() -> dict[ServiceName, str]:
    return {name: f"http://{LOOPBACK}:{free_port()}" for name in SERVICE_NAMES}


@dataclass
class Stage:
    admin_url: str
    redis_url: str
    database: str
    secrets: Secrets
    scale: int
    seconds: float
    folder: Path
    workspace_id: UUID = field(default_factory=new_id)
    key: str = ""
    processes: dict[str, WebProcess] = field(default_factory=dict)
    urls: Mapping[ServiceName, str] = field(default_factory=_addresses)
    """Of the web processes, started or not: they ask each other for keys."""
    services: dict[str, Service] = field(default_factory=dict)
    """The same services in this process: to seed, and to see which statements a request runs."""
    prepared: set[str] = field(default_factory=set)
    """What has been seeded, so that groups can share it."""

    def environment(self, service: ServiceName) -> dict[str, str]:
        access = next(access for access in SERVICES if access.schema == service)
        password = self.secrets.passwords[access.role]
        return {
            "DATABASE_URL": role_url(self.admin_url, access.role, password, self.database),
            "REDIS_URL": self.redis_url,
            **{f"TENURE_{name.upper()}_URL": url for name, url in self.urls.items()},
            "TENURE_SERVICE_KEY": self.secrets.service_keys[access.package],
            "TENURE_CURSOR_SECRET": self.secrets.cursor_secret,
            "TENURE_ENCRYPTION_KEYS": self.secrets.encryption_keys,
            "TENURE_RATE_LIMIT_PER_MINUTE": "100000000",
            "TENURE_LOG_LEVEL": "ERROR",
        }

    def package(self, name: ServiceName) -> str:
        return next(access.package for access in SERVICES if access.schema == name)

    def service(self, name: ServiceName) -> Service:
        if name not in self.services:
            os.environ |= self.environment(name)
            worker = importlib.import_module(f"{self.package(name)}.worker")
            self.services[name] = worker.build(Settings())
        return self.services[name]

    def admin_dsn(self) -> str:
        url = async_url(self.admin_url).set(drivername="postgresql", database=self.database)
        return url.render_as_string(hide_password=False)

    def service_dsn(self, name: ServiceName) -> str:
        url = async_url(self.environment(name)["DATABASE_URL"]).set(drivername="postgresql")
        return url.render_as_string(hide_password=False)

    @asynccontextmanager
    async def as_admin(self) -> AsyncIterator[Any]:
        """Past the walls: to seed quickly and to look at plans."""
        connection = await asyncpg.connect(self.admin_dsn())
        try:
            await connection.execute("set search_path to accounts, public")
            # COPY is binary: a version byte, then the text.
            await connection.set_type_codec(
                "jsonb",
                schema="pg_catalog",
                format="binary",
                encoder=lambda text: b"\x01" + text.encode(),
                decoder=lambda raw: raw[1:].decode(),
            )
            yield connection
        finally:
            await connection.close()

    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}

    async def start_web_process(self, name: ServiceName) -> WebProcess:
        if name in self.processes:
            return self.processes[name]
        url = self.urls[name]
        process = subprocess.Popen(  # noqa: ASYNC220  (it outlives this loop's interest)
            [
                sys.executable,
                "-m",
                "shared.serve",
                f"{self.package(name)}.main:create_app",
                "--port",
                url.rpartition(":")[2],
            ],
            env={**os.environ, **self.environment(name)},
        )
        started = self.processes[name] = WebProcess(url, process)
        await _ready(started)
        return started

    async def settle(self) -> None:
        """Until every rule has been judged."""
        service = self.service("accounts")
        while await engine.step(service):
            continue
        async with service.units.begin(self.workspace_id, (), read_only=True) as uow:
            left = await engine.due_work(uow)
        if any(left.values()):
            raise RuntimeError(f"Work is left that no step does: {left}")

    async def close(self) -> None:
        for process in self.processes.values():
            process.process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.process.wait(30)
        for service in self.services.values():
            await service.close()
        url = async_url(self.admin_url).set(drivername="postgresql")
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        await connection.execute(f"drop database if exists {self.database} with (force)")
        await connection.close()


async def _ready(process: WebProcess) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    async with httpx2.AsyncClient(trust_env=False) as client:
        while time.monotonic() < deadline:
            try:
                if (await client.get(f"{process.url}/readyz")).status_code == 200:  # noqa: PLR2004
                    # A process describes itself while it starts: that is not what is measured.
                    await client.get(f"{process.url}/openapi.json", timeout=_READY_SECONDS)
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError(f"The process {process.url} did not start.")


@asynccontextmanager
async def stage(scale: int, seconds: float, groups: Sequence[str]) -> AsyncIterator[Stage]:
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        made = Stage(
            admin_url=os.environ["DATABASE_URL"],
            redis_url=os.environ["REDIS_URL"],
            database=f"bench_{new_id().hex[-12:]}",
            secrets=load_secrets(Path(folder)),
            scale=scale,
            seconds=seconds,
            folder=Path(folder),
        )
        await prepare(made.admin_url, made.secrets.passwords, made.database)
        await asyncio.to_thread(_migrate, made)
        try:
            workspace = await make_workspace(made.service("accounts"), "Bench", sandbox=False)
            made.workspace_id, made.key = workspace.workspace_id, workspace.api_key
            yield made
        finally:
            await made.close()


def _migrate(made: Stage) -> None:
    before = os.environ["DATABASE_URL"]
    password = made.secrets.passwords[OWNER]
    os.environ["DATABASE_URL"] = role_url(made.admin_url, OWNER, password, made.database)
    try:
        for access in SERVICES:
            command.upgrade(history(access.package), "head")
    finally:
        os.environ["DATABASE_URL"] = before
