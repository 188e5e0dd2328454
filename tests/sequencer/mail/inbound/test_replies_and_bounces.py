"""What comes back: bounces, replies, automatic answers, the wish not to be written to."""

from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from tests.sequencer.renewals import Renewals, made
from tests.simulators.mail import Fault, Stage

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def enter(renewals: Renewals, *days_before: int) -> tuple[UUID, UUID]:
    """Contact and opportunity."""
    contact_id = await renewals.furnish()
    await renewals.sequence(*days_before or (90, 60))
    return contact_id, await renewals.opportunity()


async def add_contact(renewals: Renewals, email: str, **fields: Any) -> UUID:
    contact_id = new_id()
    name = email.partition("@")[0].title()
    event = renewals.contact_event(
        contact_id, name=name, first_name=name, email=email, **{"traits": {}, **fields}
    )
    await renewals.told(event)
    return contact_id


async def choose(renewals: Renewals, opportunity_id: UUID, contact_id: UUID) -> Any:
    enrollment = await renewals.enrollment(opportunity_id)
    path = f"/v1/enrollments/{enrollment['id']}/replace-contact"
    return await renewals.ws.team_member.post(path, {"contact_id": str(contact_id)})


async def test_a_hard_bounce_pauses_until_another_contact_is_chosen(renewals: Renewals) -> None:
    contact_id, opportunity_id = await enter(renewals)
    second = await add_contact(renewals, "bo@acme.example")
    await renewals.bounced(renewals.sent()[0])

    [bounced] = await renewals.events("contact_bounced")
    assert (bounced["contact_id"], bounced["email"]) == (str(contact_id), "ann@acme.example")
    paused = await renewals.enrollment(opportunity_id)
    assert (paused["state"], paused["pause_reason"]) == ("paused", "contact_bounced")
    [blocked] = await renewals.events("enrollment_blocked")
    assert blocked["cause"] == "contact_bounced"
    assert blocked["enrollment_id"] == paused["id"]
    assert [one["contact_id"] for one in blocked["candidates"]] == [str(second)]
    [suppressed] = (await renewals.ws.admin.get("/v1/suppressions")).json()["data"]
    assert (suppressed["address"], suppressed["reason"]) == ("ann@acme.example", "hard_bounce")

    stopped = await renewals.ws.admin.post(f"/v1/enrollments/{paused['id']}/resume")
    assert (stopped.status_code, stopped.json()["reason"]) == (409, "contact_bounced")
    refused = await choose(renewals, opportunity_id, contact_id)
    assert refused.status_code == 422
    assert {error["code"] for error in refused.json()["errors"]} == {"suppressed"}

    resumed = made(await choose(renewals, opportunity_id, second))
    assert resumed["state"] == "active"
    await renewals.tenure.settle()
    assert [mail.recipient for mail in renewals.sent()] == ["ann@acme.example", "bo@acme.example"]
    assert renewals.sent()[1].subject == "Acme: 90 days", "the step that failed"
    assert renewals.sent()[1].header("In-Reply-To") is None, "nobody answers a mail never seen"
    assert len(await renewals.events("enrollment_unblocked")) == 1
    assert len(await renewals.events("enrollment_resumed")) == 1
    steps = [one["step_title"] for one in await renewals.messages() if not one["superseded_at"]]
    assert steps == ["90 days before"], "one row stands for the step"


async def test_a_second_report_of_the_same_mail_changes_nothing(renewals: Renewals) -> None:
    _, opportunity_id = await enter(renewals)
    second = await add_contact(renewals, "bo@acme.example")
    [mail] = renewals.sent()
    await renewals.bounced(mail)
    made(await choose(renewals, opportunity_id, second))
    await renewals.tenure.settle()
    await renewals.bounced(mail)
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    assert len(await renewals.events("contact_bounced")) == 1


async def test_a_bounce_that_names_no_mail_is_matched_by_its_recipient(
    renewals: Renewals,
) -> None:
    _, opportunity_id = await enter(renewals)
    await renewals.bounced(None, recipient="ANN@Acme.Example")
    assert (await renewals.enrollment(opportunity_id))["pause_reason"] == "contact_bounced"


async def test_a_bounce_of_someone_elses_mail_changes_nothing(renewals: Renewals) -> None:
    _, opportunity_id = await enter(renewals)
    await renewals.bounced(None, message_id="<x@else.example>", recipient="x@else.example")
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"


async def test_the_last_mail_may_bounce_after_the_sequence_is_through(
    renewals: Renewals,
) -> None:
    _, opportunity_id = await enter(renewals, 90)
    second = await add_contact(renewals, "bo@acme.example")
    assert (await renewals.enrollment(opportunity_id))["exit_reason"] == "completed"
    await renewals.bounced(renewals.sent()[0])
    paused = await renewals.enrollment(opportunity_id)
    assert (paused["state"], paused["pause_reason"]) == ("paused", "contact_bounced")
    made(await choose(renewals, opportunity_id, second))
    await renewals.tenure.settle()
    assert [mail.recipient for mail in renewals.sent()] == ["ann@acme.example", "bo@acme.example"]
    assert (await renewals.enrollment(opportunity_id))["exit_reason"] == "completed"


@pytest.mark.parametrize("text", ["5.1.1 No such user", "5.5.0 mailbox unavailable [5.7.1.2]"])
async def test_an_address_that_is_refused_at_once_bounced(renewals: Renewals, text: str) -> None:
    renewals.mail.fail(Fault(stage=Stage.RCPT, code=550, text=text), times=1)
    _, opportunity_id = await enter(renewals)
    assert renewals.sent() == []
    [message] = await renewals.messages()
    assert (message["state"], message["reason"]) == ("failed", "hard_bounce")
    assert (await renewals.enrollment(opportunity_id))["pause_reason"] == "contact_bounced"
    second = await add_contact(renewals, "bo@acme.example")
    made(await choose(renewals, opportunity_id, second))
    await renewals.tenure.settle()
    assert [mail.recipient for mail in renewals.sent()] == ["bo@acme.example"]


@pytest.mark.parametrize(
    "text",
    [
        "Blocked, [5.1.1.7] is on a list of senders",
        "5.7.1 This mailbox does not accept mail from outside",
    ],
)
async def test_a_refusal_of_our_mail_costs_that_mail_and_condemns_no_address(
    renewals: Renewals, text: str
) -> None:
    renewals.mail.fail(Fault(stage=Stage.RCPT, code=550, text=text), times=1)
    _, opportunity_id = await enter(renewals)
    [message] = await renewals.messages()
    assert (message["state"], message["reason"]) == ("held", "refused")
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    assert await renewals.events("contact_bounced") == []
    [held] = await renewals.events("message_held")
    assert text in held["detail"]
    [mailbox] = (await renewals.ws.admin.get("/v1/mailboxes")).json()["data"]
    assert mailbox["state"] == "active"
    await renewals.customers(1)
    assert len(renewals.sent()) == 1, "others' mail goes on"


async def test_a_corrected_address_resumes_by_itself(renewals: Renewals) -> None:
    contact_id, opportunity_id = await enter(renewals)
    await renewals.bounced(renewals.sent()[0])
    await renewals.told(renewals.contact_event(contact_id, email="ann.lee@acme.example"))
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    assert [mail.recipient for mail in renewals.sent()][1:] == ["ann.lee@acme.example"]


async def test_a_bounced_mark_from_elsewhere_pauses_too(renewals: Renewals) -> None:
    contact_id, opportunity_id = await enter(renewals)
    await renewals.told(renewals.contact_event(contact_id, email_status="bounced"))
    assert (await renewals.enrollment(opportunity_id))["pause_reason"] == "contact_bounced"
    assert {cause for cause, _ in await renewals.blocked()} == {"contact_bounced"}


async def test_a_contact_who_left_pauses_and_asks_for_another(renewals: Renewals) -> None:
    contact_id, opportunity_id = await enter(renewals)
    await renewals.told(renewals.contact_event(contact_id, accounts=[]))
    assert (await renewals.enrollment(opportunity_id))["pause_reason"] == "contact_gone"
    assert {cause for cause, _ in await renewals.blocked()} == {"no_product_admin"}
    await renewals.told(renewals.contact_event(contact_id, accounts=[(renewals.account_id, [])]))
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    assert await renewals.blocked() == set()


async def test_a_soft_bounce_is_tried_again_another_day_and_not_for_ever(
    renewals: Renewals,
) -> None:
    _, opportunity_id = await enter(renewals, 90, 60, 30)
    for attempt in range(3):
        mails = renewals.sent()
        assert len(mails) == attempt + 1
        await renewals.bounced(mails[-1], kind="soft")
        assert len(renewals.sent()) == attempt + 1, "not on the same day"
        await renewals.on(attempt + 1)
    assert len(renewals.sent()) == 3
    [suppressed] = (await renewals.ws.admin.get("/v1/suppressions")).json()["data"]
    assert suppressed["reason"] == "soft_bounces"
    assert suppressed["expires_at"] == "2026-04-03T09:00:00Z"
    assert (await renewals.enrollment(opportunity_id))["pause_reason"] == "contact_soft_bounced"
    assert await renewals.events("contact_bounced") == []
    await renewals.on(32)
    assert (await renewals.enrollment(opportunity_id))["state"] == "active", "rested for a month"
    assert renewals.sent()[-1].subject == "Acme: 60 days"


async def test_a_reply_stops_every_sequence_of_the_account_and_is_told_once(
    renewals: Renewals,
) -> None:
    contact_id, first = await enter(renewals)
    await renewals.sequence(85)
    second = await renewals.opportunity()
    await renewals.replied(renewals.sent()[0])
    for opportunity_id in (first, second):
        for enrollment in await renewals.enrollments(opportunity_id=opportunity_id):
            assert enrollment["exit_reason"] == "replied"
    [told] = await renewals.events("contact_replied")
    assert told["contact_id"] == str(contact_id)
    assert (told["contact_name"], told["account_name"]) == ("Ann Lee", "Acme")
    assert told["notify_key_role"] == "csm"
    await renewals.on(40)
    assert len(renewals.sent()) == 1


async def test_an_automatic_answer_changes_nothing(renewals: Renewals) -> None:
    _, opportunity_id = await enter(renewals)
    await renewals.replied(renewals.sent()[0], automatic=True)
    enrollment = await renewals.enrollment(opportunity_id)
    assert enrollment["state"] == "active"
    assert enrollment["timeline"][-1]["kind"] == "auto_reply"
    assert await renewals.events("contact_replied") == []


def path_of(link: str) -> str:
    return link.strip("<>").removeprefix("https://tenure.example")


async def test_unsubscribing_takes_one_click_and_looking_takes_none(renewals: Renewals) -> None:
    contact_id, opportunity_id = await enter(renewals)
    path = path_of(renewals.sent()[0].header("List-Unsubscribe") or "")
    page = await renewals.ws.anonymous.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "One-Click" in page.text
    await renewals.tenure.settle()
    assert (await renewals.enrollment(opportunity_id))["state"] == "active", "scanners look too"

    refused = await renewals.ws.anonymous.request("POST", path, data={"yes": "please"})
    assert refused.status_code == 400
    for _ in range(2):
        done = await renewals.ws.anonymous.request("POST", path, data=ONE_CLICK)
        assert done.status_code == 200
        await renewals.tenure.settle()
    assert (await renewals.enrollment(opportunity_id))["exit_reason"] == "unsubscribed"
    [told] = await renewals.events("contact_unsubscribed")
    assert (told["contact_id"], told["email"]) == (str(contact_id), "ann@acme.example")
    [suppressed] = (await renewals.ws.admin.get("/v1/suppressions")).json()["data"]
    assert suppressed["reason"] == "unsubscribed"
    lifted = await renewals.ws.admin.delete(f"/v1/suppressions/{suppressed['id']}")
    assert (lifted.status_code, lifted.json()["code"]) == (409, "recipient_opted_out")


async def test_a_multipart_form_unsubscribes_too(renewals: Renewals) -> None:
    await enter(renewals)
    path = path_of(renewals.sent()[0].header("List-Unsubscribe") or "")
    body = (
        b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--'
    )
    answer = await renewals.ws.anonymous.request(
        "POST", path, content=body, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 200
    await renewals.tenure.settle()
    assert len(await renewals.events("contact_unsubscribed")) == 1


async def test_a_tampered_link_is_nothing(renewals: Renewals) -> None:
    await enter(renewals)
    path = path_of(renewals.sent()[0].header("List-Unsubscribe") or "")
    token = path.rpartition("/")[2]
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", token + "AAAA", "%20"):
        for method in ("GET", "POST"):
            answer = await renewals.ws.anonymous.request(
                method, f"/v1/unsubscribe/{wrong}", data=ONE_CLICK if method == "POST" else None
            )
            assert answer.status_code == 404, wrong


async def test_a_suppressed_address_gets_nothing_until_it_is_lifted(renewals: Renewals) -> None:
    _, opportunity_id = await enter(renewals)
    body = {"email": "Ann@ACME.example", "note": "Asked by phone."}
    added = made(await renewals.ws.leader.post("/v1/suppressions", body))
    assert (await renewals.ws.team_member.post("/v1/suppressions", body)).status_code == 403
    again = made(await renewals.ws.leader.post("/v1/suppressions", body))
    assert again["id"] == added["id"]
    await renewals.on(30)
    assert len(renewals.sent()) == 1
    assert (await renewals.enrollment(opportunity_id))["pause_reason"] == "contact_suppressed"
    assert {cause for cause, _ in await renewals.blocked()} == {"contact_suppressed"}
    found = await renewals.ws.observer.get("/v1/suppressions?email=ANN@acme.example")
    assert [one["id"] for one in found.json()["data"]] == [added["id"]]
    assert (await renewals.ws.leader.delete(f"/v1/suppressions/{added['id']}")).status_code == 204
    await renewals.tenure.settle()
    assert len(renewals.sent()) == 2
    assert (await renewals.ws.leader.delete(f"/v1/suppressions/{added['id']}")).status_code == 404


async def test_what_is_no_address_cannot_be_suppressed(renewals: Renewals) -> None:
    answer = await renewals.ws.admin.post("/v1/suppressions", {"email": "nobody@"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/email"
