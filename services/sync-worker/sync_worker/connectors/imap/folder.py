"""An IMAP folder, read only (RFC 9051): blocking, so it is used from a thread.

imap-tools gives us sessions and log-in; sections are fetched by hand, because we want the beginning
of a mail and its arrival, and never set a flag (`EXAMINE`, `BODY.PEEK`).
"""

import contextlib
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError, MailboxLoginError
from imap_tools.utils import encode_folder
from typing_extensions import override

from sync_worker.connectors.base import SystemTrouble, Trouble
from sync_worker.connectors.kit.links import describe_connection_error
from sync_worker.connectors.mail_base import Dialled, FolderState, RawMail

_TIMEOUT = 20.0
_MOST_BYTES = 1024 * 1024
"""Of one mail. What reports and answers say of themselves stands at their beginning."""
_PASSING = ("UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "OVERQUOTA", "CONTACTADMIN")
"""Response codes (RFC 5530) of a refusal that says nothing of the credential."""
_LARGEST = 2**32 - 1
_MOST_DIGITS = len(str(_LARGEST))
_INTERNAL_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')
_UID = re.compile(rb"UID (\d+)")


def refused(detail: str) -> SystemTrouble:
    """The server does not take our name and password."""
    return SystemTrouble(Trouble("reauth", detail))


def away(detail: str) -> SystemTrouble:
    """No usable answer; the next look may have one."""
    return SystemTrouble(Trouble("retry", detail))


class _Pinned(imaplib.IMAP4):
    """Dials the checked address and names the host it means."""

    def __init__(self, to: Dialled) -> None:
        self._to = to
        super().__init__(to.host, to.port, _TIMEOUT)

    def _create_socket(self, timeout: float | None) -> Any:
        import socket  # noqa: PLC0415  (only here)

        made = socket.create_connection((self._to.address, self._to.port), timeout)
        if not self._to.encrypted:
            return made
        context = ssl.create_default_context()
        return context.wrap_socket(made, server_hostname=self._to.host)


class _Box(BaseMailBox):
    def __init__(self, to: Dialled) -> None:
        self._to = to
        super().__init__()

    @override
    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return _Pinned(self._to)


class Folder:
    """One session with one folder selected. A broken link is raised as `SystemTrouble`."""

    def __init__(self, box: BaseMailBox, state: FolderState) -> None:
        self._imap = box.client
        self.state = state

    def uids_from(self, first: int) -> list[int]:
        """UIDs from `first` on. A server answers `n:*` with its last mail even if that is older."""
        with _told_clearly():
            status, found = self._imap.uid("SEARCH", f"UID {first}:*")
            if status != "OK":
                raise away(f"SEARCH was answered {status}.")
            numbers = {_unsigned(word) for word in b" ".join(f for f in found if f).split()}
            return sorted(number for number in numbers if number >= first)

    def fetch(self, uids: Sequence[int]) -> list[RawMail]:
        """The mails that are still there, in order."""
        with _told_clearly():
            status, found = self._imap.uid(
                "FETCH",
                ",".join(map(str, uids)),
                f"(UID INTERNALDATE BODY.PEEK[]<0.{_MOST_BYTES}>)",
            )
            if status != "OK":
                raise away(f"FETCH was answered {status}.")
            mails = {mail.uid: mail for mail in _mails(found)}
            return [mails[uid] for uid in sorted(mails.keys() & set(uids))]


@contextlib.contextmanager
def opened(to: Dialled, username: str, password: str, folder: str) -> Iterator[Folder]:
    """Log in and look at a folder. Raises `SystemTrouble`."""
    with _told_clearly():
        box = _Box(to)
        try:
            _log_in(box, username, password)
            yield Folder(box, _examine(box, folder))
        finally:
            with contextlib.suppress(OSError, imaplib.IMAP4.error):
                box.client.logout()


def _log_in(box: BaseMailBox, username: str, password: str) -> None:
    try:
        box.login(username, password, initial_folder=None)
    except MailboxLoginError as error:
        words = _words(error.command_result[1])
        if any(f"[{code}]" in words.upper() for code in _PASSING):
            raise away(f"The server refuses to log in now: {words}") from error
        raise refused(f"The server refused the log-in: {words}") from error


def _examine(box: BaseMailBox, folder: str) -> FolderState:
    imap = box.client
    status, said = imap.select(encode_folder(folder).decode("ascii"), readonly=True)
    if status != "OK":
        raise away(f"The folder {folder!r} was not opened: {_words(said)}")
    return FolderState(_number(imap, "UIDVALIDITY"), _number(imap, "UIDNEXT"))


def _words(said: Sequence[Any]) -> str:
    """What the server said, quoted."""
    lines = [line.decode("utf-8", "replace") for line in said if isinstance(line, bytes)]
    return " ".join(lines)[:300] or "it did not say why."


def _number(imap: imaplib.IMAP4, name: str) -> int:
    _, values = imap.response(name)
    found = values[0] if values else None
    if not isinstance(found, bytes):
        raise away(f"The server did not say {name}.")
    return _unsigned(found)


def _unsigned(word: bytes) -> int:
    """A number of IMAP has 32 bits (RFC 9051 9)."""
    if not word.isdigit() or len(word) > _MOST_DIGITS or int(word) > _LARGEST:
        raise away("The server gave something else where IMAP has a number.")
    return int(word)


def _mails(answer: Sequence[Any]) -> Iterator[RawMail]:
    """Imaplib hands out literals as pairs, and what follows a literal as bare bytes."""
    for at, item in enumerate(answer):
        if not isinstance(item, tuple):
            continue
        after = answer[at + 1] if at + 1 < len(answer) else b""
        about = bytes(item[0]) + (after if isinstance(after, bytes) else b"")
        uid, date = _UID.search(about), _INTERNAL_DATE.search(about)
        if uid is not None:
            yield RawMail(_unsigned(uid[1]), _arrival(date[1] if date else None), bytes(item[1]))


def _arrival(text: bytes | None) -> datetime:
    """`17-Jul-1996 02:44:25 -0700`; a server that cannot say it gets the beginning of time."""
    try:
        given = (text or b"").decode("ascii").strip()
        return datetime.strptime(given, "%d-%b-%Y %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return datetime.fromtimestamp(0, UTC)


@contextlib.contextmanager
def _told_clearly() -> Iterator[None]:
    try:
        yield
    except (OSError, imaplib.IMAP4.error, ImapToolsError, ValueError) as error:
        raise away(describe_connection_error(error)) from error
