"""The journal of hand-overs: what the SMTP server took responsibility for, in order.

An acceptance is on disk before the client is told "250", so a test that kills either side can still
count how often a Message-ID was handed over.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.simulators.kit.journal import Journal
from tests.simulators.mail.rules import Reaction


@dataclass(frozen=True)
class Accepted:
    id: int
    #: By the clock of the machine, and by the clock of the simulated world, which a test may stop.
    received_at: datetime
    world_time: datetime
    session: int
    login: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    #: What the world will do about it, by recipient; decided at acceptance, so it survives a kill.
    reactions: dict[str, Reaction]
    #: False when a fault kept the answer from the client.
    answered: bool

    @property
    def recipient(self) -> str:
        return self.recipients[0]

    @cached_property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=policy.default)

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.message.items()]

    def header(self, name: str) -> str | None:
        value = self.message.get(name)
        return None if value is None else str(value)

    @cached_property
    def message_id(self) -> str:
        for name, value in self.message.raw_items():
            if name.lower() == "message-id":
                return "".join(str(value).split())
        return ""

    @property
    def subject(self) -> str:
        return self.header("Subject") or ""

    @property
    def text(self) -> str | None:
        return self._body("plain")

    @property
    def html(self) -> str | None:
        return self._body("html")

    def _body(self, kind: str) -> str | None:
        part = self.message.get_body((kind,))
        return str(part.get_content()) if isinstance(part, EmailMessage) else None

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat(),
            "world_time": self.world_time.isoformat(),
            "session": self.session,
            "login": self.login,
            "sender": self.sender,
            "recipient": self.recipient,
            "recipients": list(self.recipients),
            "message_id": self.message_id,
            "subject": self.subject,
            "headers": [list(header) for header in self.headers],
            "text": self.text,
            "html": self.html,
            "raw_base64": base64.b64encode(self.raw).decode(),
            "answered": self.answered,
        }

    def to_line(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "received_at": self.received_at.isoformat(),
            "world_time": self.world_time.isoformat(),
            "session": self.session,
            "login": self.login,
            "sender": self.sender,
            "recipients": list(self.recipients),
            "message_id": self.message_id,
            "reactions": {to: made.model_dump(mode="json") for to, made in self.reactions.items()},
            "answered": self.answered,
            "raw": base64.b64encode(self.raw).decode(),
        }

    @classmethod
    def from_line(cls, line: dict[str, Any]) -> "Accepted":
        return cls(
            id=line["id"],
            received_at=datetime.fromisoformat(line["received_at"]),
            world_time=datetime.fromisoformat(line["world_time"]),
            session=line["session"],
            login=line["login"],
            sender=line["sender"],
            recipients=tuple(line["recipients"]),
            raw=base64.b64decode(line["raw"]),
            reactions={to: Reaction.model_validate(made) for to, made in line["reactions"].items()},
            answered=line["answered"],
        )


class AcceptedMail:
    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self.all: list[Accepted] = []
        self._last_id = 0
        for line in self._journal.replay():
            self._last_id = line["id"]
            if "raw" in line:
                self.all.append(Accepted.from_line(line))

    def add(self, make: Callable[[int], Accepted]) -> Accepted:
        """Blocks on the disk, because only then may the server answer."""
        accepted = make(self._last_id + 1)
        self._journal.append(accepted.to_line(), durable=True)
        self._last_id = accepted.id
        self.all.append(accepted)
        return accepted

    def find(
        self, *, message_id: str | None = None, recipient: str | None = None, after: int = 0
    ) -> list[Accepted]:
        return [
            mail
            for mail in self.all
            if mail.id > after
            and (message_id is None or mail.message_id == message_id)
            and (recipient is None or recipient.lower() in {to.lower() for to in mail.recipients})
        ]

    def counts(self) -> dict[str, int]:
        """How often each Message-ID was handed over."""
        counts: dict[str, int] = {}
        for mail in self.all:
            counts[mail.message_id] = counts.get(mail.message_id, 0) + 1
        return counts

    def clear(self) -> None:
        """Forget what was accepted, but never use a number again."""
        self._journal.clear()
        self._journal.append({"id": self._last_id}, durable=True)
        self.all.clear()

    def close(self) -> None:
        self._journal.close()
