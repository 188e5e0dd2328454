"""Run a command beside throw-away servers: `python -m deploy.servers [--fast] -- CMD…`.

The command finds DATABASE_URL (administrator) and REDIS_URL in its environment. What is set there
already is used as it is.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from deploy.machine.errors import LocalError
from deploy.machine.process_lock import hold
from deploy.machine.processes import die_with_parent
from deploy.servers.lifecycle import Servers, ServerUrls, remove_state

_PREFIX = "tenure-servers-"
_SETTLING_SECONDS = 60


def main() -> int:
    arguments = _arguments()
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    servers = Servers.from_environment(folder, fast=arguments.fast)
    # So that a polite end of this process also ends the servers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(arguments.command, servers.start())
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        servers.remove()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="deploy.servers", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="data may be lost with the power")
    parser.add_argument("command", nargs="+", help="what to run, after --")
    return parser.parse_args()


def _run(command: list[str], urls: ServerUrls) -> int:
    env = os.environ | {"DATABASE_URL": urls.database_url, "REDIS_URL": urls.redis_url}
    # The same process group: Ctrl-C at the terminal reaches the command as if we were not here.
    process = subprocess.Popen(command, env=env, preexec_fn=die_with_parent(signal.SIGTERM))  # noqa: PLW1509
    signal.signal(signal.SIGTERM, lambda number, _frame: process.send_signal(number))
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue  # it got the same signal; wait for it to tidy up
        return status if status >= 0 else 128 - status


def _sweep() -> None:
    """Remove what runs that were killed could not: folders whose lock nobody holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            if time.time() - folder.stat().st_mtime < _SETTLING_SECONDS:
                continue
            with hold(folder / "servers.lock"):
                remove_state(folder)
        except (OSError, LocalError):
            continue  # in use, or another's


if __name__ == "__main__":
    sys.exit(main())
