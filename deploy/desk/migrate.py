"""Bring every service's schema to its head: `python -m deploy.desk.migrate`.

With DATABASE_URL (an administrator's) the roles and the database `tenure` are made there first;
without, on the desk's own server.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

from deploy.desk.roles import OWNER, SCHEMAS, prepare_database, role_url
from deploy.desk.secrets import desk_secrets

ROOT = Path(__file__).resolve().parents[2]
INI = ROOT / "migrations" / "alembic.ini"
DATABASE = "tenure"


def alembic_config(package: str) -> Config:
    config = Config(INI, ini_section=package)
    config.attributes["quiet"] = True
    return config


def upgrade_all(owner_url: str) -> None:
    """Run the four histories, in order. Must not run inside an event loop."""
    os.environ["DATABASE_URL"], before = owner_url, os.environ.get("DATABASE_URL")
    try:
        for package in SCHEMAS.values():
            command.upgrade(alembic_config(package), "head")
    finally:
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--new", nargs=2, metavar=("SERVICE", "MESSAGE"))
    arguments = parser.parse_args()
    admin_url = os.environ["DATABASE_URL"]
    passwords = desk_secrets(Path(os.environ.get("TENURE_STATE", ".tenure"))).passwords
    asyncio.run(prepare_database(admin_url, DATABASE, passwords))
    owner_url = role_url(admin_url, OWNER, passwords[OWNER], DATABASE)
    upgrade_all(owner_url)
    if arguments.new:
        service, message = arguments.new
        os.environ["DATABASE_URL"] = owner_url
        config = alembic_config(service.replace("-", "_"))
        command.revision(config, message=message, autogenerate=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
