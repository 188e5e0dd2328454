"""Whether a machine wrote a mail that is no report (RFC 3834 and what responders really send)."""

import re
from typing import Final

from sync_worker.mail.classification.message import Mail, plain_text
from sync_worker.mail.classification.subjects import says_automatic

_SAYING_SO: Final = re.compile(
    r"x-(?:[\w-]+-)?(?:support)?auto-?(?:repl|resp(?!onse-suppress)|answer|generated|submitted)"
    r"|x-(?:away|vacation|oof|out-?of-?office|fc-machinegenerated|servicenow-generated|otrs-loop"
    r"|challenge-response|tmda-confirm-message)$",
    re.IGNORECASE,
)
"""Headers of responders, whatever they hold but a no."""

_RESPONDER: Final = re.compile(
    r"vacation|auto-?(?:responder|reply)|\booo\b|out of office", re.IGNORECASE
)
_WORDS: Final = {
    "Delivered-To": re.compile(r"^auto-?(?:responder|reply)\b", re.IGNORECASE),
    "Precedence": re.compile(r"^auto[-_ ]?(?:reply|responder|generated)", re.IGNORECASE),
    "X-Precedence": re.compile(r"^auto[-_ ]?(?:reply|responder|generated)", re.IGNORECASE),
    "Preference": re.compile(r"^auto[-_ ]?(?:reply|responder)", re.IGNORECASE),
    "X-MS-Exchange-Generated-Message-Source": re.compile(r"agent", re.IGNORECASE),
    "X-Mailer": _RESPONDER,
    "User-Agent": _RESPONDER,
    "X-POST-MessageClass": re.compile(r"autoresponder", re.IGNORECASE),
    "X-Loop": re.compile(r"auto-?(?:responder|reply)|vacation", re.IGNORECASE),
}
_MASS_MAILERS: Final = frozenset(
    {
        "feedback-id",
        "x-feedback-id",
        "mailing-list",
        "x-mailing-list",
        "x-csa-complaints",
        "x-report-abuse",
        "x-abuse-reports-to",
        "x-campaign",
        "x-campaignid",
        "x-campaign-id",
        "x-mailer-recptid",
        "x-mc-user",
        "x-mandrill-user",
        "x-mailgun-sid",
        "x-sg-eid",
        "x-ses-outgoing",
        "x-sfdc-user",
        "x-job",
        "x-notifications",
    }
)
_LISTS: Final = "list-"
_NO: Final = frozenset({"", "no", "false", "0", "none"})
_PATHS: Final = ("Return-Path", "X-Envelope-From", "X-Original-Return-Path")
_NOBODY: Final = re.compile(
    r"^(?:no[-_.]?reply|do[-_.]?not[-_.]?reply|auto[-_.]?(?:reply|responder?|confirm)"
    r"|mailer-daemon)"
    r"(?:[-_.+]|@)",
    re.IGNORECASE,
)
_OPENING: Final = 600
"""Characters in which a machine says that it is one."""
_SAYS_IT_IS_A_MACHINE: Final = re.compile(
    r"this is an? (?:auto(?:mated|matic|matically[ -]generated)|auto-?(?:reply|generated))"
    r"|(?:type|write|enter) your (?:reply|response|answer) above this line"
    r"|(?:please )?do not (?:reply|respond) to this (?:auto\w+ )?(?:e-?mail|message|mail)"
    r"|this (?:e-?mail|message) (?:was|is|has been) (?:automatically|auto-?) ?generated"
    r"|a (?:support )?(?:ticket|case) has been (?:created|opened)"
    r"|dies ist eine automatisch|diese (?:e-?mail|nachricht) wurde automatisch"
    r"|ceci est (?:une réponse|un message) automatique|message (?:généré|envoyé) automatiquement"
    r"|(?:ésta|esta|este) es (?:una respuesta|un mensaje) automátic"
    r"|esta é uma (?:resposta|mensagem) automática|questa è una risposta automatica"
    r"|messaggio (?:generato )?automatic|dit is een (?:geautomatiseerd|automatisch)"
    r"|detta är ett (?:automatiskt|autosvar)|dette er (?:et|en) (?:automatisk|autosvar)"
    r"|tämä on automaatti|(?:to jest|niniejsza) (?:automatyczna|wiadomość (?:została )?automat)"
    r"|(?:wiadomość|odpowiedź) (?:została )?wygenerowana automatycznie|toto je automatick"
    r"|(?:zpráva|e-?mail) byl[ao]? (?:vygenerován|odeslán)[ao]? automaticky"
    r"|bu (?:bir )?otomatik|bu (?:e-?posta|mesaj) otomatik|это автоматическ|ez egy automatikus"
    r"|自動(?:返信|応答|送信|配信)(?:メール|メッセージ)?(?:です|となります|しております)"
    r"|[这這]是(?:一封)?自[动動]|(?:系统|系統)自[动動](?:回复|回覆|发送|發送)"
    r"|(?:このメール|本メール|こちら)は.{0,12}自動|これは自動|此邮件(?:为|由)?(?:系统)?自动|這是自動|这是自动"
    r"|자동(?:으로)? (?:발송|회신|응답)",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    r"out of (?:the )?office|on (?:vacation|holiday|leave)|away from|not (?:be )?in the office"
    r"|abwesend|im urlaub|nicht im (?:büro|haus)|außer haus|absent|en congé|hors du bureau"
    r"|fuera de la oficina|de vacaciones|ausente|fora do escritório|de férias|fuori ufficio"
    r"|in ferie"
    r"|assente|afwezig|op vakantie|bortrest|på semester|på ferie|poissa|lomalla|urlopie|nieobecn"
    r"|dovolen|в отпуске|отсутств|不在|休暇|外出|休假|不在办公室|부재|휴가",
    re.IGNORECASE,
)


def is_automatic(mail: Mail) -> bool:
    """By headers first; words count where machines were silent."""
    return _headers_say_so(mail) or says_automatic(mail.subject) or _text_says_so(mail)


def is_bulk(mail: Mail) -> bool:
    return _precedence(mail) in {"bulk", "list", "junk"} or any(
        mail.has(name) for name in ("List-Id", "List-Unsubscribe")
    )


def is_mass_mailing(mail: Mail) -> bool:
    """What programs for campaigns and notices leave in a header. Help desks in which people answer
    leave some of it too, so it counts only for mail that does not say it is an answer.
    """
    names = (name.lower() for name in mail.message)
    return any(name in _MASS_MAILERS or name.startswith(_LISTS) for name in names)


def _headers_say_so(mail: Mail) -> bool:
    submitted = re.split(r"[;(]", mail.header("Auto-Submitted"))[0].strip().lower()
    if submitted not in _NO or any(mail.header(name) == "<>" for name in _PATHS):
        return True
    saying = [name for name in mail.message if _SAYING_SO.match(name)]
    if any(mail.header(name).lower() not in _NO for name in saying):
        return True
    if any(word.search(value) for name, word in _WORDS.items() for value in mail.headers(name)):
        return True
    return _NOBODY.match(mail.sender) is not None


def _text_says_so(mail: Mail) -> bool:
    """People say that they are away, too: then it takes a header that people seldom send.
    `X-Auto-Response-Suppress` alone is no sign, because people's clients send it.
    """
    opening = _without_quotes(plain_text(mail.message))[:_OPENING].replace("\u2019", "'")
    if _SAYS_IT_IS_A_MACHINE.search(opening):
        return True
    suppressed = "all" in mail.header("X-Auto-Response-Suppress").lower()
    hinted = suppressed or _precedence(mail) in {"bulk", "junk"}
    return hinted and _AWAY.search(opening) is not None


def _precedence(mail: Mail) -> str:
    return mail.header("Precedence").strip().lower()


def _without_quotes(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith(">")).strip()
