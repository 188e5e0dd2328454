"""A file of renewals that is imported mails nobody until a person lets it."""

from datetime import timedelta

import pytest

from tests.flows.story import BEGIN, Json, Story
from tests.simulators.salesforce.landmarks import LANDMARKS

pytestmark = pytest.mark.flow


async def imported(story: Story, name: str, day: str) -> Json:
    account = LANDMARKS["reply"].account_id
    cells = f"new-1,{name},renewal,{account},{day},https://deals.example/new"
    header = "external_id,name,type,account_external_id,contract_expiration,deal_room_url"
    file = {"record_type": "opportunity", "file_name": "renewals.csv", "csv": f"{header}\n{cells}"}
    job: Json = await story.post("/v1/imports", file)
    started = await story.admin.post(f"/v1/imports/{job['id']}/start", headers={"if-match": "*"})
    assert started.status_code == 202, started.text
    await story.tenure.settle()
    job = await story.get(f"/v1/imports/{job['id']}")
    assert (job["status"], job["created"]) == ("finished", 1)
    return job


async def test_an_imported_renewal_is_mailed_only_when_it_is_released(story: Story) -> None:
    await story.furnish()
    await story.at(BEGIN + timedelta(days=1))
    await story.enable()
    before = await story.causes()
    expires = (BEGIN + timedelta(days=85)).date().isoformat()
    job = await imported(story, "Another renewal", expires)
    renewal = await story.opportunity("new-1")
    assert await story.every("/v1/enrollments", filter=f'opportunity_id = "{renewal["id"]}"') == []
    assert await story.causes() == before

    batch = await story.get(f"/v1/quiet-batches/{job['id']}")
    assert (batch["title"], batch["held"]) == ("renewals.csv", 1)
    assert [link["type"] for link in batch["cause"]][-1] == "import"
    [entry] = (await story.get(f"/v1/quiet-batches/{job['id']}/entries"))["data"]
    assert (entry["opportunity_name"], entry["would_enter"]) == ("Another renewal", True)

    await story.post(f"/v1/quiet-batches/{job['id']}/release", {})
    await story.tenure.settle()
    assert (await story.enrollment("new-1"))["state"] == "active"
