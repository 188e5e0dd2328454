"""Mail that came back, as the reader of a mailbox tells it."""

from datetime import UTC, datetime
from typing import Any

from shared.events.sync import (
    AutoReplyReceived,
    BounceReceived,
    PersonalMailReceived,
    ReplyReceived,
)
from shared.ids import new_id
from tests.simulators.mail import Accepted

CSM_MAILBOX = "dana@northwind.example"
TODAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday; the workspace's zone is UTC unless a test says otherwise."""


def bounce_of(mail: Accepted | None, kind: str = "hard", **fields: Any) -> BounceReceived:
    values: dict[str, Any] = {
        "connection_id": new_id(),
        "mailbox": CSM_MAILBOX,
        "message_id": mail.message_id if mail else None,
        "recipient": mail.recipient if mail else None,
        "kind": kind,
        "status": "5.1.1" if kind == "hard" else "4.2.2",
        "diagnostic": "smtp; 550 5.1.1 no such user",
        "received_at": TODAY,
        **fields,
    }
    return BounceReceived.model_validate(values)


def reply_to(
    mail: Accepted, *, automatic: bool = False, **fields: Any
) -> ReplyReceived | AutoReplyReceived:
    values = {
        **_came_in(mail.recipient, f"Re: {mail.subject}"),
        "references": [mail.message_id],
        **fields,
    }
    return (AutoReplyReceived if automatic else ReplyReceived).model_validate(values)


def mail_from(sender: str, **fields: Any) -> PersonalMailReceived:
    values = {**_came_in(sender, "Something else"), "recipients": [], **fields}
    return PersonalMailReceived.model_validate(values)


def _came_in(sender: str, subject: str) -> dict[str, Any]:
    return {
        "connection_id": new_id(),
        "mailbox": CSM_MAILBOX,
        "message_id": f"<{new_id().hex}@acme.example>",
        "sender": sender,
        "subject": subject,
        "received_at": TODAY,
    }
