"""What every connector of mailboxes is, beside what every connector is."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sync_worker.connectors.base import Connector, Secrets, Settings


@dataclass(frozen=True, slots=True)
class Dialled:
    """Where a system is that does not speak HTTP: the name it has, the checked address that is
    dialled.
    """

    host: str
    port: int
    address: str
    encrypted: bool


@dataclass(frozen=True, slots=True)
class FolderState:
    """Numbers of mails hold only under their `uid_validity`."""

    uid_validity: int
    next_uid: int


@dataclass(frozen=True, slots=True)
class RawMail:
    """The beginning of a mail, as it is on the server."""

    uid: int
    arrived_at: datetime
    raw: bytes = field(repr=False)


class MailFolder(Protocol):
    """One session with one folder, from a thread; every method raises `SystemTrouble`."""

    @property
    def state(self) -> FolderState: ...

    def uids_from(self, first: int) -> list[int]: ...
    def fetch(self, uids: Sequence[int]) -> list[RawMail]:
        """The mails that are still there, in order."""
        ...


class MailConnector(Connector, Protocol):
    """Reads mails, and never marks any."""

    def opened(
        self, to: Dialled, settings: Settings, secrets: Secrets
    ) -> AbstractContextManager[MailFolder]:
        """Signs in and looks at the folder, blocking. Raises `SystemTrouble`: `reauth` when it does
        not take our name and password, else `retry`.
        """
        ...
