"""Every step of a sequence as one record's contact would get it, by the functions that send it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sequencer.mail.current_values import service as current
from sequencer.mail.current_values.rules import CurrentValues, Wanted, wanted_by, with_current
from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.mailboxes.rows import Mailbox
from sequencer.mail.mailboxes.senders import SenderChoice, senders_of
from sequencer.mail.origins.protocols import Content
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
from shared.auth import Caller, Subject
from shared.calendars import calendar_of
from shared.errors import invalid
from shared.service import Service
from shared.uow import UnitOfWork

_LINK = "https://unsubscribe.example/preview"


@dataclass(frozen=True, slots=True)
class _Drafted:
    """All that is shown, but what templates become."""

    shown: dict[str, Any]
    dates: Mapping[UUID, dict[str, Any]]
    steps: Mapping[UUID, tuple[Step, frozenset[Wanted]]]
    """In their order, each with the values of today that it names."""
    variables: dict[str, Any]


async def preview(
    running: Service, caller: Caller, sequence_id: UUID, data: PreviewIn
) -> dict[str, Any]:
    """Of the draft. What is missing is a `problem` of the steps that need it, not an error."""
    async with running.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        drafted = await _drafted(uow, sequence_id, data)
    subject = Subject.of(caller.principal)
    asker = current.Asker(running, caller.workspace_id, caller.cause, subject)
    wanted = frozenset().union(*(named for _, named in drafted.steps.values()))
    values = await current.current_values(asker, wanted)
    steps = [
        {**drafted.dates[step_id], **_rendered(step, named, drafted.variables, values)}
        for step_id, (step, named) in drafted.steps.items()
    ]
    return {**drafted.shown, "steps": steps}


async def _drafted(uow: UnitOfWork, sequence_id: UUID, data: PreviewIn) -> _Drafted:
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
    shown = {
        "contact_id": contact.id if contact else None,
        "recipient": contact.email if contact else None,
        "sender": mailbox.email if mailbox else None,
        "send_deadline": plan.send_deadline if plan else None,
        "warnings": warnings_of(definition, account, gone),
    }
    named = {"contact": contact, "account": account, "opportunity": opportunity}
    ids = {name: record.id for name, record in named.items() if record is not None}
    moving = await records.moving_fields(uow)
    return _Drafted(
        shown,
        _dates(definition, plan),
        {
            step.known_id: (step, wanted_by(_content(step).templates, ids, moving))
            for step in definition.ordered()
        },
        await _variables(uow, opportunity, account, contact, mailbox),
    )


def _content(step: Step) -> Content:
    return Content(step.subject, step.text, step.html, None)


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


def _rendered(
    step: Step, wanted: frozenset[Wanted], variables: dict[str, Any], values: CurrentValues
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "step_id": step.id,
        "title": step.title,
        "subject": None,
        "text": None,
        "html": None,
        "problem": values.why_not(wanted),
    }
    if shown["problem"] is not None:
        return shown
    variables = with_current(variables, wanted, values)
    try:
        shown["subject"] = render_line(step.subject, variables)
        shown["text"] = render(step.text, variables)
        if step.html is not None:
            shown["html"] = render(step.html, variables, html=True)
    except CannotRender as error:
        shown["problem"] = str(error)
    return shown
