import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from accounts_api.bootstrap import main
from tests.harness import Tenure


async def bootstrap(tenure: Tenure, *arguments: str) -> dict[str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "accounts_api.bootstrap",
        *arguments,
        env=os.environ | tenure.environment("accounts"),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    told: dict[str, str] = json.loads(out)
    return told


async def test_the_first_workspace_is_made_once_per_state_file(
    tenure: Tenure, tmp_path: Path
) -> None:
    state = tmp_path / "first.json"
    zone = "America/New_York"
    options = ["--name", "Acme", "--sandbox", "--time-zone", zone]
    options += ["--frozen-at", "2026-03-02T09:00:00Z"]
    first = await bootstrap(tenure, *options, "--state", str(state))
    assert set(first) == {"workspace_id", "api_key", "observer_api_key"}
    assert state.stat().st_mode & 0o777 == 0o600
    assert await bootstrap(tenure, *options, "--state", str(state)) == first
    admin = tenure.client(authorization=f"Bearer {first['api_key']}")
    workspace = (await admin.get("/v1/workspace")).json()
    assert (workspace["id"], workspace["name"]) == (first["workspace_id"], "Acme")
    assert (workspace["time_zone"], workspace["frozen_at"]) == (zone, "2026-03-02T09:00:00Z")


@pytest.mark.parametrize(
    ("option", "value", "advice"),
    [
        ("--name", " ", "1 to 200 characters"),
        ("--time-zone", "Berlin", "an IANA time zone such as Europe/Berlin"),
        ("--frozen-at", "2026-03-02T09:00", "an instant with its zone"),
        ("--frozen-at", "0001-01-01T00:00:00Z", "an instant with its zone"),
        ("--frozen-at", "soon", "an instant with its zone"),
    ],
)
def test_what_the_api_would_refuse_is_refused_here(
    option: str,
    value: str,
    advice: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["bootstrap", "--sandbox", option, value])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert f"argument {option}: {value!r}: use {advice}" in capsys.readouterr().err


async def test_a_state_file_of_another_database_is_written_anew(
    tenure: Tenure, tmp_path: Path
) -> None:
    state = tmp_path / "old.json"
    old = {"workspace_id": "0", "api_key": "tnr_live_gone", "observer_api_key": "tnr_live_gone"}
    state.write_text(json.dumps(old))
    made = await bootstrap(tenure, "--state", str(state))
    assert made["api_key"] != old["api_key"]
    assert json.loads(state.read_text(encoding="utf-8")) == made
