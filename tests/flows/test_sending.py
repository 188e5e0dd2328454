"""Steps due are sent, each once; Salesforce shows the last; answers have their effect."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from deploy.demo.configuration import STEP_TITLES
from tests.flows.story import HOURS, MONDAY, Story
from tests.simulators.salesforce.landmarks import (
    HARD_BOUNCE_CONTACT,
    HARD_BOUNCE_EMAIL,
    LANDMARKS,
    OUT_OF_OFFICE_EMAIL,
    REPLY_EMAIL,
)

pytestmark = pytest.mark.flow

FIRST = STEP_TITLES[-90]


async def _decide(story: Story) -> None:
    """Of two product admins the one who decides is written to."""
    values = {
        "OpportunityId": LANDMARKS["hard_bounce"].opportunity_id,
        "ContactId": HARD_BOUNCE_CONTACT,
        "Role": "Decision Maker",
    }
    story.sf.people.create("OpportunityContactRole", values)


async def test_what_is_due_is_sent_once_and_salesforce_shows_it(story: Story) -> None:
    await story.furnish()
    await story.enable()
    await story.monday()
    handed_over = Counter(mail.message_id for mail in story.mail.accepted.all)
    assert set(handed_over.values()) == {1}
    sent = await story.every("/v1/messages", filter='state = "sent"')
    assert {row["internet_message_id"] for row in sent} == handed_over.keys()
    assert {row["step_title"] for row in sent} == {FIRST}
    for row in sent:
        renewal = await story.get(f"/v1/opportunities/{row['opportunity_id']}")
        assert renewal["renewal_sequence_status"] == f"{FIRST} sent"
        there = story.sf.people.read(renewal["external_id"])
        assert there["Renewal_Sequence_Status__c"] == f"{FIRST} sent"


async def test_a_hard_bounce_finds_a_new_contact_and_resumes_at_the_failed_step(
    story: Story,
) -> None:
    await _decide(story)
    await story.furnish()
    await story.enable()
    await story.monday()
    assert len(story.sent_to(HARD_BOUNCE_EMAIL)) == 1
    await story.pull()
    mark = LANDMARKS["hard_bounce"]
    contact = await story.get(f"/v1/contacts/by-external-id/{HARD_BOUNCE_CONTACT}")
    assert contact["email_status"] == "bounced"
    enrollment = await story.enrollment(mark.opportunity_id)
    assert (enrollment["state"], enrollment["pause_reason"]) == ("paused", "contact_bounced")
    assert await story.causes(mark.opportunity_id) == {"contact_bounced": 1}
    (task,) = await story.every("/v1/tasks", filter='status = "open" and cause = "contact_bounced"')
    candidates = task["data"]["candidates"]
    assert [one["name"] for one in candidates] == ["Omar Farouk", "Lena Hoffmann"]

    path = f"/v1/enrollments/{enrollment['id']}/replace-contact"
    await story.post(path, {"contact_id": candidates[0]["contact_id"]})
    await story.tenure.settle()
    assert await story.causes(mark.opportunity_id) == {}
    for hour in HOURS:
        await story.at(MONDAY + timedelta(days=1, hours=hour))
    messages = await story.every(
        "/v1/messages", filter=f'opportunity_id = "{enrollment["opportunity_id"]}"'
    )
    assert [(row["step_title"], row["recipient"]) for row in messages] == [
        (FIRST, "omar.farouk@harborfinch.example"),
        (FIRST, HARD_BOUNCE_EMAIL),
    ]


async def test_a_reply_stops_and_is_told_and_an_absence_changes_nothing(story: Story) -> None:
    await story.furnish()
    await story.at(MONDAY - timedelta(hours=9))
    await story.enable()
    await story.monday()
    assert len(story.sent_to(REPLY_EMAIL)) == len(story.sent_to(OUT_OF_OFFICE_EMAIL)) == 1
    await story.pull()
    replied = await story.enrollment(LANDMARKS["reply"].opportunity_id)
    assert (replied["state"], replied["exit_reason"]) == ("exited", "replied")
    account = await story.get(
        f"/v1/accounts/by-external-id/{LANDMARKS['reply'].account_id}", include="key_roles"
    )
    (csm,) = account["key_roles"]["csm"]
    notices = await story.every("/v1/notifications", member_id=csm)
    assert [notice["kind"] for notice in notices] == ["contact.replied"]

    away = await story.enrollment(LANDMARKS["out_of_office"].opportunity_id)
    assert away["state"] == "active"
    assert "auto_reply" in [line["kind"] for line in away["timeline"]]
    assert await story.causes(LANDMARKS["out_of_office"].opportunity_id) == {}

    (ours,) = story.mail.accepted.find(recipient=OUT_OF_OFFICE_EMAIL)
    back = f"From: {OUT_OF_OFFICE_EMAIL}\r\nSubject: I am back\r\n\r\nLet us renew.\r\n"
    story.mail.inject(ours.sender, back.encode())
    await story.pull()
    answered = await story.enrollment(LANDMARKS["out_of_office"].opportunity_id)
    assert (answered["state"], answered["exit_reason"]) == ("exited", "replied")


async def test_a_late_renewal_enters_by_hand_and_nothing_goes_once_it_has_expired(
    story: Story,
) -> None:
    await story.furnish()
    await story.enable()
    late = LANDMARKS["late_3"]  # 37 days left
    renewal = await story.opportunity(late.opportunity_id)
    assert await story.causes(late.opportunity_id) == {"manual_entry_required": 1}
    path = f"/v1/opportunities/{renewal['id']}"
    flagged = await story.admin.patch(path, {"manually_enter_renewal_sequence": True})
    assert flagged.status_code == 200, flagged.text
    await story.tenure.settle()
    assert await story.causes(late.opportunity_id) == {}
    assert (await story.enrollment(late.opportunity_id))["entry"] == "manual"

    expiration = date.fromisoformat(renewal["contract_expiration"])
    for days in (-28, -14, -7, 1):  # 30 days before is a Saturday
        for hour in HOURS:
            await story.at(datetime.combine(expiration, time(hour), UTC) + timedelta(days=days))
    messages = await story.every("/v1/messages", filter=f'opportunity_id = "{renewal["id"]}"')
    by_state = Counter((row["step_title"], row["state"]) for row in messages)
    assert by_state[STEP_TITLES[-90], "skipped"] == by_state[STEP_TITLES[-60], "skipped"] == 1
    sent = [row for row in messages if row["state"] == "sent"]
    assert {row["step_title"] for row in sent} == {STEP_TITLES[days] for days in (-30, -14, -7)}
    account = await story.get(f"/v1/accounts/by-external-id/{late.account_id}")
    zone = ZoneInfo(account["time_zone"])
    by_id = {mail.message_id: mail for mail in story.mail.accepted.all}
    written_on = [
        by_id[row["internet_message_id"]].world_time.astimezone(zone).date() for row in sent
    ]
    assert max(written_on) < expiration


async def test_an_expired_renewal_is_refused_with_one_task_however_often_it_is_tried(
    story: Story,
) -> None:
    await story.furnish()
    await story.enable()
    expired = LANDMARKS["expired_1"]
    renewal = await story.opportunity(expired.opportunity_id)
    for _ in range(2):
        refused = await story.admin.patch(
            f"/v1/opportunities/{renewal['id']}", {"manually_enter_renewal_sequence": True}
        )
        assert (refused.status_code, refused.json()["code"]) == (409, "contract_expired")
        await story.tenure.settle()
        assert await story.causes(expired.opportunity_id) == {"contract_expired": 1}
    assert await story.every("/v1/enrollments", filter=f'opportunity_id = "{renewal["id"]}"') == []
