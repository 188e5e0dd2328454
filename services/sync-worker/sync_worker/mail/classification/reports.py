"""Delivery reports: RFC 3464 in RFC 6522, RFC 6533, older forms of them, and plain prose.

The structure of the outermost mail says whether a mail system wrote it. Only then its parts are
read, so a person who attaches somebody's report stays a person. Facts come from the machine part
when there is one; of prose counts what stands before the quoted mail.
"""

import re
from dataclasses import dataclass
from email.message import Message
from typing import Final, Literal
from uuid import UUID

from shared.mail.delivery_failures import (
    cause_of_failure,
    enhanced_code,
    has_code,
)
from shared.mail.message_ids import is_own, own_in
from sync_worker.mail.classification.fields import (
    Fields,
    is_status_part,
    recipient_fields,
    status_text,
)
from sync_worker.mail.classification.message import (
    Mail,
    header,
    header_of,
    message_ids,
    octets_of,
    own_parts,
    plain_text,
)
from sync_worker.mail.classification.prose import Prose, addresses_in
from sync_worker.mail.classification.subjects import is_answer

Kind = Literal["hard", "soft"]

_QUOTING: Final = frozenset(
    {
        "message/rfc822",
        "message/global",
        "message/rfc822-headers",
        "message/global-headers",
        "text/rfc822-headers",
        "text/rfc822-header",
        "text/rfc822",
    }
)
_MAILER: Final = re.compile(
    r"^(?:mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mail[-_.]?delivery[-_.]?\w*|postmaster"
    r"|microsoftexchange[0-9a-f]{32}|mail[-_.]?system|bounces?)(?:[-+=.][^@]*)?@",
    re.IGNORECASE,
)
_MAILER_DAEMON: Final = re.compile(r"mailer[-_.]?daemon", re.IGNORECASE)
_SAYING_SO: Final = (
    "X-Failed-Recipients",
    "X-MS-Exchange-Message-Is-Ndr",
    "X-MS-Embedded-Report",
)
_PERSON_TOO: Final = re.compile(r"^(?:postmaster|bounces?)\b", re.IGNORECASE)
_SUBJECT: Final = re.compile(
    r"undeliver|\bdelay|^warning|delivery (?:status|fail|has failed|notif|report|problem|error"
    r"|incomplete)"
    r"|(?:mail|message) (?:delivery|system error|could not|not delivered|status)"
    r"|returned (?:mail|to)"
    r"|failure (?:notice|delivering)|failed delivery|rejected mail|non[- ]?delivery|not delivered"
    r"|could ?n[o']t be delivered|unzustellbar|nicht zugestellt|unzustellbarkeit|non remis"
    r"|non distribu"
    r"|échec de (?:la )?(?:remise|distribution)|no se (?:puede|pudo|ha podido) entregar"
    r"|no entregado|devuelto|non recapitabil|mancato recapito|não (?:foi )?entregue|não entregável"
    r"|niet (?:worden )?bezorgd|onbestelbaar|ej levererat|inte levereras|kunne ikke leveres"
    r"|toimittaminen|niedostarczon|nedoručiteln|nelze doručit|не доставлен|недоставлен|iletilemedi"
    r"|配信(?:不能|エラー|できません|失敗|に失敗)|不達|送信(?:エラー|できません)|退信|无法(?:送达|投递|傳遞)"
    r"|投递失败|未能送达|배달 ?(?:실패|할 수)|전송 ?실패",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Report:
    """What a report says of a mail. `action` other than `failed` is no bounce."""

    action: str
    kind: Kind
    status: str | None
    recipient: str | None
    diagnostic: str | None
    quoted: tuple[str, ...]
    """Message-IDs of the mails that it may be about, likeliest first. A report that quotes nothing
    may still stand in the thread of its mail.
    """


def report_of(workspace_id: UUID, mail: Mail) -> Report | None:
    """None for a mail that is no delivery report; receipts and complaints are none either."""
    if _report_type(mail) not in {None, "delivery-status", "global-delivery-status"}:
        return None
    if _report_type(mail) is None and not _is_from_mailer(mail):
        return None
    original = _original(mail)
    text = plain_text(mail.message)
    machine = next((part for part in own_parts(mail.message) if is_status_part(part)), None)
    # Where the boundary between the parts is wrong, the fields stand in the text.
    fields = status_text(machine) if machine is not None else text
    prose = Prose.of(text)
    told = f"{text}\n{fields}" if machine is not None else text
    quoted = _quoted(workspace_id, mail, told, prose, original)
    blocks = recipient_fields(fields)
    if blocks:
        return _from_fields(mail, blocks, prose, original, quoted)
    if _tells_of_a_failure(workspace_id, mail, prose, original, quoted):
        return _from_prose(mail, prose, original, quoted)
    return None


def _report_type(mail: Mail) -> str | None:
    """Of a multipart/report (RFC 6522): what kind it says it is."""
    if mail.message.get_content_type() != "multipart/report":
        return None
    return str(mail.message.get_param("report-type") or "delivery-status").lower()


def _is_from_mailer(mail: Mail) -> bool:
    if any(mail.has(name) for name in _SAYING_SO):
        return True
    path = mail.header("Return-Path")
    if path == "<>" or _MAILER_DAEMON.search(path):
        return True
    if not mail.sender:
        return _MAILER_DAEMON.search(mail.header("From")) is not None
    if not _MAILER.match(mail.sender):
        return False
    # Behind an address such as postmaster@ there may be a person, who answers and has a path.
    is_person = path and (mail.answers or is_answer(mail.subject))
    return not (is_person and _PERSON_TOO.match(mail.sender))


def _original(mail: Mail) -> Message | None:
    """The header of the mail that the report is about."""
    for part in own_parts(mail.message):
        if part is not mail.message and part.get_content_type() in _QUOTING:
            return header_of(octets_of(part).lstrip())
    return None


def _from_fields(
    mail: Mail,
    blocks: list[Fields],
    prose: Prose,
    original: Message | None,
    quoted: tuple[str, ...],
) -> Report:
    ours = _addresses_of(original if original is not None else prose.quoted)
    chosen = _about_us(blocks, ours)
    diagnostic, status = chosen.diagnostic, chosen.status
    kind = _kind(diagnostic or "", status)
    if kind == "soft" and len(blocks) == 1 and not _says_why(diagnostic or "", status):
        kind = _kind(prose.said, status)
    named = chosen.original_recipient or chosen.final_recipient
    failed = addresses_in(mail.header("X-Failed-Recipients"))
    return Report(
        action=chosen.action,
        kind=kind,
        status=enhanced_code(status) or enhanced_code(diagnostic),
        recipient=named or next(iter(failed), None),
        diagnostic=diagnostic[:1000] if diagnostic else None,
        quoted=quoted or tuple(mail.answers[:1]),
    )


def _about_us(blocks: list[Fields], ours: set[str]) -> Fields:
    """Of several recipients the one that we wrote to. When nothing names it, it was forwarded, and
    what failed counts.
    """
    named = [block for block in blocks if block.final_recipient in ours]
    named = named or [block for block in blocks if block.original_recipient in ours]
    if len({block.final_recipient for block in named}) > 1:
        # A list of people stands behind the address: it is good when it reached any of them.
        named = [block for block in named if block.has_arrived] or named
    candidates = named or blocks
    return next((block for block in candidates if block.action == "failed"), candidates[0])


def _says_why(diagnostic: str, status: str | None) -> bool:
    return cause_of_failure(diagnostic, status) != "other"


def _kind(said: str, status: str | None) -> Kind:
    return "hard" if cause_of_failure(said, status) == "address" else "soft"


def _tells_of_a_failure(
    workspace_id: UUID,
    mail: Mail,
    prose: Prose,
    original: Message | None,
    quoted: tuple[str, ...],
) -> bool:
    """A responder has no return path either, so that alone says nothing; but it answers in the name
    of whom we wrote to, and a mail system does not.
    """
    if _report_type(mail) is not None or any(mail.has(name) for name in _SAYING_SO):
        return True
    if mail.sender in _addresses_of(original if original is not None else prose.quoted):
        return False
    if _SUBJECT.search(mail.subject):
        return True
    if not any(is_own(workspace_id, one) for one in quoted):
        return False
    is_mailer = _MAILER.match(mail.sender) is not None or not mail.sender
    return is_mailer or has_code(prose.said)


def _from_prose(
    mail: Mail, prose: Prose, original: Message | None, quoted: tuple[str, ...]
) -> Report:
    ours = _addresses_of(original if original is not None else prose.quoted)
    strangers = {mail.sender, *addresses_in(mail.header("To"))}
    failed = [*addresses_in(mail.header("X-Failed-Recipients")), *prose.alone, *prose.addresses]
    likely = [one for one in failed if one in ours or one not in strangers]
    recipient = next((one for one in likely if one in ours), next(iter(likely), None))
    told = prose.about(recipient, strangers)
    diagnostic = prose.diagnostic(told)
    kind = _kind(diagnostic or "", None)
    if kind == "soft" and not _says_why(diagnostic or "", None):
        kind = _kind(told, None)
    return Report(
        action="failed" if kind == "hard" else prose.action(mail.subject),
        kind=kind,
        status=enhanced_code(diagnostic),
        recipient=recipient,
        diagnostic=diagnostic[:1000] if diagnostic else None,
        quoted=quoted or tuple(mail.answers[:1]),
    )


def _quoted(
    workspace_id: UUID, mail: Mail, told: str, prose: Prose, original: Message | None
) -> tuple[str, ...]:
    """The mail that it quotes, by its own name: a mail of the same thread names ours too."""
    named = [mail.header(name) for name in ("Original-Message-ID", "X-Original-Message-ID")]
    by_name = _id_of(original) or prose.message_ids or message_ids(" ".join(named))
    return tuple(dict.fromkeys(by_name or own_in(workspace_id, told)))


def _id_of(original: Message | None) -> list[str]:
    return message_ids(header(original, "Message-ID")) if original is not None else []


def _addresses_of(original: Message | None) -> set[str]:
    if original is None:
        return set()
    return set(addresses_in(f"{header(original, 'To')} {header(original, 'X-Original-To')}"))
