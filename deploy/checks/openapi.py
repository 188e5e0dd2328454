"""`python -m deploy.checks.openapi check`, or `write` to bring the contracts up to date."""

import argparse
import sys

from deploy.checks import documents
from deploy.checks.breaking import breaks
from deploy.checks.lint import faults_of_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="openapi", description=__doc__)
    parser.add_argument("command", choices=["check", "write"])
    parser.add_argument("--accept-breaking", action="store_true")
    arguments = parser.parse_args()
    current = documents.current()
    if arguments.command == "write":
        return _write(current, accept_breaking=arguments.accept_breaking)
    faults = [*faults_of_all(current), *_stale(current), *_breaks(current)]
    return _report(faults, f"OpenAPI: {len(current)} documents are complete and break nothing.")


def _write(current: dict[str, documents.Document], *, accept_breaking: bool) -> int:
    if not accept_breaking and (broken := list(_breaks(current))):
        return _report([*broken, "Write them all the same with: make openapi BREAKING=1"], "")
    for package, document in current.items():
        documents.write_contract(package, document)
    return _report([], f"Wrote {documents.CONTRACTS.relative_to(documents.ROOT)}.")


def _breaks(current: dict[str, documents.Document]) -> list[str]:
    found = []
    for package, document in current.items():
        contract = documents.contract(package)
        found += [f"{package}: breaks: {fault}" for fault in breaks(contract or {}, document)]
    return found


def _stale(current: dict[str, documents.Document]) -> list[str]:
    return [
        f"{package}: the contract is not what the code says; run `make openapi` and look at it"
        for package, document in current.items()
        if documents.contract(package) != document
    ]


def _report(faults: list[str], when_clean: str) -> int:
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(when_clean)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
