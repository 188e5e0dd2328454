import argparse
import asyncio
import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from deploy.bench.stage import stage
from deploy.migrate import ROOT
from shared.clock import utc_now

GROUPS = ("records", "segments", "webhooks", "sequences")
_RESULTS = ROOT / ".tenure" / "bench"


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[[], *GROUPS], help="all, if none is named")
    parser.add_argument("--scale", type=int, default=100_000, help="accounts")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--case", help="only cases whose name contains this")
    arguments = parser.parse_args()
    groups = arguments.groups or list(GROUPS)
    report = asyncio.run(_run(groups, arguments.scale, arguments.seconds, arguments.case))
    last = _last()
    path = _write(report)
    _show(report, last)
    print(f"\nwritten to {path.relative_to(ROOT)}")
    return 0


async def _run(groups: list[str], scale: int, seconds: float, only: str | None) -> dict[str, Any]:
    results: dict[str, Any] = {}
    async with stage(scale, seconds, groups) as made:
        for group in groups:
            module = importlib.import_module(f"deploy.bench.{group}")
            _say(f"{group}: preparing {scale:,} accounts")
            await module.prepare(made)
            for case in module.CASES:
                if only and only not in case.name:
                    continue
                _say(f"{group}: {case.name}")
                results[case.name] = (await case.run(made)).as_json()
    return {
        "at": utc_now().isoformat(),
        "scale": scale,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "results": results,
    }


def _say(text: str) -> None:
    print(f"\N{BULLET} {text}", file=sys.stderr, flush=True)


def _last() -> dict[str, Any]:
    written = sorted(_RESULTS.glob("*.json"))
    if not written:
        return {}
    found: dict[str, Any] = json.loads(written[-1].read_text(encoding="utf-8"))
    return found


def _write(report: dict[str, Any]) -> Path:
    _RESULTS.mkdir(parents=True, exist_ok=True)
    path = _RESULTS / f"{report['at'].replace(':', '').partition('.')[0]}.json"
    path.write_text(json.dumps(report, indent=2) + "\n")
    return path


_HEAD = f"{'case':<44}{'/s':>10}{'SQL /s':>10}{'ratio':>7}{'p95 ms':>8}{'cpu ms':>8}{'was':>7}"


def _show(report: dict[str, Any], last: dict[str, Any]) -> None:
    print(_HEAD)
    for name, result in report["results"].items():
        before = last.get("results", {}).get(name, {})
        print(
            f"{name:<44}{result['per_second']:>10,.0f}{_cell(result.get('sql_per_second'), 0):>10}"
            f"{_cell(result.get('ratio'), 2):>7}{_cell(result.get('p95_ms'), 1):>8}"
            f"{_cell(result.get('cpu_ms'), 2):>8}{_cell(before.get('ratio'), 2):>7}"
            f"  {result.get('target', '')}"
        )


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


if __name__ == "__main__":
    sys.exit(main())
