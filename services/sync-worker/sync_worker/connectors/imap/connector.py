"""Mailboxes, read over IMAP."""

from collections.abc import Collection
from typing import Final

from sync_worker.connectors.base import Can, Peer, Spec
from sync_worker.connectors.imap.settings import ImapConnectionIn

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
