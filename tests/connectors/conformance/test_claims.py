"""A connector imports what it may, is as small as it should be, and claims what it has."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_worker.connectors import registry
from sync_worker.connectors.base import RecordConnector
from sync_worker.connectors.kit.defaults import RecordDefaults
from sync_worker.crm_sync.translation.document import becomes, mapping_of
from tests.connectors.conformance.far import CASES, Case
from tests.source_code import ROOT

CONNECTORS = ROOT / "services/sync-worker/sync_worker/connectors"
FOLDERS = [
    *(each for each in CONNECTORS.iterdir() if each.is_dir() and (each / "connector.py").exists()),
    ROOT / "tests/connectors/shelf",
]
ALLOWED = (
    "sync_worker.connectors.base",
    "sync_worker.connectors.kit",
    "sync_worker.connectors.mail_base",
    "shared.headers",
)
LIBRARIES = {"pydantic", "typing_extensions", "imap_tools"}
"""Forms of answers are pydantic's; what we do not speak ourselves comes from a library."""


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_a_connector_imports_nothing_but_the_contract_and_its_own(folder: Path) -> None:
    own = ".".join(folder.relative_to(ROOT).parts).removeprefix("services.sync-worker.")
    wrong = [
        f"{path.name}: {name}"
        for path in folder.rglob("*.py")
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names | LIBRARIES
        if not name.startswith((*ALLOWED, own))
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda each: each.name)
def test_a_connector_is_small(folder: Path) -> None:
    files = [path for path in folder.rglob("*.py") if path.name != "__init__.py"]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert len(files) <= 10
    assert lines <= 1_500


def test_every_connector_passes_the_kit() -> None:
    tried = {each.connector.spec.key for each in CASES}
    assert {each.spec.key for each in registry.RECORD_CONNECTORS} <= tried


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_connector_has_what_it_claims_and_no_more(case: Case) -> None:
    connector: RecordConnector = case.connector
    can = connector.spec.can
    assert _overrides(connector, "deletions") == (can.deletes == "feed")
    assert _overrides(connector, "write") == (can.batch > 0)
    names = {each.name for each in connector.spec.streams}
    assert len(names) == len(connector.spec.streams)
    assert {each.joins for each in connector.spec.streams} - {None} <= names
    assert becomes(connector.spec).keys() <= names, "the mapping that ships names its streams"
    assert mapping_of(connector.spec, None).objects
    settings = connector.spec.settings.model_fields.keys()
    assert {
        *connector.spec.urls,
        *connector.spec.signs_in_by,
        *connector.spec.clearable,
    } <= settings


def _overrides(connector: RecordConnector, name: str) -> bool:
    own = getattr(type(connector), name)
    return own is not getattr(RecordDefaults, name)
