"""Bring every service's schema to its newest revision: `python -m deploy.migrate`.

DATABASE_URL is the owner's (`tenure_owner`). Each service has a history of its own; they run one
after the other, and one that is up to date already costs nothing.
"""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from deploy.roles import SERVICES

ROOT = Path(__file__).resolve().parents[1]


def history(package: str) -> Config:
    """Alembic's settings for one service's history."""
    return Config(ROOT / "migrations" / "alembic.ini", ini_section=package)


def main() -> int:
    # migrations/env.py reads DATABASE_URL by itself; say so here rather than in a traceback.
    if "DATABASE_URL" not in os.environ:
        print("Set DATABASE_URL to the address of tenure_owner.", file=sys.stderr)
        return 2
    for service in SERVICES:
        print(f"migrating {service.package}", flush=True)
        command.upgrade(history(service.package), "head")
    return 0


if __name__ == "__main__":
    sys.exit(main())
