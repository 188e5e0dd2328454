from tests.simulators.mail.store import Folder, Mailbox, StoredMessage


class UidValidityChanged(Exception):
    """The folder that a session looks at was replaced under it."""


class Selected:
    """What one session knows of its folder: message numbers change only when it is told so."""

    def __init__(self, mailbox: Mailbox, folder: Folder, *, read_only: bool) -> None:
        self.mailbox = mailbox
        self.folder = folder
        self.read_only = read_only
        self.view = sorted(folder.messages)
        self._uid_validity = folder.uid_validity
        self._seen_modseq = folder.highest_modseq

    def numbered(self) -> list[tuple[int, StoredMessage]]:
        """What is still there of what the session knows."""
        return [
            (number, self.folder.messages[uid])
            for number, uid in enumerate(self.view, start=1)
            if uid in self.folder.messages
        ]

    def news(self, *, expunges: bool) -> list[bytes]:
        """Untagged lines that bring the session up to date.

        Expunges shift message numbers, so they are held back during FETCH, STORE and SEARCH.
        """
        if self.folder.uid_validity != self._uid_validity:
            raise UidValidityChanged
        lines = self._expunged() if expunges else []
        arrived = sorted(set(self.folder.messages) - set(self.view))
        if arrived:
            self.view += arrived
            lines += [b"%d EXISTS" % len(self.view), b"0 RECENT"]
        if expunges:
            lines += self._reflagged(set(arrived))
        return lines

    def _expunged(self) -> list[bytes]:
        lines = []
        for number, uid in reversed(list(enumerate(self.view, start=1))):
            if uid not in self.folder.messages:
                lines.append(b"%d EXPUNGE" % number)
                self.view.remove(uid)
        return lines

    def _reflagged(self, arrived: set[int]) -> list[bytes]:
        since, self._seen_modseq = self._seen_modseq, self.folder.highest_modseq
        return [
            b"%d FETCH (UID %d FLAGS (%s))"
            % (number, message.uid, " ".join(sorted(message.flags)).encode())
            for number, message in self.numbered()
            if message.modseq > since and message.uid not in arrived
        ]

    def saw_own_change(self) -> None:
        """A session is not told of the flags that it has just been shown."""
        self._seen_modseq = self.folder.highest_modseq
