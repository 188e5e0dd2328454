"""Every step of a sequence as one record's contact would get it, by the functions that send it."""

from typing import Any
from uuid import UUID

from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.mailboxes.rows import Mailbox
from sequencer.mail.mailboxes.senders import SenderChoice, senders_of
from sequencer.mail.templates.rules import CannotRender, render, render_line
from sequencer.mail.templates.service import (
    SenderIdentity,
    mail_variables,
    record_variables,
)
from sequencer.replica import service as records
from sequencer.replica.schemas import Account, Contact, Opportunity, zones_of
from sequencer.sequences.planning.rules import Plan, due_instant
from sequencer.sequences.previews.schemas import PreviewIn
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.schemas import Definition, Step
from sequencer.sequences.sequences.versions import plan_of
from sequencer.sequences.sequences.warnings import warnings_of, who_left
from shared.calendars import calendar_of
from shared.errors import invalid
from shared.uow import UnitOfWork

_LINK = "https://unsubscribe.example/preview"


async def preview(uow: UnitOfWork, sequence_id: UUID, data: PreviewIn) -> dict[str, Any]:
    """Of the draft. What is missing is a `problem` of the steps that need it, not an error."""
    definition = await sequences.draft_definition(uow, sequence_id)
    record_set = await records.with_accounts(uow, [data.opportunity_id])
    opportunity = record_set.opportunities.get(data.opportunity_id)
    if opportunity is None:
        raise invalid(
            "/opportunity_id", "unknown_opportunity", "There is no opportunity with this id."
        )
    account = record_set.account_of(opportunity.id)
    contact = await _contact(uow, definition, account, data.contact_id)
    mailbox = await _mailbox(uow, definition, account)
    zone = await uow.zone()
    calendar = await calendar_of(uow, None, zone)
    plan = plan_of(definition, opportunity, account, zones_of(contact, account, zone), calendar)
    gone = await who_left(uow, record_set.accounts.values())
    dates = _dates(definition, plan)
    variables = await _variables(uow, opportunity, account, contact, mailbox)
    return {
        "contact_id": contact.id if contact else None,
        "recipient": contact.email if contact else None,
        "sender": mailbox.email if mailbox else None,
        "send_deadline": plan.send_deadline if plan else None,
        "warnings": warnings_of(definition, account, gone),
        "steps": [
            {**dates[step.known_id], **_rendered(step, variables)} for step in definition.ordered()
        ],
    }


async def _contact(
    uow: UnitOfWork, definition: Definition, account: Account | None, wanted: UUID | None
) -> Contact | None:
    """Raises `Invalid` for a contact of another account."""
    if account is None:
        return None
    people = (await records.contacts_by_account(uow, [account.id])).get(account.id, [])
    ranked = records.ranked_contacts(people, definition.contact_selector.trait)
    if wanted is not None:
        contact = next((part.contact for _, part in ranked if part.contact.id == wanted), None)
        if contact is None:
            raise invalid("/contact_id", "not_of_account", "No contact of this account.")
        return contact
    return next((part.contact for person, part in ranked if person.chosen_by_trait), None)


async def _mailbox(
    uow: UnitOfWork, definition: Definition, account: Account | None
) -> Mailbox | None:
    choice = SenderChoice.of(definition.sender.mailbox_id, definition.sender.key_role, account)
    mailbox_id = (await senders_of(uow, {"it": choice}))["it"].mailbox_id
    return (
        (await mailboxes.mailboxes_by_id(uow, [mailbox_id])).get(mailbox_id) if mailbox_id else None
    )


def _dates(definition: Definition, plan: Plan | None) -> dict[UUID, dict[str, Any]]:
    if plan is None:
        return {step.known_id: {"day": None, "due_at": None} for step in definition.steps}
    return {
        step.id: {"day": step.day.isoformat(), "due_at": due_instant(step, plan.zone)}
        for step in plan.steps
    }


async def _variables(
    uow: UnitOfWork,
    opportunity: Opportunity,
    account: Account | None,
    contact: Contact | None,
    mailbox: Mailbox | None,
) -> dict[str, Any]:
    """Without what is not there: a step that needs it says so."""
    return mail_variables(
        record_variables(contact=contact, account=account, opportunity=opportunity),
        sender=SenderIdentity(mailbox.display_name, mailbox.email) if mailbox else None,
        workspace_name=await records.workspace_name(uow),
        unsubscribe_url=_LINK,
    )


def _rendered(step: Step, variables: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "step_id": step.id,
        "title": step.title,
        "subject": None,
        "text": None,
        "html": None,
        "problem": None,
    }
    try:
        shown["subject"] = render_line(step.subject, variables)
        shown["text"] = render(step.text, variables)
        if step.html is not None:
            shown["html"] = render(step.html, variables, html=True)
    except CannotRender as error:
        shown["problem"] = str(error)
    return shown
