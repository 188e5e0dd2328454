"""Who enters, who cannot and why; and that the reasons come and go by themselves."""

from typing import Any

import pytest

from shared.ids import new_id
from tests.sequencer.renewals import Renewals, causes, day, due_work, made, step


async def test_filling_the_deal_room_clears_the_block_and_enrolls(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence()
    opportunity_id = await renewals.opportunity(deal_room_url=None)
    assert await renewals.enrollments() == []
    [told] = await renewals.events("enrollment_blocked")
    assert told["cause"] == "no_deal_room"
    assert told["assignee_key_role"] == "renewal_manager"
    assert told["account_name"] == "Acme"

    await renewals.change(opportunity_id, stage="Negotiation")
    assert len(await renewals.events("enrollment_blocked")) == 1, "told once"

    await renewals.change(opportunity_id, deal_room_url="https://rooms.example/acme")
    assert causes(await renewals.blocked(), opportunity_id) == set()
    assert len(await renewals.enrollments()) == 1
    assert len(renewals.sent()) == 1


async def test_a_link_that_is_no_web_address_is_no_deal_room(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence()
    opportunity_id = await renewals.opportunity(deal_room_url="javascript:alert(1)")
    assert causes(await renewals.blocked(), opportunity_id) == {"no_deal_room"}


async def test_each_cause_has_its_own_block(renewals: Renewals) -> None:
    contact_id = await renewals.furnish()
    await renewals.sequence()
    await renewals.told(renewals.contact_event(contact_id, traits={}))
    opportunity_id = await renewals.opportunity(contract_expiration=None, deal_room_url=None)
    assert causes(await renewals.blocked(), opportunity_id) == {
        "expiration_missing",
        "no_deal_room",
        "no_product_admin",
    }
    await renewals.told(renewals.contact_event(contact_id, traits={"product_admin": True}))
    await renewals.change(opportunity_id, contract_expiration=day(90))
    assert causes(await renewals.blocked(), opportunity_id) == {"no_deal_room"}


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"email": None}, "no_product_admin"),
        ({"deactivated_at": "2026-01-01T00:00:00Z"}, "no_product_admin"),
        ({"email_status": "unsubscribed"}, "no_product_admin"),
        ({"email_status": "bounced"}, "contact_bounced"),
        ({"change": "deleted"}, "no_product_admin"),
        ({"accounts": []}, "no_product_admin"),
    ],
)
async def test_a_contact_who_cannot_be_written_to_blocks(
    renewals: Renewals, change: dict[str, Any], cause: str
) -> None:
    contact_id = await renewals.furnish()
    await renewals.sequence()
    await renewals.told(renewals.contact_event(contact_id, **change))
    opportunity_id = await renewals.opportunity()
    assert causes(await renewals.blocked(), opportunity_id) == {cause}


async def test_the_best_contact_is_chosen_and_the_others_are_candidates(
    renewals: Renewals,
) -> None:
    bounced = await renewals.furnish()
    champion, admin, decider = new_id(), new_id(), new_id()
    account = renewals.account_id
    await renewals.told(
        renewals.contact_event(bounced, email_status="bounced"),
        renewals.contact_event(
            champion,
            name="Cem Champion",
            email="cem@acme.example",
            traits={},
            accounts=[(account, ["Champion"])],
        ),
        renewals.contact_event(
            decider,
            name="Dee Decider",
            email="dee@acme.example",
            traits={},
            accounts=[(account, ["Decision Maker"])],
        ),
    )
    await renewals.sequence()
    opportunity_id = await renewals.opportunity()
    [told] = await renewals.events("enrollment_blocked")
    assert told["cause"] == "contact_bounced"
    assert [one["name"] for one in told["candidates"]] == ["Dee Decider", "Cem Champion"]

    await renewals.told(renewals.contact_event(admin, name="Ada Admin", email="ada@acme.example"))
    assert causes(await renewals.blocked(), opportunity_id) == set()
    assert [mail.recipient for mail in renewals.sent()] == ["ada@acme.example"]


async def test_who_comes_too_late_waits_for_a_person(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60, 30, entry={"late_grace_days": 7})
    within = await renewals.opportunity(contract_expiration=day(83))
    late = await renewals.opportunity(contract_expiration=day(82))
    assert len(await renewals.enrollments(opportunity_id=within)) == 1
    assert causes(await renewals.blocked(), late) == {"manual_entry_required"}

    await renewals.change(late, manually_enter_renewal_sequence=True)
    assert causes(await renewals.blocked(), late) == set()
    enrollment = await renewals.enrollment(late)
    assert enrollment["entry"] == "manual"
    skipped = await renewals.messages(opportunity_id=late, state="skipped")
    assert [one["step_title"] for one in skipped] == ["90 days before"]
    assert [one["reason"] for one in await renewals.events("step_skipped")] == ["date_passed"]


async def open_tasks(renewals: Renewals) -> list[dict[str, Any]]:
    found = await renewals.ws.admin.get("/v1/tasks", params={"filter": 'status = "open"'})
    return [task for task in found.json()["data"] if task["cause"] != "mail_held"]


async def test_when_no_step_is_left_nobody_enters_and_the_task_offers_what_is_left(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60, 30)
    late = await renewals.opportunity(contract_expiration=day(20))
    [task] = await open_tasks(renewals)
    assert (task["cause"], task["data"]["available_actions"]) == (
        "manual_entry_required",
        ["send_now", "call"],
    )
    assert "send_now" in task["body"]

    await renewals.change(late, manually_enter_renewal_sequence=True)
    body = {"sequence_id": sequence["id"], "opportunity_id": str(late)}
    refused = await renewals.ws.team_member.post("/v1/enrollments", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_step_left")
    assert refused.json()["available_actions"] == ["send_now", "call"]
    await renewals.tenure.settle()
    assert await renewals.enrollments() == []
    assert renewals.sent() == []
    assert [one["id"] for one in await open_tasks(renewals)] == [task["id"]], "the task stays"
    [used] = await renewals.events("manual_entry_used")
    assert used["opportunity_id"] == str(late), "the flag is free again"

    made(await renewals.ws.team_member.post("/v1/enrollments", {**body, "send_now": True}))
    await renewals.tenure.settle()
    assert [mail.subject for mail in renewals.sent()] == ["Acme: 30 days"]
    assert await open_tasks(renewals) == []


async def test_on_the_last_day_no_mail_is_offered(renewals: Renewals) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60, send_window={"start": "08:00", "end": "09:00"})
    late = await renewals.opportunity(contract_expiration=day(1))
    [task] = await open_tasks(renewals)
    assert task["data"]["available_actions"] == ["call"]
    body = {"sequence_id": sequence["id"], "opportunity_id": str(late), "send_now": True}
    refused = await renewals.ws.admin.post("/v1/enrollments", body)
    assert (refused.status_code, refused.json()["available_actions"]) == (409, ["call"])
    await renewals.change(late, contract_expiration=day(70))
    [task] = await open_tasks(renewals)
    assert task["data"]["available_actions"] == ["enroll", "send_now", "call"], "kept true"
    await renewals.change(late, manually_enter_renewal_sequence=True)
    assert [one["entry"] for one in await renewals.enrollments()] == ["manual"]
    assert await open_tasks(renewals) == []


async def test_a_record_whose_steps_were_all_sent_makes_no_task(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90)
    opportunity_id = await renewals.opportunity()
    await renewals.change(opportunity_id, manually_enter_renewal_sequence=True)
    assert [one["entry"] for one in await renewals.enrollments()] == ["audience"]
    assert len(renewals.sent()) == 1
    assert await open_tasks(renewals) == []
    assert len(await renewals.events("manual_entry_used")) >= 1


async def test_deal_room_and_product_admin_can_be_left_out(renewals: Renewals) -> None:
    contact_id = await renewals.furnish()
    await renewals.told(renewals.contact_event(contact_id, traits={}))
    asked: dict[str, Any] = {
        "entry": {"require_deal_room": False},
        "contact_selector": {"trait": None},
    }
    text = "{{ contact.first_name }} {{ unsubscribe_url }}"
    sequence = await renewals.sequence(steps=[step(90, text=text)], **asked)
    opportunity_id = await renewals.opportunity(deal_room_url=None)
    assert await renewals.blocked() == set()
    assert [mail.recipient for mail in renewals.sent()] == ["ann@acme.example"]
    path = f"sequence_id={sequence['id']}&opportunity_id={opportunity_id}"
    found = made(await renewals.ws.observer.get(f"/v1/enrollments/eligibility?{path}"))
    assert found["contacts"][0]["reason"] == "contact of the account"


async def test_what_nobody_holds_is_seen_before_a_mail_is_due(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.told(renewals.account_event(key_roles={"renewal_manager": [renewals.csm]}))
    sequence = await renewals.sequence(80, send_window={"skip_public_holidays": True})
    opportunity_id = await renewals.opportunity()
    path = f"sequence_id={sequence['id']}&opportunity_id={opportunity_id}"
    eligibility = await renewals.ws.observer.get(f"/v1/enrollments/eligibility?{path}")
    preview = await renewals.ws.admin.post(
        f"/v1/sequences/{sequence['id']}/preview", {"opportunity_id": str(opportunity_id)}
    )
    shown = [made(eligibility), made(preview), await renewals.enrollment(opportunity_id)]
    shown += await renewals.enrollments()
    for one in shown:
        assert [found["code"] for found in one["warnings"]] == [
            "vacant_key_role",
            "country_missing",
        ]
        assert one["warnings"][0]["key_role"] == "csm"
        assert "no mail of this sequence can leave" in one["warnings"][0]["message"]
        assert one["send_deadline"] == "2026-05-30T23:59:00Z"
    assert (await due_work(renewals))["enrollments_without_sender"] == 1
    blocked = await renewals.opportunity(deal_room_url=None)
    [task] = [one for one in await open_tasks(renewals) if one["subject_id"] == str(blocked)]
    assert "Nobody holds csm at Acme" in task["body"]

    await renewals.told(renewals.account_event(country="Narnia"))
    found = await renewals.enrollment(opportunity_id)
    assert [one["code"] for one in found["warnings"]] == ["vacant_key_role", "country_unknown"]
    await renewals.told(renewals.account_event(key_roles={"csm": [renewals.csm]}, country="DE"))
    found = await renewals.enrollment(opportunity_id)
    assert [one["key_role"] for one in found["warnings"]] == ["renewal_manager"]
    assert "enrollments_without_sender" not in await due_work(renewals)
    await renewals.told(renewals.member_event(active=False))
    assert (await due_work(renewals))["enrollments_without_sender"] == 1


async def test_time_alone_makes_a_blocked_record_too_late(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, entry={"late_grace_days": 3})
    opportunity_id = await renewals.opportunity(deal_room_url=None)
    assert causes(await renewals.blocked(), opportunity_id) == {"no_deal_room"}
    await renewals.on(4)
    assert causes(await renewals.blocked(), opportunity_id) == {
        "no_deal_room",
        "manual_entry_required",
    }
    await renewals.on(90)
    assert causes(await renewals.blocked(), opportunity_id) == set(), "nothing to do any more"


async def test_the_flag_enters_once(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 30)
    opportunity_id = new_id()
    await renewals.told(
        renewals.opportunity_event(opportunity_id, contract_expiration=day(50)),
    )
    await renewals.change(opportunity_id, manually_enter_renewal_sequence=True)
    [enrollment] = await renewals.enrollments()
    assert enrollment["entry"] == "manual", "it is not in the audience"
    await renewals.ws.admin.post(f"/v1/enrollments/{enrollment['id']}/exit", {})
    await renewals.change(opportunity_id, stage="Negotiation")
    await renewals.tenure.settle()
    assert len(await renewals.enrollments()) == 1


async def test_the_flag_waits_until_the_record_is_ready(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 30)
    opportunity_id = new_id()
    event = renewals.opportunity_event(
        opportunity_id,
        contract_expiration=day(50),
        deal_room_url=None,
        manually_enter_renewal_sequence=True,
    )
    await renewals.told(event)
    assert causes(await renewals.blocked(), opportunity_id) == {"no_deal_room"}
    await renewals.change(opportunity_id, deal_room_url="https://rooms.example/acme")
    assert len(await renewals.enrollments(opportunity_id=opportunity_id)) == 1


async def test_the_flag_on_an_expired_contract_makes_a_task(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence()
    opportunity_id = new_id()
    await renewals.told(renewals.opportunity_event(opportunity_id, contract_expiration=day(0)))
    await renewals.change(opportunity_id, manually_enter_renewal_sequence=True)
    assert causes(await renewals.blocked(), opportunity_id) == {"contract_expired"}
    assert await renewals.enrollments() == []
    await renewals.change(opportunity_id, is_closed=True)
    assert causes(await renewals.blocked(), opportunity_id) == set()


async def test_who_has_been_through_does_not_enter_again_by_itself(renewals: Renewals) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90)
    opportunity_id = await renewals.opportunity()
    assert (await renewals.enrollment(opportunity_id))["exit_reason"] == "completed"
    await renewals.told(renewals.left(opportunity_id), renewals.entered(opportunity_id))
    assert len(await renewals.enrollments()) == 1
    path = f"sequence_id={sequence['id']}&opportunity_id={opportunity_id}"
    answer = await renewals.ws.observer.get(f"/v1/enrollments/eligibility?{path}")
    gates = {gate["name"]: gate for gate in answer.json()["gates"]}
    assert gates["first_time"]["passed"] is False
    assert answer.json()["eligible"] is False


async def test_enabling_enters_the_audience_that_was_there_before(renewals: Renewals) -> None:
    await renewals.furnish()
    ready = await renewals.opportunity()
    blocked = await renewals.opportunity(deal_room_url=None)
    sequence = await renewals.sequence(enabled=False)
    assert await renewals.enrollments() == []
    await renewals.enable(sequence["id"])
    assert len(await renewals.enrollments(opportunity_id=ready)) == 1
    assert causes(await renewals.blocked(), blocked) == {"no_deal_room"}

    await renewals.ws.admin.post(f"/v1/sequences/{sequence['id']}/disable")
    await renewals.tenure.settle()
    assert causes(await renewals.blocked(), blocked) == set(), "a disabled sequence asks nothing"
    assert (await renewals.enrollment(ready))["state"] == "active", "who is under way goes on"
    await renewals.ws.admin.delete(f"/v1/sequences/{sequence['id']}")
    await renewals.tenure.settle()
    assert (await renewals.enrollment(ready))["exit_reason"] == "sequence_archived"


async def test_two_sequences_blocked_by_one_cause_make_one_task(renewals: Renewals) -> None:
    await renewals.furnish()
    first = await renewals.sequence()
    await renewals.sequence()
    opportunity_id = await renewals.opportunity(deal_room_url=None)
    assert len(await renewals.events("enrollment_blocked")) == 1
    await renewals.ws.admin.delete(f"/v1/sequences/{first['id']}")
    await renewals.tenure.settle()
    assert await renewals.events("enrollment_unblocked") == []
    await renewals.change(opportunity_id, deal_room_url="https://rooms.example/acme")
    assert len(await renewals.events("enrollment_unblocked")) == 1


async def test_merged_contacts_hand_over_their_enrollments(renewals: Renewals) -> None:
    contact_id = await renewals.furnish()
    await renewals.sequence(90, 60)
    opportunity_id = await renewals.opportunity()
    heir = new_id()
    merged = renewals.contact_event(contact_id, change="merged").model_copy(
        update={"merged_into": heir}
    )
    await renewals.told(renewals.contact_event(heir, email="heir@acme.example"), merged)
    assert (await renewals.enrollment(opportunity_id))["contact_id"] == str(heir)
    await renewals.on(30)
    assert [mail.recipient for mail in renewals.sent()] == [
        "ann@acme.example",
        "heir@acme.example",
    ]


async def test_hearing_an_event_again_or_late_changes_nothing(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90)
    opportunity_id = new_id()
    first = renewals.opportunity_event(opportunity_id, manually_enter_renewal_sequence=True)
    await renewals.told(first)
    await renewals.change(opportunity_id, is_closed=True)
    before = await renewals.enrollments()
    await renewals.told(first, first)
    assert await renewals.enrollments() == before


async def test_an_opportunity_that_moves_takes_its_enrollment_to_the_other_account(
    renewals: Renewals,
) -> None:
    contact_id = await renewals.furnish()
    await renewals.sequence(90, 60)
    opportunity_id = await renewals.opportunity()
    other = new_id()
    await renewals.told(
        renewals.account_event(other, name="Umbrella"),
        renewals.contact_event(contact_id, accounts=[(other, [])]),
        renewals.opportunity_event(opportunity_id, account_id=other),
    )
    enrollment = await renewals.enrollment(opportunity_id)
    assert (enrollment["state"], enrollment["account_id"]) == ("active", str(other))
    await renewals.on(30)
    assert renewals.sent()[1].subject == "Umbrella: 60 days"
