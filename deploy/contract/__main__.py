"""`make contract`: one table, and 1 if anything is lost or does not compile, or a linter speaks."""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.checks import documents
from deploy.contract import environment
from deploy.contract.document import merged as merged_of
from deploy.contract.tools import TOOLS, Document, Finding, by_rule
from deploy.dependencies.install import SetupFailed

_PROCESSES = 2
# Faults that the document has today, by tool and rule, with how many: they may only shrink.
KNOWN_FAULTS: Mapping[str, Mapping[str, int]] = {
    # It cannot send the text/csv of a file, and sends the octets that are offered beside it.
    "openapi-python-client": {"warning": 1},
}
_SHOWN = 12


def main() -> int:
    parser = argparse.ArgumentParser(prog="contract", description=__doc__)
    parser.add_argument("tools", nargs="*", metavar="tool", help=f"of {', '.join(TOOLS)}")
    arguments = parser.parse_args()
    chosen = arguments.tools or list(TOOLS)
    if unknown := set(chosen) - set(TOOLS):
        parser.error(f"no such tool: {', '.join(sorted(unknown))}")
    began = time.monotonic()
    try:
        tools = environment.installed()
    except SetupFailed as error:
        print(error, file=sys.stderr)
        return 1
    folder = environment.HOME / "made"
    document = write_document(folder)

    def run(name: str) -> tuple[Finding, float]:
        start = time.monotonic()
        own = folder / name
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        return TOOLS[name](tools, document, own), time.monotonic() - start

    with ThreadPoolExecutor(_PROCESSES) as pool:
        findings = dict(zip(chosen, pool.map(run, chosen), strict=True))
    print(table(findings, document))
    faults = unknown_faults({name: finding for name, (finding, _) in findings.items()})
    print(f"{time.monotonic() - began:.0f} s; what was made is in {folder}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def write_document(folder: Path) -> Document:
    """The merged document, as the gateway gives it out."""
    folder.mkdir(parents=True, exist_ok=True)
    merged = merged_of(documents.current())
    path = folder / "openapi.json"
    path.write_text(json.dumps(merged), encoding="utf-8")
    operations = documents.operations(merged).values()
    return Document(
        path,
        frozenset(operation["operationId"] for operation in operations),
        frozenset(merged["components"]["schemas"]),
    )


def table(findings: Mapping[str, tuple[Finding, float]], document: Document) -> str:
    lines = [("tool", "seconds", "endpoints", "models", "faults")]
    for name, (finding, seconds) in findings.items():
        lines.append(
            (
                name,
                f"{seconds:.1f}",
                _share(finding.endpoints, len(document.operations)),
                _share(finding.models, len(document.schemas)),
                str(len(finding.faults)),
            )
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _share(made: int | None, wanted: int) -> str:
    return "-" if made is None else f"{made}/{wanted}"


def unknown_faults(
    findings: Mapping[str, Finding],
    known: Mapping[str, Mapping[str, int]] = KNOWN_FAULTS,
) -> list[str]:
    """Faults of each tool's rule, where there are more of them than are known."""
    lines = []
    for name, finding in findings.items():
        allowed = known.get(name, {})
        for rule, count in by_rule(finding.faults).items():
            if count <= allowed.get(rule, 0):
                continue
            texts = [text for fault, text in finding.faults if fault == rule]
            lines += [f"{name}: {rule}: {text}" for text in texts[:_SHOWN]]
            if count > _SHOWN:
                lines.append(f"{name}: {rule}: {count - _SHOWN} more")
    return lines


if __name__ == "__main__":
    sys.exit(main())
