"""Mailboxes, read over IMAP."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Final

from sync_worker.connectors.base import Can, Peer, Secrets, Settings, Spec
from sync_worker.connectors.imap.folder import opened
from sync_worker.connectors.imap.settings import ImapConnectionIn
from sync_worker.connectors.mail_base import Dialled, MailFolder

SPEC: Final = Spec(
    key="imap",
    title="A mailbox",
    settings=ImapConnectionIn,
    can=Can(deletes="absence"),
    signs_in_by=frozenset({"username", "host", "port"}),
    peer=Peer(host="host", port="port", security="security", ports=frozenset({143, 993})),
)


class Imap:
    spec = SPEC

    def method(self, secrets: Collection[str]) -> str:
        return "password"

    def opened(
        self, to: Dialled, settings: Settings, secrets: Secrets
    ) -> AbstractContextManager[MailFolder]:
        return opened(to, settings["username"], secrets["password"], settings["folder"])
