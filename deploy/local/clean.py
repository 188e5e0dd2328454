"""Delete what running and checking leave behind: the local data, caches, results."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from deploy.machine.errors import LocalError
from deploy.machine.process_lock import hold
from deploy.servers.lifecycle import remove_state

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
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in _LEFT_BEHIND:
        shutil.rmtree(ROOT / name, ignore_errors=True)
    for source in _SOURCES:
        for cache in list((ROOT / source).rglob("__pycache__")):
            shutil.rmtree(cache, ignore_errors=True)
    return 0


def remove_data(state: Path) -> None:
    """Of a stack that does not run now."""
    if not state.exists():
        return
    with hold(state / "up.lock"), hold(state / "servers.lock"):
        remove_state(state)


if __name__ == "__main__":
    sys.exit(main())
