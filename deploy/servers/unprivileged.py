"""PostgreSQL refuses to run as root: find an account it accepts, and let that account reach it."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.machine.errors import LocalError

# Used only when the other account cannot reach the check-out, e.g. one below /root.
OUTSIDE = Path("/var/lib/tenure-dev")
_UNPRIVILEGED = ("postgres", "nobody", "daemon")
# Inside the namespace our own uid is shown as `nobody`; outside nothing changes.
_NAMESPACE = ("unshare", "--user", "--map-user=65534", "--map-group=65534")


@dataclass(frozen=True)
class Account:
    """How to start a process as somebody PostgreSQL accepts."""

    prefix: tuple[str, ...] = ()
    popen: dict[str, Any] = field(default_factory=dict)

    @property
    def switches(self) -> bool:
        return bool(self.popen)

    def run(
        self,
        argv: list[str],
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.prefix, *argv],
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            **self.popen,
            **options,
        )

    def reaches(self, path: Path) -> bool:
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]).returncode == 0

    def own(self, path: Path) -> None:
        if self.switches:
            os.chown(path, self.popen["user"], self.popen["group"])

    def own_folder(self, path: Path) -> None:
        path.mkdir(mode=0o700, exist_ok=True)
        self.own(path)


def choose_account() -> Account:
    if os.geteuid() == 0:
        candidates = [_switch_to(name) for name in _UNPRIVILEGED if _exists(name)]
    else:
        candidates = [Account()] if _exists(os.geteuid()) else []
    candidates.append(Account(prefix=_NAMESPACE))
    for account in candidates:
        if _works(account):
            return account
    raise LocalError(
        "PostgreSQL runs neither as root nor as a user id without an entry in /etc/passwd, and "
        "this machine allows neither another account nor a user namespace.\n"
        "Set DATABASE_URL and REDIS_URL to servers that run already, or use an ordinary account."
    )


def _exists(account: str | int) -> bool:
    try:
        pwd.getpwnam(account) if isinstance(account, str) else pwd.getpwuid(account)
    except KeyError:
        return False
    return True


def _switch_to(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(popen={"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []})


def _works(account: Account) -> bool:
    try:
        return account.run(["/bin/sh", "-c", "exit 0"]).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def data_folder(account: Account, state_dir: Path) -> Path:
    """Where the servers keep their data: the state folder if the account can get there.

    Parents of the state folder are never made more open: a private check-out stays private.
    """
    if not account.switches:
        return state_dir
    state_dir.chmod(0o711)  # ours; what is secret in it has its own mode
    if account.reaches(state_dir):
        return state_dir
    elsewhere = OUTSIDE / re.sub(r"\W+", "_", str(state_dir)).strip("_")
    elsewhere.mkdir(parents=True, exist_ok=True)
    elsewhere.chmod(0o711)
    return elsewhere


def reachable_copy(account: Account, executable: Path, sources: list[Path], name: str) -> Path:
    """The executable, or its place in a copy of the sources when the account may not enter them.

    Siblings stay siblings: binaries find their libraries by their relative place.
    """
    if account.reaches(executable):
        return executable
    common = sources[0].parent
    copy = OUTSIDE / name
    copied = copy / executable.relative_to(common)
    if not copied.exists():
        unfinished = copy.with_name(f"{name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, unfinished / source.name, symlinks=True)
            else:
                shutil.copy2(source, unfinished)
        _open_for_all(unfinished)
        try:
            unfinished.rename(copy)
        except OSError:  # another start was quicker
            shutil.rmtree(unfinished, ignore_errors=True)
    return copied


def _open_for_all(tree: Path) -> None:
    tree.chmod(0o755)
    for path in tree.rglob("*"):
        if path.is_symlink():
            continue
        executable = path.is_dir() or os.access(path, os.X_OK)
        path.chmod(path.stat().st_mode | (0o055 if executable else 0o044))
