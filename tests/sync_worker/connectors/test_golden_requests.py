"""What Salesforce is asked, request by request: in a full run, in an incremental run, and when
values are written back. A change of our code that asks otherwise shows here, line by line.

`WRITE_GOLDEN=1 make test T=tests/sync_worker/connectors/test_golden_requests.py` writes the files.
"""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.harness import Tenure
from tests.simulators.salesforce import landmarks
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.sync_worker.making import Org, hand_over

GOLDEN = Path(__file__).parent / "golden"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
async def still_org(tenure: Tenure) -> AsyncIterator[Org]:
    """A seeded org whose clock stands still, so that every request can be foreseen."""
    async with SalesforceSimulator(accounts=6, now=NOW, frozen=True) as sf:
        org = Org(tenure, await tenure.workspace(), sf)
        sf.org.configure({"page_caps": [7, 3]})
        yield org
        await org.ws.admin.post(f"/v1/connections/{org.connection_id}/pause")


def check_golden(org: Org, name: str) -> None:
    """Compare the requests since the last look with the file, and forget them."""
    lines = [
        f"{entry.method} {entry.path}{'?' if entry.query else ''}{entry.query} {entry.status}"
        f" {entry.body}".rstrip()
        for entry in org.sf.log.matching()
    ]
    org.sf.log.clear()
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == path.read_text(encoding="utf-8").splitlines()


async def test_each_kind_of_run_asks_what_it_asked_before(still_org: Org) -> None:
    org = still_org
    await org.connect(lag_seconds=60)
    assert (await org.sync("full"))["status"] == "succeeded"
    check_golden(org, "full")

    org.sf.clock.advance(timedelta(hours=1))
    account, other = landmarks.NO_DEAL_ROOM[:2]
    org.sf.people.update(account, {"Name": "Renamed"})
    org.sf.people.delete(other)
    contact = next(iter(org.rows("Contact")))
    org.sf.people.update(contact, {"Title": "New"})
    org.sf.clock.advance(timedelta(minutes=10))
    assert (await org.sync())["status"] == "succeeded"
    check_golden(org, "incremental")

    await org.ws.admin.post(f"/v1/connections/{org.connection_id}/pause")
    for each in landmarks.LATE[:3]:
        await hand_over(org, "60 days before", opportunity=each)
    await org.ws.admin.post(f"/v1/connections/{org.connection_id}/resume")
    await org.tenure.settle()
    check_golden(org, "write_back")
