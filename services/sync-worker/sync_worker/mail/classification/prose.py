"""A report in plain words: what is said, before the mail that it quotes."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from typing import Final

from shared.mail.addresses import email_key
from shared.mail.delivery_failures import enhanced_code, has_code, says_nobody_is_there
from shared.mail.message_ids import is_message_id
from sync_worker.mail.classification.message import header_of

_WORD: Final = re.compile(
    r"[^\s<>\"'(),:;\[\]{}|*=\uff08\uff09\uff0c\uff1a\uff1b、。「」『』【】]+"
)
_LONGEST_ADDRESS = 320
_MOST_SAID = 6_000
_HEADER_NAME: Final = re.compile(
    r"^[> ]*(?:received|return-path|from|to|subject|date|message-id|mime-version|dkim-signature"
    r"|content-type|content-transfer-encoding|reply-to|references|in-reply-to|list-unsubscribe"
    r"|list-unsubscribe-post|authentication-results|x-[\w-]+|arc-[\w-]+)\s*:",
    re.IGNORECASE,
)
_QUOTED_ID: Final = re.compile(
    r"^[> \t]*(?:original-)?message-id\s*:\s*(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE
)
_DELAY: Final = re.compile(
    r"\bdelay(?:ed)?\b|\bwarning\b|will (?:be )?(?:retr|keep trying|continue)|still (?:being"
    r"|trying)"
    r"|not yet (?:been )?delivered|need not resend|do not need to resend|verzögert|verspätet"
    r"|wird weiter|noch nicht zugestellt|retard|différ[ée]|nouvelle tentative|retras|demora"
    r"|ritard|vertraag|försena|forsinke|opóźni|zpožd|задерж|gecik|遅延|再送|配信が遅|延迟|延遲|지연",
    re.IGNORECASE,
)
_ARRIVED: Final = re.compile(
    r"success(?:ful(?:ly)?)? deliver|deliver\w* success|was successfully|^(?:delivered|relayed):"
    r"|erfolgreich zugestellt|(?:été )?remis avec succès|entregado correctamente"
    r"|配信されました|已成功",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Prose:
    said: str
    quoted_text: str

    @classmethod
    def of(cls, text: str) -> "Prose":
        """Where at least three lines of a mail's header begin, the quoted mail begins."""
        lines = text.splitlines()
        at = _start_of_header(lines)
        return cls("\n".join(lines[:at])[:_MOST_SAID], "\n".join(lines[at:]))

    @cached_property
    def quoted(self) -> Message | None:
        if not self.quoted_text:
            return None
        plain = re.sub(r"(?m)^[> ]*> ?", "", self.quoted_text)
        return header_of(plain.encode("utf-8", "replace"))

    @cached_property
    def message_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_QUOTED_ID.findall(f"{self.quoted_text}\n{self.said}")))

    @cached_property
    def addresses(self) -> list[str]:
        return addresses_in(self.said)

    @cached_property
    def alone(self) -> list[str]:
        """Addresses on a line of their own."""
        lines = (line.strip(" \t<>:*-").casefold() for line in self.said.splitlines())
        found = (addresses_in(line) for line in lines if "@" in line and " " not in line)
        return [one for each in found for one in each]

    def about(self, recipient: str | None, strangers: Collection[str] = ()) -> str:
        """What is said of the recipient, when it speaks of several; else all of it."""
        others = {one for one in self.addresses if one != recipient and one not in strangers}
        if not others or recipient not in self.addresses:
            return self.said
        kept: list[str] = []
        keeps = False
        for line in self.said.splitlines():
            named = addresses_in(line)
            keeps = recipient in named or (keeps and others.isdisjoint(named))
            if keeps:
                kept.append(line)
        return "\n".join(kept)

    def diagnostic(self, told: str) -> str | None:
        """The first paragraph with a code, from the line that has it; else a line with words."""
        lines = told.splitlines()
        at = next((i for i, line in enumerate(lines) if enhanced_code(line.strip())), None)
        if at is None:
            at = next((i for i, line in enumerate(lines) if _says_it_failed(line.strip())), None)
        if at is None:
            return None
        end = next((i for i, line in enumerate(lines) if i > at and not line.strip()), len(lines))
        return "\n".join(line.strip() for line in lines[at:end])

    def action(self, subject: str) -> str:
        """A warning and a success are no failure, unless a permanent code says otherwise."""
        if (enhanced_code(self.said) or "").startswith("5"):
            return "failed"
        if _ARRIVED.search(subject) or _ARRIVED.search(self.said):
            return "delivered"
        return "delayed" if _DELAY.search(subject) or _DELAY.search(self.said) else "failed"


def _says_it_failed(line: str) -> bool:
    return has_code(line) or says_nobody_is_there(line)


def addresses_in(text: str) -> list[str]:
    """In order and in the form to compare. Word by word, because one pattern for all of an address
    takes hours over a long text that is nothing but `a@a@a@`.
    """
    words = (word.strip(".").removeprefix("mailto") for word in _WORD.findall(text))
    likely = [word for word in words if "@" in word and len(word) <= _LONGEST_ADDRESS]
    keys = (email_key(word) for word in likely if not is_message_id(word))
    return [key for key in keys if key is not None]


def _start_of_header(lines: list[str]) -> int:
    begins, named = len(lines), 0
    for at, line in enumerate(lines):
        if _HEADER_NAME.match(line):
            begins = at if named == 0 else begins
            named += 1
            if named == 3:  # noqa: PLR2004  (fewer are how people quote facts)
                return begins
        elif not (named and line[:1] in {" ", "\t", ">"} and line.strip(" >")):
            begins, named = len(lines), 0
    return len(lines)
