"""PostgreSQL and Redis for one machine, started when no address of either is given."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

from deploy.machine.errors import LocalError
from deploy.machine.files import read_json, write_private_json
from deploy.machine.process_lock import hold
from deploy.servers.postgres import Postgres, RestartMode
from deploy.servers.unprivileged import OUTSIDE, choose_account, data_folder
from deploy.servers.valkey import Valkey

# Tried first in a new state folder, so that bookmarks and psql histories keep working.
_POSTGRES_PORT = 54329
_REDIS_PORT = 63799


Server = TypeVar("Server")


@dataclass(frozen=True)
class ServerUrls:
    database_url: str  # of the administrator, to the database `postgres`
    redis_url: str


class Servers:
    """Both servers with their data under `state_dir`.

    An address that is given is used as it is and its server is not started. `fast` is for data
    that may be lost with the machine's power. Not safe to share between threads, and to be started
    from a thread that lives as long as the servers should (see `die_with_parent`).
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        fast: bool = False,
        database_url: str | None = None,
        redis_url: str | None = None,
    ) -> None:
        self._state_dir = state_dir.resolve()
        self._fast = fast
        self._database_url = database_url
        self._redis_url = redis_url
        self._lock: IO[str] | None = None
        self._postgres: Postgres | None = None
        self._valkey: Valkey | None = None

    @classmethod
    def from_environment(cls, state_dir: Path, *, fast: bool = False) -> Self:
        """With DATABASE_URL and REDIS_URL as far as they are set."""
        return cls(
            state_dir,
            fast=fast,
            database_url=os.environ.get("DATABASE_URL"),
            redis_url=os.environ.get("REDIS_URL"),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def urls(self) -> ServerUrls:
        database = self._postgres.url if self._postgres else self._database_url
        redis = self._valkey.url if self._valkey else self._redis_url
        if database is None or redis is None:
            raise LocalError("The servers have not been started.")
        return ServerUrls(database, redis)

    @property
    def pids(self) -> dict[str, int]:
        """Of the servers we started."""
        known = {
            "postgres": self._postgres.pid if self._postgres else None,
            "redis": self._valkey.pid if self._valkey else None,
        }
        return {name: pid for name, pid in known.items() if pid is not None}

    def start(self) -> ServerUrls:
        if self._database_url is None or self._redis_url is None:
            self._lock = hold(self._state_dir / "servers.lock")
            try:
                self._start_missing()
            except BaseException:
                self.stop()
                raise
        return self.urls

    def ensure(self) -> list[str]:
        """Start again, on its old port, what has died; the names of what had."""
        restarted = []
        for name, server in (("postgres", self._postgres), ("redis", self._valkey)):
            if server is not None and not server.running:
                server.start(server.port)
                restarted.append(name)
        return restarted

    def restart_postgres(self, mode: RestartMode) -> None:
        _ours(self._postgres).restart(mode)

    def kill_redis(self) -> None:
        """As a crash would; `ensure` brings it back."""
        _ours(self._valkey).kill()

    def stop(self) -> None:
        # Redis first: a service that still runs keeps its truth in PostgreSQL.
        if self._valkey:
            self._valkey.stop()
        if self._postgres:
            self._postgres.stop()
        if self._lock:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Stop, and delete all data."""
        self.stop()
        remove_state(self._state_dir)

    def _start_missing(self) -> None:
        account = choose_account()
        folder = data_folder(account, self._state_dir)
        logs = self._state_dir / "logs"
        logs.mkdir(exist_ok=True)
        state_file = self._state_dir / "servers.json"
        state = _initial_state() | read_json(state_file) | {"data": str(folder)}
        # Written before the cluster is made: a cluster without its password would be lost.
        write_private_json(state_file, state)
        if self._database_url is None:
            self._postgres = Postgres(
                folder,
                logs / "postgres.log",
                account,
                password=state["postgres_password"],
                fast=self._fast,
            )
            self._postgres.start(0 if self._fast else state["postgres_port"])
            state["postgres_port"] = self._postgres.port
        if self._redis_url is None:
            self._valkey = Valkey(
                folder, logs / "redis.log", account, password=state["redis_password"]
            )
            self._valkey.start(0 if self._fast else state["redis_port"])
            state["redis_port"] = self._valkey.port
        write_private_json(state_file, state)


def _ours(server: Server | None) -> Server:
    if server is None:
        raise LocalError("That server is not ours: its address was given.")
    return server


def _initial_state() -> dict[str, str | int]:
    return {
        "postgres_password": secrets.token_hex(24),
        "redis_password": secrets.token_hex(24),
        "postgres_port": _POSTGRES_PORT,
        "redis_port": _REDIS_PORT,
    }


def remove_state(state_dir: Path) -> None:
    """Delete a state folder, and its data if they had to be kept elsewhere."""
    data = Path(read_json(state_dir / "servers.json").get("data", state_dir))
    if data.parent == OUTSIDE:
        _remove_tree(data)
    _remove_tree(state_dir)


def _remove_tree(folder: Path) -> None:
    # A server that has just been killed may still be writing its last file.
    for _ in range(50):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)
    raise LocalError(f"{folder} could not be removed.")
