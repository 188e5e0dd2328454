"""Each history is one line that ends where its service expects; squawk on the SQL of each
migration: it must not lock out the release that still runs.
"""

import importlib
import io
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from deploy.migrate import history
from deploy.roles import SERVICES

# As migrations/env.py says it to a real database.
_PREAMBLE = "set lock_timeout to '2s';\n"


def main() -> int:
    faults = [fault for service in SERVICES if (fault := fault_of(service.package))]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        files = [
            _written(Path(folder) / f"{package}-{revision}.sql", sql)
            for package in (service.package for service in SERVICES)
            for revision, sql in statements(package)
        ]
        print(f"squawk: {len(files)} migrations", flush=True)
        return lint(files)


def fault_of(package: str) -> str | None:
    """Two changes may have taken the same number, or left the service's readiness behind."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            heads = ScriptDirectory.from_config(history(package)).get_heads()
        except (UserWarning, CommandError) as error:
            return f"{package}: give each migration its own number, one after the other: {error}"
    said = importlib.import_module(f"{package}.main").MIGRATION_HEAD
    if heads != [said]:
        return f"{package}: MIGRATION_HEAD is {said}, and the history ends at {', '.join(heads)}."
    return None


def lint(files: list[Path]) -> int:
    squawk = Path(sys.executable).with_name("squawk")
    settings = Path(__file__).with_name("squawk.toml")
    command_line = [
        str(part) for part in (squawk, "--config", settings, "--reporter", "gcc", *files)
    ]
    return subprocess.run(command_line, check=False).returncode


def statements(package: str) -> Iterator[tuple[str, str]]:
    """Each revision of one service's history, oldest first, with its SQL.

    One at a time: what an older migration made is in use when a newer one changes it.
    """
    scripts = ScriptDirectory.from_config(history(package))
    for script in reversed(list(scripts.walk_revisions())):
        config = history(package)
        config.output_buffer = output = io.StringIO()
        below = script.down_revision or "base"
        command.upgrade(config, f"{below}:{script.revision}", sql=True)
        yield script.revision, output.getvalue()


def _written(path: Path, sql: str) -> Path:
    path.write_text(_PREAMBLE + sql, encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(main())
