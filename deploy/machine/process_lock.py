"""One process at a time, known by its id."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from deploy.machine.errors import LocalError


def hold(path: Path) -> IO[str]:
    """The lock, for as long as the file is open; it ends with the process, however that ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise LocalError(
            f"Tenure runs already from {path.parent} (process {holder}). Stop it first."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def is_held(path: Path) -> bool:
    """By a process that is alive."""
    try:
        with path.open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
