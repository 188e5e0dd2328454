"""What changes here and belongs there too, written back to Salesforce."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.simulators.salesforce import landmarks
from tests.sync_worker.making import LATE_OPPORTUNITY as OPPORTUNITY
from tests.sync_worker.making import SENT_AT, Org, hand_over


async def rejected(org: Org) -> list[dict[str, Any]]:
    path = f"/v1/connections/{org.connection_id}/write-backs?state=rejected"
    return list((await org.ws.admin.get(path)).json()["data"])


async def test_the_last_mail_handed_over_shows_in_salesforce(org: Org) -> None:
    await org.connect()
    await org.sync()
    await hand_over(org, "60 days before")
    ours = (await org.all("opportunities"))[OPPORTUNITY]
    there = org.sf.people.read(OPPORTUNITY)
    assert there["Renewal_Sequence_Status__c"] == ours["renewal_sequence_status"]
    assert "60 days before" in str(there["Renewal_Sequence_Status__c"])
    assert there["Renewal_Sequence_Status_At__c"] == "2026-03-02T09:00:00.000Z"
    run = (await org.ws.admin.get("/v1/sync-runs")).json()["data"][0]
    assert (run["direction"], run["status"], run["written"]) == ("push", "succeeded", 2)


async def test_our_own_write_does_not_come_back_as_a_change(org: Org) -> None:
    await org.connect()
    await org.sync()
    await hand_over(org, "60 days before")
    run = await org.sync()
    assert run["objects"]["Opportunity"]["unchanged"] >= 1
    assert run["written"] == 0


async def test_only_the_newest_value_travels(org: Org) -> None:
    await org.connect()
    await org.sync()
    org.sf.faults.add("PATCH", preset="server_unavailable", times=5)
    await hand_over(org, "90 days before")
    await hand_over(org, "60 days before", at=SENT_AT + timedelta(days=30))
    values = (await org.ws.admin.get(f"/v1/connections/{org.connection_id}/write-backs")).json()[
        "data"
    ]
    assert len(values) == 2
    await retry_now(org)
    assert "60 days" in str(org.sf.people.read(OPPORTUNITY)["Renewal_Sequence_Status__c"])
    assert len([r for r in org.sf.log.matching("PATCH") if r.status == 204]) == 1


async def test_many_records_go_in_one_request_and_fail_alone(org: Org) -> None:
    await org.connect()
    await org.sync()
    refused, *others = landmarks.LATE[:4]
    words = "The record is locked by an approval."
    org.sf.org.configure({"row_errors": {refused: ["FIELD_CUSTOM_VALIDATION_EXCEPTION", words]}})
    pause = await org.ws.admin.post(f"/v1/connections/{org.connection_id}/pause")
    assert pause.status_code == 200
    for each in (refused, *others):
        await hand_over(org, "30 days before", opportunity=each)
    await org.ws.admin.post(f"/v1/connections/{org.connection_id}/resume")
    await org.tenure.settle()
    assert len(org.sf.log.matching("PATCH .*/composite/sobjects")) == 1
    for each in others:
        assert "30 days" in str(org.sf.people.read(each)["Renewal_Sequence_Status__c"])
    reasons = {row["reason"] for row in await rejected(org)}
    assert reasons == {f"FIELD_CUSTOM_VALIDATION_EXCEPTION: {words}"}
    org.sf.org.configure({"row_errors": {}})
    retried = await org.ws.admin.post(f"/v1/connections/{org.connection_id}/write-backs/retry")
    assert retried.json() == {"retried": 2}
    await org.tenure.settle()
    assert await rejected(org) == []
    assert "30 days" in str(org.sf.people.read(refused)["Renewal_Sequence_Status__c"])


@pytest.mark.parametrize("preset", ["invalid_session", "lock_row_400", "reset", "lost_response"])
async def test_passing_trouble_is_tried_again(org: Org, preset: str) -> None:
    await org.connect()
    await org.sync()
    org.sf.faults.add("PATCH", preset=preset, times=1)
    await hand_over(org, "60 days before")
    assert "60 days" in str(org.sf.people.read(OPPORTUNITY)["Renewal_Sequence_Status__c"])


async def test_a_record_that_is_gone_there_is_told_in_salesforces_words(org: Org) -> None:
    await org.connect()
    await org.sync()
    org.sf.people.delete(OPPORTUNITY)
    await hand_over(org, "60 days before")
    assert {row["reason"] for row in await rejected(org)} == {
        "ENTITY_IS_DELETED: entity is deleted"
    }


async def retry_now(org: Org) -> None:
    """As if the pause before the next try had passed."""
    async with org.tenure.workers["sync"].units.begin(org.ws.id, []) as uow:
        await uow.connection.execute(
            text(
                "update write_backs set next_attempt_at = clock_timestamp()"
                " where workspace_id = :workspace_id"
            ),
            {"workspace_id": org.ws.id},
        )
    await org.tenure.settle()
