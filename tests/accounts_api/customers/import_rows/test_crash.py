"""A worker that is killed in the middle of a file: another one goes on, and nothing comes twice."""

import asyncio
import signal
import sys

import pytest

from tests.accounts_api.customers.imports.making import begin, counts
from tests.accounts_api.records.making import events_of
from tests.harness import Tenure


async def test_an_import_goes_on_where_a_killed_worker_left_it(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts_api.customers.imports.service.CHUNK_ROWS", 10)
    ws = await tenure.workspace()
    text = "external_id,name\n" + "".join(f"e{n},N{n}\n" for n in range(24))
    job = await begin(ws, "organization", text)
    path = f"/v1/imports/{job['id']}"
    await ws.admin.post(f"{path}/start", headers={"if-match": "*"})
    environment = tenure.environment("accounts") | {
        "TENURE_FAULTPOINTS": f"imports.before_commit@{ws.id}=kill:2",
        "PYTHONPATH": ":".join(sys.path),
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "accounts_api.worker", env=environment
    )
    async with asyncio.timeout(90):
        assert await worker.wait() == -signal.SIGKILL
    halfway = (await ws.admin.get(path)).json()
    assert (halfway["status"], halfway["processed_rows"], halfway["created"]) == ("running", 10, 10)
    await tenure.settle()
    ended = (await ws.admin.get(path)).json()
    assert ended["status"] == "finished"
    assert counts(ended) == (24, 0, 0, 0)
    assert len(await events_of(tenure, ws, "accounts.organization_changed.v1")) == 24
    made = (await ws.admin.get("/v1/organizations?count=exact&limit=1")).json()["count"]["value"]
    assert made == 24
