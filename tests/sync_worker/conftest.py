"""A Salesforce org on a socket of its own, and a connection to it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.harness import Tenure, Workspace
from tests.simulators.salesforce.server import SalesforceSimulator


class Org:
    """A workspace connected to a simulated org."""

    def __init__(self, tenure: Tenure, ws: Workspace, sf: SalesforceSimulator) -> None:
        self.tenure = tenure
        self.ws = ws
        self.sf = sf
        self.connection_id = ""

    async def connect(self, **more: Any) -> dict[str, Any]:
        body = {
            "system": "salesforce",
            "title": "Salesforce",
            "login_url": self.sf.url,
            "client_id": self.sf.app.client_id,
            "client_secret": self.sf.app.client_secret,
            "lag_seconds": 0,
            "every_seconds": 86_400,
            **more,
        }
        made = await self.ws.admin.post("/v1/connections", body)
        assert made.status_code == 201, made.text
        self.connection_id = made.json()["id"]
        found: dict[str, Any] = made.json()
        return found

    async def sync(self, kind: str = "incremental") -> dict[str, Any]:
        """Ask for a run, let it end, and return it."""
        path = f"/v1/connections/{self.connection_id}/sync?kind={kind}"
        asked = await self.ws.admin.post(path)
        assert asked.status_code == 202, asked.text
        await self.tenure.settle()
        return await self.run(asked.json()["id"])

    async def run(self, run_id: str) -> dict[str, Any]:
        answer = await self.ws.admin.get(f"/v1/sync-runs/{run_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def all(self, plural: str) -> dict[str, dict[str, Any]]:
        """Every record of a kind in our accounts service, by its id in Salesforce."""
        found: dict[str, dict[str, Any]] = {}
        path = f"/v1/{plural}?limit=200"
        if plural in {"accounts", "contacts"}:
            path += f"&include={'key_roles' if plural == 'accounts' else 'accounts'}"
        cursor = ""
        while True:
            answer = await self.ws.admin.get(path + cursor)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found |= {each["external_id"]: each for each in page["data"]}
            if not page["has_more"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    def rows(self, sobject: str) -> dict[str, dict[str, Any]]:
        """Every live record there, by id."""
        return {str(row["Id"]): dict(row) for row in self.sf.org.scan(sobject)}


@pytest.fixture
async def org(tenure: Tenure, impatient: None) -> AsyncIterator[Org]:
    """A seeded org, connected but not read yet."""
    async with SalesforceSimulator(accounts=40) as sf:
        made = Org(tenure, await tenure.workspace(), sf)
        yield made
        if made.connection_id:
            await made.ws.admin.post(f"/v1/connections/{made.connection_id}/pause")


@pytest.fixture
async def small_org(tenure: Tenure, impatient: None) -> AsyncIterator[Org]:
    """An org with its people and no customers."""
    async with SalesforceSimulator(seed=None) as sf:
        made = Org(tenure, await tenure.workspace(), sf)
        yield made
        if made.connection_id:
            await made.ws.admin.post(f"/v1/connections/{made.connection_id}/pause")


@pytest.fixture
async def impatient(tenure: Tenure) -> AsyncIterator[None]:
    """Retries wait milliseconds."""
    settings = tenure.workers["sync"].settings
    before = settings.outside_retry_seconds
    settings.outside_retry_seconds = 0.01
    yield
    settings.outside_retry_seconds = before
