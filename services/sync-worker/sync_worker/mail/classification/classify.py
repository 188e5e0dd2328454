"""What a mail is: a bounce, a machine's answer, a person's answer, their other mail, or none."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.mail.addresses import writers
from shared.mail.message_ids import is_own
from sync_worker.mail.classification.automatic import is_automatic, is_bulk, is_mass_mailing
from sync_worker.mail.classification.message import Mail, own_parts
from sync_worker.mail.classification.reports import Report, report_of
from sync_worker.mail.classification.subjects import is_answer, is_receipt

MailKind = Literal["bounce", "auto_reply", "reply", "personal", "other"]
"""`personal`: a person wrote, and the mail itself does not say whether it is an answer."""


@dataclass(frozen=True)
class Finding:
    kind: MailKind
    report: Report | None = None
    quoted: tuple[str, ...] = ()
    """Message-IDs that it is about, nearest first."""


def classified(workspace_id: UUID, mail: Mail) -> Finding:
    """Structure first, then headers; words count only where machines were silent. A mail that
    answers one of ours is no mail to many, whatever a list has written into its header.
    """
    report = report_of(workspace_id, mail)
    if report is not None:
        kind: MailKind = "bounce" if report.action == "failed" else "other"
        return Finding(kind, report, report.quoted)
    if mail.message.get_content_type() == "multipart/report" or _is_a_click(mail):
        return Finding("other")
    answers = tuple(mail.answers)
    if is_automatic(mail):
        return Finding("auto_reply", quoted=answers)
    if any(is_own(workspace_id, answered) for answered in answers):
        return Finding("reply", quoted=answers)
    if is_bulk(mail):
        return Finding("other")
    if answers or is_answer(mail.subject):
        return Finding("reply", quoted=answers)
    if is_mass_mailing(mail) or _calendar_methods(mail):
        return Finding("other")
    return Finding("personal")


def _is_a_click(mail: Mail) -> bool:
    """A receipt, or an answer to an invitation: nobody wrote anything."""
    return is_receipt(mail.subject) or not _calendar_methods(mail).isdisjoint({"REPLY", "COUNTER"})


def _calendar_methods(mail: Mail) -> set[str]:
    return {
        str(part.get_param("method", "")).upper()
        for part in own_parts(mail.message)
        if part.get_content_type() in {"text/calendar", "application/ics"}
    }


def concerns_us(
    workspace_id: UUID,
    mail: Mail,
    finding: Finding,
    known_addresses: Collection[str],
    *,
    mailbox: str | None,
    is_history: bool,
) -> bool:
    """Whether anybody may hear of the mail: it answers one of ours, or it is from (a report: about)
    a contact we know. Of mails that were there before we looked only the first counts, because
    they cannot be about what was sent later. What the mailbox's owner wrote, and a group sent back,
    is nobody's answer.
    """
    if finding.kind == "other" or mail.sender == mailbox:
        return False
    if any(is_own(workspace_id, quoted) for quoted in finding.quoted):
        return True
    if is_history:
        return False
    if finding.report is not None:
        return finding.report.recipient in known_addresses
    return any(address in known_addresses for address in writers(mail.sender))
