"""`make workspace`: one more workspace on the stack that runs here.

Its key is printed once, as a line for a shell: `eval "$(make -s workspace name=Acme)"` takes it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.local.migrate import say
from deploy.local.programs import LocalStack, known_ports
from deploy.local.secrets import load_secrets
from deploy.machine.errors import LocalError
from deploy.machine.files import read_json
from deploy.machine.process_lock import is_held
from deploy.migrate import ROOT
from deploy.roles import SERVICES
from deploy.servers.lifecycle import ServerUrls

_SECONDS = 180
_USAGE = 2


def make_workspace(stack: LocalStack, options: Sequence[str]) -> dict[str, Any]:
    """A sandbox with its keys, by the program that makes one anywhere."""
    made = subprocess.run(
        [sys.executable, "-m", "accounts_api.bootstrap", "--sandbox", *options],
        cwd=ROOT,
        env=os.environ | stack.environment(SERVICES[0]),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if made.returncode == _USAGE:
        raise LocalError(made.stderr.strip().rpartition("error: ")[2])
    if made.returncode:
        raise LocalError(f"The workspace could not be made:\n{made.stderr.strip()}")
    workspace: dict[str, Any] = json.loads(made.stdout.splitlines()[-1])
    return workspace


def export_line(url: str, key: str) -> str:
    """What the guides' commands read."""
    return f"export TENURE={url} KEY={key}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="workspace", description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / ".tenure", help="where its data live")
    parser.add_argument("--name")
    parser.add_argument("--zone", help="such as Europe/Berlin; UTC if none is named")
    parser.add_argument("--frozen-at", metavar="ISO", help="stop its clock here; else it runs")
    arguments = parser.parse_args()
    options = {
        "--name": arguments.name,
        "--time-zone": arguments.zone,
        "--frozen-at": arguments.frozen_at,
    }
    try:
        stack = running_stack(arguments.state.resolve())
        # Make hands on what was not given as an empty text.
        made = make_workspace(stack, [f"{name}={text}" for name, text in options.items() if text])
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    say(f"workspace {made['workspace_id']}; read-only key {made['observer_api_key']}")
    print(export_line(stack.url("gateway"), made["api_key"]))
    return 0


def running_stack(state_dir: Path) -> LocalStack:
    about = read_json(state_dir / "up.json")
    if not about or not is_held(state_dir / "up.lock"):
        raise LocalError("Tenure does not run here. Start it with `make up`, in another terminal.")
    urls = ServerUrls(about["database_url"], about["redis_url"])
    return LocalStack(state_dir, urls, load_secrets(state_dir), known_ports(state_dir))


if __name__ == "__main__":
    sys.exit(main())
