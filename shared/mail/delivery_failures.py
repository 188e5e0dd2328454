"""Classifies why a mail was not delivered, by what the other side said in a report or at hand-over.

Both are classified alike, and carefully: a wrong "address" stops mail to a customer. The code and
the words are weighed together, because neither is enough: 5.1.1 beside "sending too fast" is about
us, and 5.0.0 beside "no such user" is about the address.
"""

import re
from collections.abc import Iterable
from typing import Final, Literal

from shared.mail.failure_phrases import (
    FULL,
    GONE,
    PASSING,
    POLICY,
    RECIPIENT_REFUSED,
    RESTRICTED,
    SENDERS_FAULT,
)

FailureCause = Literal["address", "full", "passing", "restricted", "policy", "other"]
"""Nobody has the address; its mailbox is full; it may work later; who has it takes mail of few, as
a closed group does; they do not want mail from us (RFC 3463, x.7.x); anything else."""

_CONDEMNING: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Codes (RFC 3463, RFC 7505) that are about the address."""
_ABOUT_SOMETHING_ELSE: Final = frozenset(
    {"5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.1", "5.3.4", "5.4.5", "5.4.6", "5.4.7"}
)
"""Codes that no words turn into a verdict on the address: our sender, a full mailbox, the size."""
_OF_THE_RECIPIENT: Final = frozenset(
    {"5.7.2", "5.7.12", "5.7.124", "5.7.129", "5.7.133", "5.7.134", "5.7.135", "5.7.136"}
)
"""Of x.7.x those that are about whom this one recipient takes mail from (RFC 3463, Exchange)."""
_CATCH_ALL_POLICY: Final = frozenset({"5.7.0", "5.7.1"})
"""Servers answer these whatever the reason is; the rest of x.7.x is about us."""

# Codes stand where servers put them: first, after a reply code, after `#`. Digits anywhere else
# belong to network addresses, versions and dates.
_REPLY: Final = re.compile(
    r"(?:^|[\n(<\"'#;=]|(?<!\d)[:\-]|\b(?:code|error|said|status|response|returned|answered)\b:?)"
    r"\s{0,3}(42[1-9]|43[0-2]|44[1-9]|45[0-9]|471|50[0-4]|51[0-9]|52[0-5]|53[0-8]|54[01]|55[0-7]"
    r"|57[0-7])"
    r"(?![\w/]|[.:\-]\d{2}|[.]\d(?![.]\d{1,3}\b))"
)
_ENHANCED: Final = re.compile(
    r"(?:^|\n|#\s?|(?<![\d.])[45]\d\d[ \-:;]{1,2}\s?[#(\[<]?"
    r"|\b(?:status|code|error|dsn|smtp)\b[\s:=;]{1,3})"
    r"([45])\.([0-7])\.(\d{1,3})(?![.\-/\d]*\d)"
)
# Its groups look like reply codes: `2001:db8::450` (RFC 4291, 2.2).
_IPV6: Final = re.compile(
    r"(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![\w:]|\.\d)", re.IGNORECASE
)
_MOST_READ: Final = 8_000
_ADDRESS: Final = re.compile(r"<?[^\s<>\"'(),;:\uff08\uff1a「『【]{1,64}@[A-Za-z0-9À-ɏ.\-]+>?")
_LINK_OR_HOST: Final = re.compile(
    r"https?://\S+|(?<![\w.])[A-Za-z0-9][\w-]*(?:\.[\w-]+)*\.[a-z]{2,}(?![\w.])"
)
_LINE_END: Final = re.compile(r"(?<!\n)\n(?!\n)|[^\S\n]+")


def cause_of_failure(text: str, status: str | None = None) -> FailureCause:
    """`text` is what a server said, beginning with its reply code if there is one; `status` the
    enhanced code that a report gives beside it.
    """
    text = text[:_MOST_READ]
    codes = _enhanced_codes(text)
    known = [*codes, *_enhanced_codes(status or "")]
    words = _words(text)
    if _is_passing(_reply_code(text), codes, status):
        return "full" if FULL.search(words) else "passing"
    if _condemns(known, words):
        return "address"
    if "5.2.2" in known or FULL.search(words):
        return "full"
    if any(code.startswith("5.7.") for code in known):
        return "restricted" if _is_restricted(known, words) else "policy"
    return "other"


def enhanced_code(text: str | None) -> str | None:
    """The first code of RFC 3463 that stands where servers put it."""
    return next(iter(_enhanced_codes((text or "")[:_MOST_READ])), None)


def has_code(text: str) -> bool:
    """Whether it holds a code of a failure, of either kind."""
    return bool(_reply_code(text) or _enhanced_codes(text))


def says_nobody_is_there(text: str) -> bool:
    return GONE.search(_words(text)) is not None


def _words(text: str) -> str:
    """The text without addresses, hosts and links, whose names mean nothing."""
    plain = _LINK_OR_HOST.sub(" ", _ADDRESS.sub(" address ", text))
    # Sentences run over the ends of lines, and end at an empty one.
    return (
        _LINE_END.sub(" ", re.sub(r"[^\S\n]*\n[^\S\n]*", "\n", plain))
        .casefold()
        .replace("\u2019", "'")
    )


def _condemns(codes: Iterable[str], words: str) -> bool:
    """Words that say plainly that nobody is there confirm a code about the address, whatever is
    said of policy, and stand in for a code that says nothing; words that excuse the address
    outweigh a code alone. A full mailbox is somebody's.
    """
    distinct_codes = frozenset(codes)
    is_gone = GONE.search(words) is not None
    is_full = FULL.search(words) is not None
    is_excused = is_full or any(excuse.search(words) for excuse in (PASSING, POLICY, RESTRICTED))
    if distinct_codes & _CONDEMNING:
        return not is_full and (is_gone or not is_excused)
    if is_excused or any(_is_about_something_else(code) for code in distinct_codes):
        return False
    about_addressing = any(code.startswith("5.1.") for code in distinct_codes)
    return is_gone or (about_addressing and RECIPIENT_REFUSED.search(words) is not None)


def _is_restricted(codes: Iterable[str], words: str) -> bool:
    """Words that speak of our server, domain or mails outweigh both: then others refuse us too."""
    if SENDERS_FAULT.search(words):
        return False
    return not _OF_THE_RECIPIENT.isdisjoint(codes) or RESTRICTED.search(words) is not None


def _is_about_something_else(code: str) -> bool:
    if code in _ABOUT_SOMETHING_ELSE or code.startswith("5.6."):
        return True
    return code.startswith("5.7.") and code not in _CATCH_ALL_POLICY


def _is_passing(reply: str | None, codes: list[str], status: str | None) -> bool:
    """What the server said counts before what the report made of it."""
    if reply or codes:
        return (reply or "").startswith("4") or (codes[:1] or [""])[0].startswith("4")
    return (status or "").strip().startswith("4")


def _reply_code(text: str) -> str | None:
    match = _REPLY.search(_without_networks(text))
    return match[1] if match else None


def _enhanced_codes(text: str) -> list[str]:
    return [".".join(match.groups()) for match in _ENHANCED.finditer(_without_networks(text))]


def _without_networks(text: str) -> str:
    return _IPV6.sub("address", text.strip())
