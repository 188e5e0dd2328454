"""Simulated Salesforce orgs, each on a socket of its own."""

from collections.abc import AsyncIterator

import pytest

from tests.harness import Tenure
from tests.simulators.salesforce.server import SalesforceSimulator
from tests.sync_worker.making import Org


@pytest.fixture
async def org(tenure: Tenure) -> AsyncIterator[Org]:
    """A seeded org, connected but not read yet."""
    async with SalesforceSimulator(accounts=30) as sf:
        made = Org(tenure, await tenure.workspace(), sf)
        yield made
        if made.connection_id:
            await made.ws.admin.post(f"/v1/connections/{made.connection_id}/pause")


@pytest.fixture
async def small_org(tenure: Tenure) -> AsyncIterator[Org]:
    """An org with its people and no customers."""
    async with SalesforceSimulator(seed=None) as sf:
        made = Org(tenure, await tenure.workspace(), sf)
        yield made
        if made.connection_id:
            await made.ws.admin.post(f"/v1/connections/{made.connection_id}/pause")


@pytest.fixture
async def company(small_org: Org) -> Org:
    """An org with its people and one customer, for whom two people work and a renewal is open."""
    create = small_org.sf.people.create
    account = create("Account", {"Name": "Northwind", "Website": "northwind.example"})
    for name in ("Ann", "Bea"):
        create("Contact", {"LastName": name, "AccountId": account, "Product_Admin__c": False})
    create(
        "Opportunity",
        {"Name": "Renewal", "AccountId": account, "StageName": "Discovery", "Type": "Renewal",
         "CloseDate": "2026-12-31"},
    )  # fmt: skip
    return small_org
