"""Who enters the segment is enrolled; what stands in the way is one open task for each cause."""

from datetime import timedelta

import pytest

from deploy.demo.configuration import DUE
from tests.flows.story import BEGIN, Story
from tests.simulators.salesforce.landmarks import LANDMARKS, LATE, NO_EXPIRATION

pytestmark = pytest.mark.flow

ONE_DAY = timedelta(days=1)


async def test_each_cause_is_one_task_and_everyone_else_is_enrolled(story: Story) -> None:
    await story.furnish()
    await story.at(BEGIN + ONE_DAY)
    await story.enable()
    assert await story.causes() == {
        "manual_entry_required": len(LATE),
        "expiration_missing": len(NO_EXPIRATION),
        "no_deal_room": 1,
        "no_product_admin": 1,
    }
    due = await story.every(f"/v1/segments/{story.ids[DUE]}/members")
    blocked = sum((await story.causes()).values())
    enrolled = await story.every("/v1/enrollments", filter='state = "active"')
    assert len(enrolled) == len(due) - blocked > 0
    assert story.mail.accepted.all == []  # a Sunday


async def test_mending_it_in_salesforce_closes_the_task_and_enrolls(story: Story) -> None:
    await story.furnish()
    await story.at(BEGIN + ONE_DAY)
    await story.enable()
    no_room, no_admin = LANDMARKS["no_deal_room_1"], LANDMARKS["no_product_admin_1"]
    admin = next(iter(no_admin.contact_ids.values()))
    await story.edit(no_room.opportunity_id, Deal_Room_URL__c="https://deals.example/lantern")
    await story.edit(admin, Product_Admin__c=True)
    for mark in (no_room, no_admin):
        assert await story.causes(mark.opportunity_id) == {}
        assert (await story.enrollment(mark.opportunity_id))["state"] == "active"


async def test_who_is_no_longer_scaled_gets_no_more_mail(story: Story) -> None:
    await story.furnish()
    await story.at(BEGIN + ONE_DAY)
    await story.enable()
    reply = LANDMARKS["reply"]
    await story.edit(reply.account_id, CS_Tier__c="Managed")
    enrollment = await story.enrollment(reply.opportunity_id)
    assert (enrollment["state"], enrollment["exit_reason"]) == ("exited", "left_audience")
    await story.monday()
    assert story.sent_to("nadia.rossi@reply.example") == []
    await story.edit(reply.account_id, CS_Tier__c="Scaled")
    assert (await story.enrollment(reply.opportunity_id))["state"] == "active"


async def test_a_user_who_left_owns_nothing_and_keeps_nobody_out(story: Story) -> None:
    account_id = LANDMARKS["exponent"].account_id
    owner = str(story.sf.people.read(account_id)["OwnerId"])
    story.sf.people.update(owner, {"IsActive": False})
    await story.furnish()
    path = f"/v1/accounts/by-external-id/{account_id}"
    assert (await story.get(path, include="key_roles"))["key_roles"] == {}


async def test_who_was_deleted_gets_no_mail_until_it_is_undeleted(story: Story) -> None:
    """The opportunity leaves with its account, and so does its place in the sequence."""
    await story.furnish()
    await story.at(BEGIN + ONE_DAY)
    await story.enable()
    reply = LANDMARKS["reply"]
    before = await story.enrollment(reply.opportunity_id)
    account = await story.get(f"/v1/accounts/by-external-id/{reply.account_id}")
    path = f"/v1/accounts/{account['id']}"
    gone = await story.admin.delete(path, headers={"if-match": "*"})
    assert gone.status_code == 204, gone.text
    await story.tenure.settle()
    ended = await story.get(f"/v1/enrollments/{before['id']}")
    assert (ended["state"], ended["exit_reason"]) == ("exited", "record_deleted")
    await story.monday()
    assert story.sent_to("nadia.rossi@reply.example") == []
    await story.post(f"{path}/undelete")
    await story.tenure.settle()
    assert (await story.enrollment(reply.opportunity_id))["state"] == "active"
