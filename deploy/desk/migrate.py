"""`make migrate`: roles, schemas and migrations for DATABASE_URL or for the desk's own data.

`--new SERVICE MESSAGE` writes the next migration of a service by comparing its models with a
database that has all the others.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from deploy.desk.errors import DeskError
from deploy.desk.secrets import Secrets, load_secrets
from deploy.desk.servers import Servers
from deploy.migrate import ROOT, MigrationFailed, alembic, upgrade_all
from deploy.roles import OWNER, SERVICES, CannotPrepare, prepare, role_url


def prepare_database(admin_url: str, secrets: Secrets) -> str:
    """Roles, database, schemas, migrations; the owner's address."""
    asyncio.run(prepare(admin_url, secrets.passwords))
    owner_url = role_url(admin_url, OWNER, secrets.passwords[OWNER])
    upgrade_all(owner_url, say)
    return owner_url


def say(text: str) -> None:
    print(f"\N{BULLET} {text}", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="migrate", description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / ".tenure")
    parser.add_argument("--new", nargs=2, metavar=("SERVICE", "MESSAGE"))
    arguments = parser.parse_args()
    try:
        with Servers.from_environment(arguments.state) as servers:
            secrets = load_secrets(arguments.state)
            owner_url = prepare_database(servers.urls.database_url, secrets)
            if arguments.new:
                _write_migration(*arguments.new, owner_url=owner_url)
    except (DeskError, CannotPrepare, MigrationFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _write_migration(service: str, message: str, *, owner_url: str) -> None:
    package = service.replace("-", "_")
    if package not in {known.package for known in SERVICES}:
        known = ", ".join(known.package.replace("_", "-") for known in SERVICES)
        raise DeskError(f"There is no service {service}; there are {known}.")
    print(
        alembic(
            package, "revision", "--autogenerate", "-m", message, database_url=owner_url
        ).strip()
    )


if __name__ == "__main__":
    sys.exit(main())
