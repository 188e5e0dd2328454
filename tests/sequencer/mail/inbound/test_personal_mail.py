"""Mail of a contact that names no other: an answer to what we wrote lately, or not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.ids import new_id
from tests.sequencer.renewals import CSM_MAILBOX, TODAY, Renewals
from tests.simulators.mail import Fault, Stage

ANN = "ann@acme.example"
TEAM = "renewals@northwind.example"


async def enter(renewals: Renewals, *days_before: int, **fields: Any) -> UUID:
    """The opportunity; its first mail has left."""
    await renewals.furnish()
    await renewals.sequence(*days_before or (90, 60), **fields)
    return await renewals.opportunity()


async def customer(renewals: Renewals, email: str, csm: UUID) -> UUID:
    """The opportunity of one more account, which `csm` looks after."""
    account_id, opportunity_id = new_id(), new_id()
    await renewals.told(
        renewals.account_event(account_id, name="Beta", key_roles={"csm": [csm]}),
        renewals.contact_event(new_id(), email=email, accounts=[(account_id, [])]),
        renewals.opportunity_event(opportunity_id, account_id=account_id),
        renewals.entered(opportunity_id),
    )
    return opportunity_id


async def state(renewals: Renewals, opportunity_id: UUID) -> str:
    enrollment = await renewals.enrollment(opportunity_id)
    return str(enrollment["exit_reason"] or enrollment["state"])


async def test_whom_we_wrote_to_lately_answers_without_a_thread(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals)
    await renewals.on(29)
    await renewals.bounced(None, recipient="ann+work@acme.example")
    assert await state(renewals, opportunity_id) == "active", "another mailbox is gone"
    await renewals.wrote(
        "Ann+work@acme.example", subject="", received_at=TODAY + timedelta(days=29)
    )
    assert await state(renewals, opportunity_id) == "replied"
    await renewals.wrote(ANN, subject="And the invoice?", received_at=TODAY + timedelta(days=29))
    [told] = await renewals.events("contact_replied")
    assert (told["contact_name"], told["subject"]) == ("Ann Lee", "")
    await renewals.on(40)
    assert len(renewals.sent()) == 1


async def test_other_mail_stops_nothing(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals)
    await renewals.told(renewals.contact_event(new_id(), name="Bo", email="bo@acme.example"))
    await renewals.wrote("bo@acme.example")
    assert await state(renewals, opportunity_id) == "active", "never written to"
    await renewals.wrote(ANN, received_at=TODAY - timedelta(seconds=1))
    assert await state(renewals, opportunity_id) == "active", "written before our mail left"
    to_somebody = {"mailbox": "bo@northwind.example", "recipients": ["bo@northwind.example"]}
    await renewals.wrote(ANN, **to_somebody)
    assert await state(renewals, opportunity_id) == "active", "written to somebody else"
    assert await renewals.events("contact_replied") == []


async def test_a_colleague_whom_a_sequence_wrote_to_is_a_colleague(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.colleague("Bo Ek", "bo@northwind.example")
    await renewals.sequence()
    opportunity_id = await customer(renewals, "Bo@northwind.example", renewals.csm)
    assert len(renewals.sent("bo@northwind.example")) == 1
    await renewals.wrote("bo@northwind.example")
    assert await state(renewals, opportunity_id) == "active"


async def test_lately_is_a_month(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals, 90, 30)
    await renewals.on(31)
    await renewals.wrote(ANN, received_at=TODAY + timedelta(days=31))
    assert await state(renewals, opportunity_id) == "active"


async def test_what_is_stopped_waits_for_no_answer(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals)
    await renewals.change(opportunity_id, is_closed=True, is_won=True)
    await renewals.wrote(ANN)
    assert await renewals.events("contact_replied") == []


async def test_after_the_last_mail_an_answer_is_told_once(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals, 90)
    for _ in range(2):
        await renewals.wrote(ANN)
    assert await state(renewals, opportunity_id) == "completed"
    assert len(await renewals.events("contact_replied")) == 1


async def test_one_mail_in_two_of_our_mailboxes_is_told_once(renewals: Renewals) -> None:
    await enter(renewals)
    [mail] = renewals.sent()
    for mailbox in (CSM_MAILBOX, "bo@northwind.example"):
        await renewals.replied(mail, mailbox=mailbox, message_id="<one@acme.example>")
    assert len(await renewals.events("contact_replied")) == 1
    await renewals.replied(mail, message_id="<two@acme.example>")
    assert len(await renewals.events("contact_replied")) == 2


async def test_an_answer_is_known_by_whom_it_is_to_wherever_it_is_read(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals)
    await renewals.wrote(ANN, mailbox=TEAM, recipients=[TEAM, CSM_MAILBOX])
    assert await state(renewals, opportunity_id) == "replied"


async def test_where_answers_are_asked_for_they_are_answers(renewals: Renewals) -> None:
    opportunity_id = await enter(renewals, reply_to="Renewals@northwind.example")
    await renewals.wrote(ANN, mailbox=TEAM)
    assert await state(renewals, opportunity_id) == "replied"


async def test_of_two_accounts_with_one_contact_the_mailbox_tells_which(
    renewals: Renewals,
) -> None:
    first = await enter(renewals)
    colleague = await renewals.colleague("Bo Ek", "bo@northwind.example")
    await renewals.on(1)
    second = await customer(renewals, "Ann@acme.example", colleague)
    assert [mail.sender for mail in renewals.sent(ANN)] == [CSM_MAILBOX, "bo@northwind.example"]
    await renewals.wrote(ANN, received_at=TODAY + timedelta(days=1))
    assert await state(renewals, first) == "replied"
    assert await state(renewals, second) == "active"


async def test_of_two_mails_from_one_mailbox_the_last_before_it_is_answered(
    renewals: Renewals,
) -> None:
    first = await enter(renewals)
    await renewals.on(1)
    second = await customer(renewals, ANN, renewals.csm)
    third = await customer(renewals, "cy@acme.example", renewals.csm)
    await renewals.wrote(ANN, received_at=TODAY + timedelta(hours=1))
    assert await state(renewals, first) == "replied"
    assert await state(renewals, second) == await state(renewals, third) == "active"
    await renewals.wrote(ANN, received_at=TODAY + timedelta(days=1))
    assert await state(renewals, second) == "replied"


async def test_a_mail_of_which_nobody_knows_whether_it_left_can_be_answered(
    renewals: Renewals,
) -> None:
    renewals.mail.fail(Fault(stage=Stage.DOT, close=True, accepted=True), times=1)
    opportunity_id = await enter(renewals)
    await renewals.wrote(ANN)
    assert await state(renewals, opportunity_id) == "replied"
    [message] = await renewals.messages()
    assert message["state"] == "unknown", "it is no proof"


async def test_for_a_mail_of_which_nobody_knows_lately_is_a_month_too(renewals: Renewals) -> None:
    renewals.mail.fail(Fault(stage=Stage.DOT, close=True, accepted=True), times=1)
    opportunity_id = await enter(renewals, 90, 14)
    await renewals.on(31)
    await renewals.wrote(ANN, received_at=TODAY + timedelta(days=31))
    assert await state(renewals, opportunity_id) == "active"
