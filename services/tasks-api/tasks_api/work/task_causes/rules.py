"""What a task says for each cause, and whether the cause still stands."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from shared.events.records import OpportunityRecord
from tasks_api.work.tasks.rows import Task

REFUSED_BY = "accounts"

Refusal = Literal["contract_expired", "opportunity_closed"]
"""Why an entry by hand was refused where it was asked for, before any sequence heard of it."""
REFUSALS: tuple[Refusal, ...] = get_args(Refusal)


@dataclass(frozen=True, slots=True)
class TaskText:
    title: str
    body: str


NO_STEP_LEFT = "no_step_left"
"""How `manual_entry_required` reads once entering would send nothing."""
_OFFERS = {
    True: "Call them, or send the last mail now: POST /v1/enrollments with send_now true.",
    False: "No mail can leave any more: call them.",
}

_TEXTS: dict[str, TaskText] = {
    "no_deal_room": TaskText(
        "Create a deal room for {opportunity}",
        "{opportunity} of {account} cannot enter {sequence}: it has no deal room. Create one and"
        " put its address on the opportunity; this task then closes and the sequence starts.",
    ),
    "no_product_admin": TaskText(
        "Find a product admin at {account}",
        "{opportunity} cannot enter {sequence}: no contact of {account} with an e-mail address is"
        " marked as product admin. Mark one; this task then closes itself.",
    ),
    "contact_bounced": TaskText(
        "Find a new contact for {opportunity}",
        "The mail to the contact of {opportunity} at {account} came back as undeliverable. Choose a"
        " new contact, best candidate first; {sequence} then goes on where it stopped.",
    ),
    "contact_soft_bounced": TaskText(
        "Find a new contact for {opportunity}",
        "Mail to the contact of {opportunity} at {account} came back several times, so its address"
        " is suppressed for a month. Choose another contact, best candidate first, or lift the"
        " suppression; {sequence} then goes on where it stopped.",
    ),
    "contact_suppressed": TaskText(
        "Find a new contact for {opportunity}",
        "A person asked that nothing is sent to the contact of {opportunity} at {account}. Choose"
        " another contact, best candidate first; {sequence} then goes on where it stopped.",
    ),
    "expiration_missing": TaskText(
        "Set the contract expiration of {opportunity}",
        "{opportunity} of {account} has no contract expiration, so {sequence} cannot know when to"
        " write. Set the date; this task then closes itself.",
    ),
    "manual_entry_required": TaskText(
        "Enter {opportunity} into the renewal sequence by hand",
        "{opportunity} of {account} is late for {sequence}. Set its field"
        " manually_enter_renewal_sequence if it should enter now; steps already past are skipped.",
    ),
    NO_STEP_LEFT: TaskText(
        "Call {account}, or send one renewal mail now",
        "{opportunity} of {account} is so late that no step of {sequence} is left before its"
        " contract expires, so it did not enter. {offer}",
    ),
    "contract_expired": TaskText(
        "{opportunity} has expired and was not entered",
        "The contract of {opportunity} at {account} has expired, so no renewal mail may be sent."
        " Agree the renewal in person, or correct the expiration date.",
    ),
    "opportunity_closed": TaskText(
        "{opportunity} is closed and was not entered",
        "{opportunity} of {account} is closed, so no renewal mail may be sent.",
    ),
    "note_fields_refused": TaskText(
        "Set fields that a note could not write",
        "The note was kept while our records could not be reached. When they could, its fields were"
        " refused, or somebody else had changed them: the note shows both values. Set what still"
        " holds on the record itself.",
    ),
    "record_quarantined": TaskText(
        "The sequences of {opportunity} stand still",
        "What happens next to {opportunity} of {account} could not be decided: {detail} Nobody"
        " else's mails wait for it. It is tried again when the record changes, and from time to"
        " time; this task then closes itself.",
    ),
    "mail_held": TaskText(
        "A mail to {account} is held: {reason}",
        "{step} was not sent or its outcome is not known: {detail} Look at the mailbox, then say"
        " what happened with POST /v1/messages/{message}/resolve.",
    ),
}


def offer_text(*, send_now: bool) -> str:
    return _OFFERS[send_now]


def task_text(cause: str, **names: str | None) -> TaskText:
    """The title and body for a cause. Names nobody told us read as a plain word."""
    text = _TEXTS[cause]
    known = {
        "opportunity": "the opportunity",
        "account": "the account",
        "sequence": "the renewal sequence",
        **{key: value for key, value in names.items() if value},
    }
    return TaskText(text.title.format(**known)[:200], text.body.format(**known))


def still_refused(task: Task, record: OpportunityRecord, today: date) -> bool:
    """Whether the reason for which the entry was refused still stands. A contract whose date nobody
    has touched stays expired: its customer may live where the day has come already.
    """
    if task.cause == "opportunity_closed":
        return record.is_closed
    expiration = record.contract_expiration
    if record.is_closed or expiration is None:
        return False
    untouched = task.data.get("contract_expiration") == expiration
    return untouched or date.fromisoformat(expiration) <= today
