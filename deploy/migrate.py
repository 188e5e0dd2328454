"""Bring every service's schema to its newest revision: `python -m deploy.migrate`.

DATABASE_URL is the owner's (`tenure_owner`). Each service has a history of its own; they run one
after the other, and what is up to date already costs a second in all.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.roles import SERVICES

ROOT = Path(__file__).resolve().parents[1]


class MigrationFailed(Exception):
    """Carries what Alembic said."""


def alembic(package: str, *arguments: str, database_url: str) -> str:
    """Run Alembic on one service's history; what it printed."""
    settings = str(ROOT / "migrations" / "alembic.ini")
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", settings, "-n", package, *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise MigrationFailed(f"{package}: alembic {' '.join(arguments)}\n{done.stderr.strip()}")
    return done.stdout


def upgrade_all(owner_url: str, say: Callable[[str], None] = print) -> None:
    for service in SERVICES:
        say(f"migrating {service.package}")
        alembic(service.package, "upgrade", "head", database_url=owner_url)


def main() -> int:
    try:
        upgrade_all(os.environ["DATABASE_URL"])
    except MigrationFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
