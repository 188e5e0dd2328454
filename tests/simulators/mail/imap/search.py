from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

from tests.simulators.mail.imap.syntax import Bad, Token, in_set, text
from tests.simulators.mail.store import StoredMessage

FLAG_KEYS = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}
HEADER_KEYS = {"FROM", "TO", "CC", "BCC", "SUBJECT"}


@dataclass(frozen=True)
class Candidate:
    number: int
    message: StoredMessage

    def header(self, name: str) -> str | None:
        values = self.message.message.get_all(name)
        return None if values is None else "\n".join(str(value) for value in values)

    def sent_on(self) -> date:
        try:
            return parsedate_to_datetime(self.header("Date") or "").date()
        except ValueError:
            return self.message.internal_date.date()


Test = Callable[[Candidate], bool]


class Search:
    """The keys of one SEARCH, joined by "and"; numbers and UIDs are those of the session's view."""

    def __init__(self, keys: list[Token], view: list[int]) -> None:
        self._keys = list(keys)
        self._view = view
        self._tests: list[Test] = []
        if self._keys and _word(self._keys[0]) == "CHARSET":
            del self._keys[:2]
        if not self._keys:
            raise Bad("Search for what?")
        while self._keys:
            self._tests.append(self._next())

    def finds(self, candidate: Candidate) -> bool:
        return all(test(candidate) for test in self._tests)

    def _next(self) -> Test:
        if not self._keys:
            raise Bad("A search key is missing")
        token = self._keys.pop(0)
        if isinstance(token, list):
            inner = Search(token, self._view)
            return inner.finds
        key = _word(token)
        for family in (
            self._combined,
            self._by_flag,
            self._by_date,
            self._by_content,
            self._by_size,
        ):
            if test := family(key):
                return test
        if key[0].isdigit() or key[0] == "*":
            numbers = in_set(key, range(1, len(self._view) + 1))
            return lambda it: it.number in numbers
        raise Bad(f"Unknown search key {key}")

    def _combined(self, key: str) -> Test | None:
        if key == "ALL":
            return _always
        if key == "NOT":
            negated = self._next()
            return lambda it: not negated(it)
        if key == "OR":
            either, other = self._next(), self._next()
            return lambda it: either(it) or other(it)
        if key == "UID":
            uids = in_set(self._argument(), self._view)
            return lambda it: it.message.uid in uids
        if key == "MODSEQ":
            least = int(self._argument())
            return lambda it: it.message.modseq >= least
        return None

    def _by_flag(self, key: str) -> Test | None:
        if key in {"NEW", "RECENT"}:
            return _never
        if key == "OLD":
            return _always
        if key in {"KEYWORD", "UNKEYWORD"}:
            flag = self._argument()
        elif key.removeprefix("UN") in FLAG_KEYS:
            flag = FLAG_KEYS[key.removeprefix("UN")]
        else:
            return None
        wanted = not key.startswith("UN")
        return lambda it: (flag in it.message.flags) is wanted

    def _by_date(self, key: str) -> Test | None:
        kind = key.removeprefix("SENT")
        if kind not in {"BEFORE", "ON", "SINCE"}:
            return None
        day = _day(self._argument())

        def of(it: Candidate) -> date:
            return it.sent_on() if key.startswith("SENT") else it.message.internal_date.date()

        if kind == "BEFORE":
            return lambda it: of(it) < day
        if kind == "ON":
            return lambda it: of(it) == day
        return lambda it: of(it) >= day

    def _by_content(self, key: str) -> Test | None:
        if key == "HEADER" or key in HEADER_KEYS:
            name = self._argument() if key == "HEADER" else key
            needle = self._argument().lower()
            return lambda it: (
                needle in (it.header(name) or "").lower() and (it.header(name) is not None)
            )
        if key in {"BODY", "TEXT"}:
            sought = self._argument().lower().encode()
            whole = key == "TEXT"
            return lambda it: sought in _searched(it.message.raw, whole=whole)
        return None

    def _by_size(self, key: str) -> Test | None:
        if key not in {"LARGER", "SMALLER"}:
            return None
        size = int(self._argument())
        larger = key == "LARGER"
        return lambda it: len(it.message.raw) > size if larger else len(it.message.raw) < size

    def _argument(self) -> str:
        if not self._keys:
            raise Bad("A search key lacks its argument")
        return text(self._keys.pop(0))


def _always(_it: Candidate) -> bool:
    return True


def _never(_it: Candidate) -> bool:
    return False


def _word(token: Token) -> str:
    return text(token).upper() if isinstance(token, str) else ""


def _day(written: str) -> date:
    try:
        return datetime.strptime(written, "%d-%b-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise Bad(f"Invalid date {written}") from None


def _searched(raw: bytes, *, whole: bool) -> bytes:
    """The bytes as they are: encoded bodies are not decoded, as on servers without an index."""
    return (raw if whole else raw.partition(b"\r\n\r\n")[2]).lower()
