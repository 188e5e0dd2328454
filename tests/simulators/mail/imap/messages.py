"""Commands about the messages of the selected folder, by number or by UID."""

from functools import partial

from tests.simulators.mail.imap.fetch import parse_items
from tests.simulators.mail.imap.search import Candidate, Search
from tests.simulators.mail.imap.session import Command, ImapSession, No
from tests.simulators.mail.imap.syntax import Bad, Token, in_set, text
from tests.simulators.mail.store import Folder, StoredMessage

Numbered = list[tuple[int, StoredMessage]]


def _named(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> Numbered:
    if not arguments:
        raise Bad("Which messages?")
    selected = session.selected
    known = selected.numbered()
    if by_uid:
        uids = in_set(text(arguments[0]), [message.uid for _, message in known])
        return [(number, message) for number, message in known if message.uid in uids]
    numbers = in_set(text(arguments[0]), range(1, len(selected.view) + 1))
    return [(number, message) for number, message in known if number in numbers]


def _writable(session: ImapSession) -> None:
    if session.selected.read_only:
        raise No("[READ-ONLY] The folder was opened with EXAMINE")


async def fetch(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> str:
    named = _named(session, arguments, by_uid=by_uid)
    if len(arguments) < 2:
        raise Bad("FETCH set items")
    items = parse_items(arguments[1], with_uid=by_uid)
    changed_since = _changed_since(arguments[2:])
    for number, message in named:
        if message.modseq <= changed_since:
            continue
        if items.marks_seen and not session.selected.read_only:
            _store_flags(session, message, message.flags | {"\\Seen"})
        await session.untagged(b"%d FETCH (%s)" % (number, items.render(message)))
    session.selected.saw_own_change()
    return ""


def _changed_since(modifiers: list[Token]) -> int:
    match modifiers:
        case []:
            return 0
        case [["CHANGEDSINCE", str(modseq)]]:
            return int(modseq)
        case _:
            raise Bad("Unsupported modifier")


async def store(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> str:
    named = _named(session, arguments, by_uid=by_uid)
    _writable(session)
    if len(arguments) < 3:
        raise Bad("STORE set FLAGS (flags)")
    action, _, silent = text(arguments[1]).upper().partition(".")
    operand = arguments[2]
    flags = {text(flag) for flag in (operand if isinstance(operand, list) else arguments[2:])}
    for number, message in named:
        match action:
            case "+FLAGS":
                _store_flags(session, message, message.flags | flags)
            case "-FLAGS":
                _store_flags(session, message, message.flags - flags)
            case "FLAGS":
                _store_flags(session, message, flags)
            case _:
                raise Bad("STORE set FLAGS (flags)")
        if not silent:
            items = parse_items("FLAGS", with_uid=by_uid)
            await session.untagged(b"%d FETCH (%s)" % (number, items.render(message)))
    session.selected.saw_own_change()
    return ""


def _store_flags(session: ImapSession, message: StoredMessage, flags: set[str]) -> None:
    if flags != message.flags:
        selected = session.selected
        session.world.store.set_flags(selected.mailbox, selected.folder, message.uid, flags)


async def search(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> str:
    wanted = Search(arguments, session.selected.view)
    found = [
        message.uid if by_uid else number
        for number, message in session.selected.numbered()
        if wanted.finds(Candidate(number, message))
    ]
    await session.untagged(" ".join(["SEARCH", *map(str, found)]))
    return ""


async def copy(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> str:
    named = _named(session, arguments, by_uid=by_uid)
    return _copied(session, named, _target(session, arguments))


async def move(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> str:
    named = _named(session, arguments, by_uid=by_uid)
    _writable(session)
    code = _copied(session, named, _target(session, arguments))
    await session.untagged(f"OK {code}")
    for _, message in named:
        _expunge(session, message)
    await session.bring_news(expunges=True)
    return ""


def _target(session: ImapSession, arguments: list[Token]) -> Folder:
    if len(arguments) < 2:
        raise Bad("Which folder?")
    try:
        return session.mailbox.folder(text(arguments[1]))
    except LookupError:
        raise No("[TRYCREATE] No such folder") from None


def _copied(session: ImapSession, named: Numbered, target: Folder) -> str:
    if not named:
        return "Nothing to copy"
    copies = [
        session.world.store.append(
            session.mailbox, target.name, message.raw,
            at=message.internal_date, flags=message.flags,
        )
        for _, message in named
    ]  # fmt: skip
    sources = ",".join(str(message.uid) for _, message in named)
    results = ",".join(str(message.uid) for message in copies)
    return f"[COPYUID {target.uid_validity} {sources} {results}] Copied"


async def expunge(session: ImapSession, arguments: list[Token], *, by_uid: bool) -> str:
    _writable(session)
    everything: list[Token] = ["1:*"]
    for _, message in _named(session, arguments if by_uid else everything, by_uid=by_uid):
        if "\\Deleted" in message.flags:
            _expunge(session, message)
    await session.bring_news(expunges=True)
    return ""


async def close(session: ImapSession, arguments: list[Token]) -> str:
    if not session.selected.read_only:
        for _, message in session.selected.numbered():
            if "\\Deleted" in message.flags:
                _expunge(session, message)
    session.select(None)
    return ""


def _expunge(session: ImapSession, message: StoredMessage) -> None:
    selected = session.selected
    session.world.store.expunge(selected.mailbox, selected.folder, message.uid)


COMMANDS: dict[str, Command] = {"CLOSE": close}
for _name, _command in {
    "FETCH": fetch,
    "STORE": store,
    "SEARCH": search,
    "COPY": copy,
    "MOVE": move,
    "EXPUNGE": expunge,
}.items():
    COMMANDS[_name] = partial(_command, by_uid=False)
    COMMANDS[f"UID {_name}"] = partial(_command, by_uid=True)
