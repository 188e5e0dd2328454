"""Renders the items of FETCH. What has a literal goes last: some readers look for UID before it."""

import re
from dataclasses import dataclass
from datetime import datetime

from tests.simulators.mail.imap.syntax import Bad, Token, text
from tests.simulators.mail.store import StoredMessage

MACROS = {
    "ALL": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
    "FAST": ["FLAGS", "INTERNALDATE", "RFC822.SIZE"],
}
PLAIN = {"FLAGS", "UID", "RFC822.SIZE", "INTERNALDATE", "MODSEQ"}
SECTION = re.compile(
    r"BODY(?P<peek>\.PEEK)?\[(?P<part>HEADER|TEXT|HEADER\.FIELDS(?P<other>\.NOT)?"
    r" \((?P<fields>[^)]*)\)|)\](?:<(?P<start>\d+)\.(?P<length>\d+)>)?",
    re.IGNORECASE,
)
ALIASES = {"RFC822": "BODY[]", "RFC822.HEADER": "BODY.PEEK[HEADER]", "RFC822.TEXT": "BODY[TEXT]"}


@dataclass(frozen=True)
class Section:
    name: str
    peek: bool
    part: str
    fields: frozenset[str]
    start: int | None
    length: int

    def of(self, raw: bytes) -> bytes:
        head, blank, body = raw.partition(b"\r\n\r\n")
        if self.part == "":
            found = raw
        elif self.part == "TEXT":
            found = body
        elif self.part == "HEADER":
            found = head + blank
        else:
            found = self._chosen(head)
        return found if self.start is None else found[self.start : self.start + self.length]

    def _chosen(self, head: bytes) -> bytes:
        wanted = self.part == "HEADER.FIELDS"
        fields = re.findall(rb"[^\r\n]+(?:\r\n[ \t][^\r\n]*)*", head)
        kept = [
            field
            for field in fields
            if (field.partition(b":")[0].decode("ascii", "replace").strip().upper() in self.fields)
            is wanted
        ]
        return b"".join(field + b"\r\n" for field in kept) + b"\r\n"


@dataclass(frozen=True)
class Items:
    plain: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def marks_seen(self) -> bool:
        return any(not section.peek for section in self.sections)

    def render(self, message: StoredMessage) -> bytes:
        rendered = [_plain(item, message) for item in self.plain]
        for section in self.sections:
            octets = section.of(message.raw)
            rendered.append(b"%s {%d}\r\n%s" % (section.name.encode(), len(octets), octets))
        return b" ".join(rendered)


def parse_items(token: Token, *, with_uid: bool) -> Items:
    names = [text(name) for name in token] if isinstance(token, list) else [text(token)]
    if len(names) == 1:
        names = MACROS.get(names[0].upper(), names)
    plain: list[str] = ["UID"] if with_uid else []
    sections = []
    for name in names:
        if name.upper() in PLAIN:
            plain.append(name.upper())
        else:
            sections.append(_section(name))
    if any(not section.peek for section in sections):
        plain.append("FLAGS")
    return Items(tuple(dict.fromkeys(plain)), tuple(sections))


def _section(name: str) -> Section:
    found = SECTION.fullmatch(ALIASES.get(name.upper(), name))
    if found is None:
        raise Bad(f"Unsupported item {name}")
    part = found["part"].upper().partition(" ")[0]
    shown = name.upper() if name.upper() in ALIASES else f"BODY[{found['part'].upper()}]"
    if found["start"]:
        shown += f"<{found['start']}>"
    return Section(
        name=shown,
        peek=bool(found["peek"]),
        part=part,
        fields=frozenset((found["fields"] or "").replace('"', "").upper().split()),
        start=int(found["start"]) if found["start"] else None,
        length=int(found["length"] or 0),
    )


def _plain(item: str, message: StoredMessage) -> bytes:
    match item:
        case "FLAGS":
            return b"FLAGS (%s)" % " ".join(sorted(message.flags)).encode()
        case "UID":
            return b"UID %d" % message.uid
        case "RFC822.SIZE":
            return b"RFC822.SIZE %d" % len(message.raw)
        case "INTERNALDATE":
            return b'INTERNALDATE "%s"' % internal_date(message.internal_date).encode()
        case _:
            return b"MODSEQ (%d)" % message.modseq


def internal_date(instant: datetime) -> str:
    return f"{instant.day:2d}-{instant:%b-%Y %H:%M:%S %z}"
