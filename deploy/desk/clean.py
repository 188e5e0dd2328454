"""Delete what running and checking leave behind: the desk's data, caches, results."""

from __future__ import annotations

import fcntl
import shutil
import sys
from pathlib import Path

from deploy.desk.errors import DeskError
from deploy.desk.servers import remove_state

ROOT = Path(__file__).resolve().parents[2]
_LEFT_BEHIND = (
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".import_linter_cache",
    ".hypothesis",
    "bench-results",
)
_SOURCES = ("deploy", "migrations", "services", "shared", "tests")


def main() -> int:
    try:
        remove_data(ROOT / ".tenure")
    except DeskError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in _LEFT_BEHIND:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for source in _SOURCES:
        for cache in list((ROOT / source).rglob("__pycache__")):
            shutil.rmtree(cache, ignore_errors=True)
    return 0


def remove_data(state: Path) -> None:
    """Of a desk that does not run now."""
    if not state.exists():
        return
    with (state / "servers.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeskError("Tenure is running from this folder. Stop it first.") from None
        remove_state(state)


if __name__ == "__main__":
    sys.exit(main())
