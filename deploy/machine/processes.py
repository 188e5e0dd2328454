"""Child processes that never outlive this one, and ports they can listen on."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
_PR_SET_PDEATHSIG = 1


def free_port(wanted: int = 0) -> int:
    """The wanted port if nobody listens on it, else one that the system chooses."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on loopback")


def port_is_free(port: int) -> bool:
    return free_port(port) == port


def die_with_parent(signal_to_child: int) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel send the signal when this process ends, however it ends.

    The kernel watches the thread that forked, so start children from a thread that lives as long
    as they should. Linux only; elsewhere the orderly stop is all there is.
    """
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal_to_child)
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask_kernel


def spawn(
    argv: list[str],
    *,
    log: Path,
    env: dict[str, str],
    on_parent_death: int = signal.SIGTERM,
    cwd: Path | str = "/",
    **popen: Any,
) -> subprocess.Popen[bytes]:
    """Start in a session of its own: Ctrl-C reaches us, and we choose the order of the end."""
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=env,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=die_with_parent(on_parent_death),  # noqa: PLW1509
            **popen,
        )


def stop(process: subprocess.Popen[bytes], with_signal: int, patience: float) -> None:
    """Ask, wait that many seconds, then insist."""
    if process.poll() is not None:
        return
    process.send_signal(with_signal)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
