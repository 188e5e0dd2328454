"""`make migrate`: roles, schemas and migrations for DATABASE_URL or for the local data.

`--new SERVICE MESSAGE` writes the next migration of a service by comparing its models with a
database that has all the others.
"""

import argparse
import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from deploy.local.secrets import Secrets, load_secrets
from deploy.machine.errors import LocalError
from deploy.migrate import ROOT
from deploy.roles import OWNER, SERVICES, CannotPrepare, prepare, role_url
from deploy.servers.lifecycle import Servers


def prepare_database(admin_url: str, secrets: Secrets) -> str:
    """Roles, database, schemas, migrations; the owner's address."""
    try:
        asyncio.run(prepare(admin_url, secrets.passwords))
    except CannotPrepare as error:
        raise LocalError(str(error)) from error
    except (SQLAlchemyError, OSError) as error:
        raise LocalError(f"The server at DATABASE_URL cannot be used: {error}") from error
    owner_url = role_url(admin_url, OWNER, secrets.passwords[OWNER])
    _with_owner([sys.executable, "-m", "deploy.migrate"], owner_url)
    return owner_url


def say(text: str) -> None:
    print(f"\N{BULLET} {text}", file=sys.stderr, flush=True)


def _with_owner(argv: list[str], owner_url: str) -> None:
    """Run in a process of its own: what it imports is of no use to a supervisor."""
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": owner_url},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = []
        for line in process.stdout or ():
            said.append(line)
            if line.startswith("migrating "):
                say(line.strip())
    if process.returncode:
        raise LocalError(f"Migrating failed:\n{''.join(said[-15:])}")


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
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _write_migration(service: str, message: str, *, owner_url: str) -> None:
    package = service.replace("-", "_")
    if package not in {known.package for known in SERVICES}:
        names = ", ".join(known.package.replace("_", "-") for known in SERVICES)
        raise LocalError(f"There is no service {service}; there are {names}.")
    migrations = ROOT / "migrations"
    last = max(file.name[:4] for file in (migrations / package / "versions").glob("[0-9]*.py"))
    number = f"{int(last) + 1:04}"
    alembic = [sys.executable, "-m", "alembic", "-c", str(migrations / "alembic.ini")]
    revision = ["revision", "--autogenerate", "--rev-id", number, "-m", message]
    _with_owner([*alembic, "-n", package, *revision], owner_url)
    say(f"written: migrations/{package}/versions/{number}_*.py")


if __name__ == "__main__":
    sys.exit(main())
