"""Mailboxes, folders and messages: what the IMAP server shows.

Every change is a line of `mailboxes.jsonl` and is replayed at start, so UIDs, flags and UIDVALIDITY
survive a restart as they do on a real server.
"""

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.simulators.kit.journal import Journal

FOLDERS = {
    "INBOX": "",
    "Sent": "\\Sent",
    "Drafts": "\\Drafts",
    "Junk": "\\Junk",
    "Trash": "\\Trash",
}
FIRST_UID_VALIDITY = 3857529045


@dataclass
class StoredMessage:
    uid: int
    raw: bytes
    internal_date: datetime
    flags: set[str]
    modseq: int

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=policy.default)


@dataclass
class Folder:
    name: str
    special_use: str = ""
    uid_validity: int = FIRST_UID_VALIDITY
    uid_next: int = 1
    highest_modseq: int = 1
    messages: dict[int, StoredMessage] = field(default_factory=dict)
    watchers: set[asyncio.Event] = field(default_factory=set)

    def changed(self) -> int:
        """Take the next modification sequence and wake whoever idles here."""
        self.highest_modseq += 1
        for watcher in self.watchers:
            watcher.set()
        return self.highest_modseq


@dataclass
class Mailbox:
    address: str
    password: str
    aliases: tuple[str, ...] = ()
    #: Gmail files a copy of what was sent over its SMTP server; a relay does not.
    keeps_sent: bool = True
    folders: dict[str, Folder] = field(default_factory=dict)

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def owns(self, address: str) -> bool:
        """Sub-addresses (`ana+x@acme.example`) belong to the mailbox as on most servers."""
        local, at, domain = address.lower().rpartition("@")
        base = f"{local.partition('+')[0]}{at}{domain}"
        return base in {self.address, *self.aliases} or address.lower() in self.aliases

    def folder(self, name: str) -> Folder:
        name = "INBOX" if name.upper() == "INBOX" else name
        if name not in self.folders:
            raise LookupError(f"{self.address} has no folder {name!r}")
        return self.folders[name]


class MailStore:
    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._mailboxes: dict[str, Mailbox] = {}
        #: Why messages were filed; an effect that has a reason is never filed twice.
        self.reasons: set[str] = set()
        for line in self._journal.replay():
            self._apply(line)

    @property
    def mailboxes(self) -> list[Mailbox]:
        return list(self._mailboxes.values())

    def mailbox(self, address: str) -> Mailbox:
        found = self.owner_of(address)
        if found is None:
            raise LookupError(f"no mailbox {address}")
        return found

    def owner_of(self, address: str) -> Mailbox | None:
        direct = self._mailboxes.get(address.lower())
        return direct or next((box for box in self.mailboxes if box.owns(address)), None)

    def authenticate(self, login: str, password: str) -> Mailbox | None:
        mailbox = self._mailboxes.get(login.lower())
        return mailbox if mailbox and mailbox.password == password else None

    def put_mailbox(
        self, address: str, password: str, *, aliases: Iterable[str] = (), keeps_sent: bool = True
    ) -> Mailbox:
        """Create a mailbox, or change the password and settings of one that exists."""
        self._do(
            op="mailbox", address=address.lower(), password=password,
            aliases=[alias.lower() for alias in aliases], keeps_sent=keeps_sent,
        )  # fmt: skip
        return self._mailboxes[address.lower()]

    def remove_mailbox(self, address: str) -> None:
        self._do(op="remove_mailbox", address=self.mailbox(address).address)

    def create_folder(self, mailbox: Mailbox, name: str) -> None:
        self._do(op="folder", address=mailbox.address, folder=name)

    def append(
        self, mailbox: Mailbox, folder: str, raw: bytes, *, at: datetime,
        flags: Iterable[str] = (), reason: str | None = None,
    ) -> StoredMessage:  # fmt: skip
        target = mailbox.folder(folder)
        self._do(
            op="append", address=mailbox.address, folder=target.name, at=at.isoformat(),
            flags=sorted(flags), reason=reason, raw=base64.b64encode(raw).decode(),
        )  # fmt: skip
        return target.messages[target.uid_next - 1]

    def set_flags(self, mailbox: Mailbox, folder: Folder, uid: int, flags: Iterable[str]) -> None:
        self._do(
            op="flags", address=mailbox.address, folder=folder.name, uid=uid, flags=sorted(flags)
        )

    def expunge(self, mailbox: Mailbox, folder: Folder, uid: int) -> None:
        self._do(op="expunge", address=mailbox.address, folder=folder.name, uid=uid)

    def bump_uid_validity(self, mailbox: Mailbox, folder: str) -> int:
        """What a server does after a restore: every UID that a client stored is void."""
        target = mailbox.folder(folder)
        self._do(op="uid_validity", address=mailbox.address, folder=target.name)
        return target.uid_validity

    def close(self) -> None:
        self._journal.close()

    def _do(self, **line: Any) -> None:
        self._journal.append(line)
        self._apply(line)

    def _apply(self, line: dict[str, Any]) -> None:
        address = line["address"]
        if reason := line.get("reason"):
            self.reasons.add(reason)
        if line["op"] == "mailbox":
            self._put(line)
        elif line["op"] == "remove_mailbox":
            del self._mailboxes[address]
        elif line["op"] == "folder":
            self._mailboxes[address].folders[line["folder"]] = Folder(line["folder"])
        else:
            self._apply_to_folder(self._mailboxes[address].folders[line["folder"]], line)

    def _put(self, line: dict[str, Any]) -> None:
        mailbox = self._mailboxes.get(line["address"])
        if mailbox is None:
            folders = {name: Folder(name, special_use=use) for name, use in FOLDERS.items()}
            mailbox = Mailbox(line["address"], line["password"], folders=folders)
            self._mailboxes[mailbox.address] = mailbox
        mailbox.password = line["password"]
        mailbox.aliases = tuple(line["aliases"])
        mailbox.keeps_sent = line["keeps_sent"]

    @staticmethod
    def _apply_to_folder(folder: Folder, line: dict[str, Any]) -> None:
        modseq = folder.changed()
        match line["op"]:
            case "append":
                folder.messages[folder.uid_next] = StoredMessage(
                    uid=folder.uid_next,
                    raw=base64.b64decode(line["raw"]),
                    internal_date=datetime.fromisoformat(line["at"]),
                    flags=set(line["flags"]),
                    modseq=modseq,
                )
                folder.uid_next += 1
            case "flags":
                folder.messages[line["uid"]].flags = set(line["flags"])
                folder.messages[line["uid"]].modseq = modseq
            case "expunge":
                del folder.messages[line["uid"]]
            case "uid_validity":
                kept = list(folder.messages.values())
                folder.uid_validity += 1
                for uid, message in enumerate(kept, start=1):
                    message.uid = uid
                folder.messages = {message.uid: message for message in kept}
                folder.uid_next = len(kept) + 1
