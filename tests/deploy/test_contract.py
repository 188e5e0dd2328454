"""The lane of foreign tools: its own code. What the tools find is for `make contract`."""

import json
from pathlib import Path

import pytest

from deploy.contract.__main__ import KNOWN_FAULTS, table, unknown_faults
from deploy.contract.environment import HERE, Tools
from deploy.contract.tools import TOOLS, Document, Finding, bare, complaints, missing
from deploy.dependencies import install


def test_names_agree_whatever_their_case() -> None:
    assert bare("Page_TaskOut_") == bare("PageTaskOut") == bare("page-task-out")
    assert missing(["list_tasks", "get_task"], ["listTasks"]) == ["get_task"]


def test_what_openapi_python_client_leaves_out_is_counted() -> None:
    text = """\
Warning(s) encountered while generating.

WARNING parsing POST /v1/a within things. Endpoint will not be generated.

Could not find reference in parsed models or enums

Unable to parse schema /components/schemas/A

Attempted to generate duplicate models with name "A"
"""
    assert complaints(text) == [
        ("warning", " ".join(text.splitlines()[2:5:2])),
        ("lost model", ": ".join(text.splitlines()[6:9:2])),
    ]


def test_a_known_fault_passes_and_one_more_of_it_does_not() -> None:
    known = {"redocly": {"security-defined": 1}}
    finding = Finding(faults=[("security-defined", "GET /a")])
    assert unknown_faults({"redocly": finding}, known) == []
    finding.faults.append(("security-defined", "GET /b"))
    assert unknown_faults({"redocly": finding}, known) == [
        "redocly: security-defined: GET /a",
        "redocly: security-defined: GET /b",
    ]
    assert unknown_faults({"spectral": finding}, known) != []


def test_what_is_known_belongs_to_a_tool_of_the_lane() -> None:
    assert set(KNOWN_FAULTS) <= set(TOOLS)


def test_the_table_counts_what_came_through(tmp_path: Path) -> None:
    document = Document(tmp_path, frozenset({"list_a", "get_a"}), frozenset({"A"}))
    finding = Finding(endpoints=1, models=1)
    finding.lost("lost endpoint", ["get_a"])
    heading, row = table({"orval": (finding, 1.25)}, document).splitlines()
    assert heading.split() == ["tool", "seconds", "endpoints", "models", "faults"]
    assert row.split() == ["orval", "1.2", "1/2", "1/1", "1"]


def test_the_locks_name_no_address() -> None:
    npm = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in npm["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []
    assert "://" not in install.CONTRACT.read_text(encoding="utf-8")


def test_a_tool_that_would_phone_home_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    monkeypatch.setenv("NO_PROXY", "*")
    env = Tools(tmp_path).env()
    assert "NO_PROXY" not in env
    assert env["HTTPS_PROXY"] == env["HTTP_PROXY"] == "http://127.0.0.1:9"
    assert env["REDOCLY_TELEMETRY"] == "off"
