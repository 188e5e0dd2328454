import argparse
import asyncio
import importlib
import json
import os
import platform
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.bench.measuring import Result
from deploy.bench.stage import Stage, stage
from deploy.migrate import ROOT
from shared.clock import utc_now

_BESIDE: Any = {"bench_time": ("past", "midnight"), "bench_intake": ("signals", "imports")}
_BESIDE |= {"bench_rules": ("changes", "judgements"), "bench_health": ("health",)}
_FOLDER = {group: folder for folder, groups in _BESIDE.items() for group in groups}
GROUPS = ("records", "segments", "webhooks", "sequences", *_FOLDER)
_RESULTS = ROOT / ".tenure" / "bench"


@dataclass
class Report:
    """Written and shown case by case: what crashes later takes nothing of it away."""

    path: Path
    scale: int
    before: dict[str, Any]
    """The results of the last run, for comparison."""
    at: str = field(default_factory=lambda: utc_now().isoformat())
    results: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, case: str, result: Result) -> None:
        if not self.results:
            print(_HEAD)
        self.results[case] = result.as_json()
        print(_row(case, self.results[case], self.before.get(case, {})), flush=True)
        self._write()

    def fail(self, group: str, error: Exception) -> None:
        self.failed[group] = f"{type(error).__name__}: {error}"
        self._write()

    def _write(self) -> None:
        content = {
            "at": self.at,
            "scale": self.scale,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "results": self.results,
            "failed": self.failed,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="all, if none is named")
    parser.add_argument("--scale", type=int, default=100_000, help="accounts")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--case", help="only cases whose name contains this")
    arguments = parser.parse_args()
    groups = arguments.groups or list(GROUPS)
    name = f"{utc_now():%Y-%m-%dT%H%M%S}.json"
    report = Report(_RESULTS / name, arguments.scale, _last_results())
    asyncio.run(_run(groups, arguments.seconds, arguments.case, report))
    print(f"\nwritten to {report.path}")
    for group, error in report.failed.items():
        print(f"{group} failed: {error}", file=sys.stderr)
    return 1 if report.failed else 0


async def _run(groups: list[str], seconds: float, only: str | None, report: Report) -> None:
    async with stage(report.scale, seconds, groups) as made:
        for group in groups:
            try:
                await _measure(made, group, only, report)
            except Exception as error:  # noqa: BLE001  (the other groups go on)
                traceback.print_exc()
                report.fail(group, error)


async def _measure(made: Stage, group: str, only: str | None, report: Report) -> None:
    """What the group before left to be done is done first: it would be measured here."""
    module = importlib.import_module(f"deploy.{_FOLDER.get(group, 'bench')}.{group}")
    _say(f"{group}: preparing {made.scale:,} accounts")
    await made.settle()
    await module.prepare(made)
    for case in module.CASES:
        if only and only not in case.name:
            continue
        _say(f"{group}: {case.name}")
        report.add(case.name, await case.run(made))


def _say(text: str) -> None:
    print(f"\N{BULLET} {text}", file=sys.stderr, flush=True)


def _last_results() -> dict[str, Any]:
    written = sorted(_RESULTS.glob("*.json"))
    if not written:
        return {}
    found: dict[str, Any] = json.loads(written[-1].read_text(encoding="utf-8"))["results"]
    return found


_HEAD = f"{'case':<44}{'/s':>10}{'SQL /s':>10}{'ratio':>7}{'p95 ms':>8}{'cpu ms':>8}{'was':>7}"


def _row(name: str, result: dict[str, Any], before: dict[str, Any]) -> str:
    return (
        f"{name:<44}{result['per_second']:>10,.0f}{_cell(result.get('sql_per_second'), 0):>10}"
        f"{_cell(result.get('ratio'), 2):>7}{_cell(result.get('p95_ms'), 1):>8}"
        f"{_cell(result.get('cpu_ms'), 2):>8}{_cell(before.get('ratio'), 2):>7}"
        f"  {result.get('target', '')}"
    )


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
