"""What a mail is: a bounce, a machine's answer, a person's answer, or none of these."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from shared.email_addresses import email_key
from shared.message_ids import is_own
from sync_worker.mailbox.rules.message import Mail
from sync_worker.mailbox.rules.reports import Report, report_of

MailKind = Literal["bounce", "auto_reply", "reply", "other"]

_AUTO_HEADERS: Final = ("X-Autoreply", "X-Autorespond", "X-Auto-Reply", "X-Auto-Respond")
_AUTO_SUBJECT = re.compile(
    r"^(automatic reply|auto(matic)?[- ]?reply|out of (the )?office|abwesenheit"
    r"|automatische antwort|réponse automatique|respuesta automática|risposta automatica)",
    re.IGNORECASE,
)
_REPLY_SUBJECT = re.compile(r"^(re|aw|sv|antw|rv|vs|odp|res)(\[\d+\])?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    kind: MailKind
    report: Report | None = None
    quoted: tuple[str, ...] = ()
    """Message-IDs that it is about, nearest first."""


def classified(mail: Mail) -> Finding:
    """By structure first; words count only where machines were silent (RFC 3834, section 2)."""
    report = report_of(mail)
    if report is not None:
        quoted = (report.message_id,) if report.message_id else ()
        return Finding("bounce" if report.action == "failed" else "other", report, quoted)
    if mail.message.get_content_type() == "multipart/report":
        return Finding("other")
    answers = tuple(mail.answers)
    if is_automatic(mail):
        return Finding("auto_reply", quoted=answers)
    if is_bulk(mail):
        return Finding("other")
    if answers or _REPLY_SUBJECT.match(mail.subject):
        return Finding("reply", quoted=answers)
    return Finding("other")


def is_automatic(mail: Mail) -> bool:
    """A machine wrote it. `X-Auto-Response-Suppress` is no sign: people's clients send it too."""
    submitted = mail.header("Auto-Submitted").partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    if any(mail.header(name).lower() not in {"", "no"} for name in _AUTO_HEADERS):
        return True
    if mail.header("Precedence").lower() == "auto_reply" or mail.header("Return-Path") == "<>":
        return True
    return _AUTO_SUBJECT.match(mail.subject) is not None


def is_bulk(mail: Mail) -> bool:
    return mail.header("Precedence").lower() in {"bulk", "list", "junk"} or mail.has("List-Id")


def concerns_us(
    workspace_id: UUID,
    mail: Mail,
    finding: Finding,
    known_addresses: Collection[str],
    *,
    is_history: bool,
) -> bool:
    """Whether anybody may hear of the mail: it answers one of ours, or it is from (a report: about)
    a contact we know. Of mails that were there before we looked only the first counts, because
    they cannot be about what was sent later.
    """
    if finding.kind == "other":
        return False
    if any(is_own(workspace_id, quoted) for quoted in finding.quoted):
        return True
    correspondent = finding.report.recipient if finding.report is not None else mail.sender
    return not is_history and email_key(correspondent) in known_addresses
