"""What is told of a program that does not come up."""

import socket
import sys
from pathlib import Path

import pytest

from deploy.local.supervisor import Program, Supervised
from deploy.machine.errors import LocalError, PortTaken


def start(program: Program, folder: Path) -> Supervised:
    started = Supervised(program, folder, folder)
    started.start()
    return started


def test_a_port_that_somebody_took_in_between_is_told_apart(tmp_path: Path) -> None:
    """Then `make up` moves; any other failure is for a person."""
    with socket.create_server(("127.0.0.1", 0)) as theirs:
        port = theirs.getsockname()[1]
        bind = f"import socket; socket.create_server(('127.0.0.1', {port}))"
        taken = start(Program("gateway", [sys.executable, "-c", bind]), tmp_path)
        with pytest.raises(PortTaken, match="gateway ended with code 1 while starting"):
            taken.wait_until_ready()
    broken = start(Program("tasks", [sys.executable, "-c", "1 / 0"]), tmp_path)
    with pytest.raises(LocalError, match="ZeroDivisionError") as failure:
        broken.wait_until_ready()
    assert not isinstance(failure.value, PortTaken)
