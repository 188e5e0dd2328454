"""Makes a workspace: `python -m accounts_api.bootstrap --name Acme --state FILE`.

Prints its id, an admin's key and an observer's as JSON. With `--state` they are kept in that file
(mode 0600) and a later run prints the same workspace again.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from accounts_api.identity.api_keys import service as api_keys
from accounts_api.identity.workspaces import service as workspaces
from accounts_api.wiring import WIRING
from shared.api_keys import key_digest
from shared.schemas import Instant, TimeZone, Title
from shared.service import Service
from shared.settings import Settings


def main() -> None:
    arguments = _arguments()
    sys.stdout.write(json.dumps(asyncio.run(_run(arguments))) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bootstrap", description=__doc__)
    parser.add_argument("--name", default="Sandbox", type=_as(Title, "use 1 to 200 characters"))
    zone = _as(TimeZone, "use an IANA time zone such as Europe/Berlin")
    parser.add_argument("--time-zone", default="UTC", type=zone, metavar="ZONE")
    parser.add_argument("--sandbox", action="store_true", help="free, with a clock that can be set")
    instant = _as(Instant, "use an instant with its zone, such as 2026-11-02T09:00:00Z")
    parser.add_argument("--frozen-at", type=instant, metavar="ISO", help="stop its clock here")
    parser.add_argument("--state", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.frozen_at and not arguments.sandbox:
        parser.error("--frozen-at needs --sandbox")
    return arguments


def _as(kind: Any, advice: str) -> Callable[[str], Any]:
    """Read as the API would read it."""

    def read(text: str) -> Any:
        try:
            return TypeAdapter(kind).validate_strings(text)
        except ValidationError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {advice}") from error

    return read


async def _run(arguments: argparse.Namespace) -> dict[str, str]:
    service = Service.build("accounts", Settings.read(), WIRING)
    try:
        known = _read(arguments.state)
        if known is not None and await _still_there(service, known):
            return known
        made = await workspaces.make_workspace(
            service,
            arguments.name,
            sandbox=arguments.sandbox,
            time_zone=arguments.time_zone,
            frozen_at=arguments.frozen_at,
        )
        told = {
            "workspace_id": str(made.workspace_id),
            "api_key": made.api_key,
            "observer_api_key": made.observer_api_key,
        }
        _write(arguments.state, told)
        return told
    finally:
        await service.close()


def _read(state: Path | None) -> dict[str, str] | None:
    if state is None or not state.exists():
        return None
    known: dict[str, str] = json.loads(state.read_text(encoding="utf-8"))
    return known


async def _still_there(service: Service, known: dict[str, str]) -> bool:
    """False when the database is another one than the file was written for."""
    found = await api_keys.key_details(service, key_digest(known["api_key"]))
    return found is not None and str(found.workspace_id) == known["workspace_id"]


def _write(state: Path | None, told: dict[str, str]) -> None:
    if state is None:
        return
    state.parent.mkdir(parents=True, exist_ok=True)
    draft = state.with_suffix(f"{state.suffix}.draft")
    # Never readable by others, not even while it is written.
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(told, file, indent=2)
    draft.replace(state)


if __name__ == "__main__":
    main()
