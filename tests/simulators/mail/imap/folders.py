"""Commands about the connection, the mailbox and its folders."""

import asyncio
import base64
import binascii
import re
from datetime import datetime

from tests.simulators.mail.imap.selected import Selected
from tests.simulators.mail.imap.session import (
    CAPABILITIES,
    Command,
    ImapSession,
    No,
    folder_name,
)
from tests.simulators.mail.imap.syntax import Bad, Token, quoted, text
from tests.simulators.mail.store import Folder


async def capability(session: ImapSession, arguments: list[Token]) -> str:
    await session.untagged(f"CAPABILITY {CAPABILITIES}")
    return ""


async def nothing(session: ImapSession, arguments: list[Token]) -> str:
    return ""


async def identify(session: ImapSession, arguments: list[Token]) -> str:
    await session.untagged('ID ("name" "mail simulator")')
    return ""


async def logout(session: ImapSession, arguments: list[Token]) -> str:
    session.over = True
    session.select(None)
    await session.untagged("BYE See you")
    return ""


async def login(session: ImapSession, arguments: list[Token]) -> str:
    if len(arguments) != 2:
        raise Bad("LOGIN name password")
    session.log_in(text(arguments[0]), text(arguments[1]))
    return f"[CAPABILITY {CAPABILITIES}] Logged in"


async def authenticate(session: ImapSession, arguments: list[Token]) -> str:
    if not arguments or text(arguments[0]).upper() != "PLAIN":
        raise No("[CANNOT] Unsupported mechanism")
    response = text(arguments[1]) if len(arguments) > 1 else await session.read_continuation()
    try:
        _, name, password = base64.b64decode(response, validate=True).decode().split("\0")
    except (binascii.Error, ValueError):
        raise Bad("Invalid response") from None
    session.log_in(name, password)
    return f"[CAPABILITY {CAPABILITIES}] Logged in"


async def namespace(session: ImapSession, arguments: list[Token]) -> str:
    await session.untagged('NAMESPACE (("" "/")) NIL NIL')
    return ""


async def enable(session: ImapSession, arguments: list[Token]) -> str:
    known = [text(name).upper() for name in arguments if text(name).upper() == "CONDSTORE"]
    await session.untagged(" ".join(["ENABLED", *known]))
    return ""


async def list_folders(session: ImapSession, arguments: list[Token]) -> str:
    return await _list(session, arguments, "LIST")


async def list_subscribed(session: ImapSession, arguments: list[Token]) -> str:
    return await _list(session, arguments, "LSUB")


async def _list(session: ImapSession, arguments: list[Token], verb: str) -> str:
    pattern = folder_name(arguments, 0) + folder_name(arguments, 1)
    if not pattern:
        await session.untagged(f'{verb} (\\Noselect) "/" ""')
        return ""
    wildcards = {"*": ".*", "%": "[^/]*"}
    expression = "".join(
        wildcards.get(part, re.escape(part)) for part in re.split("([*%])", pattern)
    )
    for folder in session.mailbox.folders.values():
        if re.fullmatch(expression, folder.name, re.IGNORECASE):
            attributes = f"\\HasNoChildren {folder.special_use}".strip()
            await session.untagged(f'{verb} ({attributes}) "/" '.encode() + quoted(folder.name))
    return ""


async def status(session: ImapSession, arguments: list[Token]) -> str:
    folder = session.mailbox.folder(folder_name(arguments))
    asked = arguments[1] if len(arguments) > 1 else None
    if not isinstance(asked, list):
        raise Bad("STATUS folder (items)")
    values = {
        "MESSAGES": len(folder.messages),
        "RECENT": 0,
        "UIDNEXT": folder.uid_next,
        "UIDVALIDITY": folder.uid_validity,
        "UNSEEN": _unseen(folder),
        "HIGHESTMODSEQ": folder.highest_modseq,
    }
    names = [text(name).upper() for name in asked]
    if unknown := set(names) - set(values):
        raise Bad(f"Unknown items {sorted(unknown)}")
    found = " ".join(f"{name} {values[name]}" for name in names)
    await session.untagged(b"STATUS " + quoted(folder.name) + f" ({found})".encode())
    return ""


def _unseen(folder: Folder) -> int:
    return sum("\\Seen" not in message.flags for message in folder.messages.values())


async def create(session: ImapSession, arguments: list[Token]) -> str:
    name = folder_name(arguments)
    if name.upper() == "INBOX" or name in session.mailbox.folders:
        raise No("[ALREADYEXISTS] There is such a folder")
    session.world.store.create_folder(session.mailbox, name)
    return ""


async def select(session: ImapSession, arguments: list[Token]) -> str:
    return await _select(session, arguments, read_only=False)


async def examine(session: ImapSession, arguments: list[Token]) -> str:
    return await _select(session, arguments, read_only=True)


async def _select(session: ImapSession, arguments: list[Token], *, read_only: bool) -> str:
    session.select(None)
    folder = session.mailbox.folder(folder_name(arguments))
    selected = Selected(session.mailbox, folder, read_only=read_only)
    flags = "\\Answered \\Flagged \\Deleted \\Seen \\Draft"
    permanent = "" if read_only else f"{flags} \\*"
    lines = [
        f"FLAGS ({flags})",
        f"OK [PERMANENTFLAGS ({permanent})] Limited",
        f"{len(selected.view)} EXISTS",
        "0 RECENT",
        f"OK [UIDVALIDITY {folder.uid_validity}] UIDs valid",
        f"OK [UIDNEXT {folder.uid_next}] Predicted next UID",
        f"OK [HIGHESTMODSEQ {folder.highest_modseq}] Highest",
    ]
    for number, message in selected.numbered():
        if "\\Seen" not in message.flags:
            lines.insert(4, f"OK [UNSEEN {number}] First unseen")
            break
    for line in lines:
        await session.untagged(line)
    session.select(selected)
    return f"[{'READ-ONLY' if read_only else 'READ-WRITE'}] Selected"


async def unselect(session: ImapSession, arguments: list[Token]) -> str:
    session.selected  # noqa: B018 - refuses when nothing is selected
    session.select(None)
    return ""


async def append(session: ImapSession, arguments: list[Token]) -> str:
    mailbox = session.mailbox
    name, *options = arguments[:-1] or [""]
    raw = arguments[-1] if arguments else None
    if not isinstance(raw, bytes):
        raise Bad("APPEND folder (flags) date literal")
    flags: list[Token] = []
    at = session.world.clock.now()
    for option in options:
        if isinstance(option, list):
            flags = option
        else:
            at = datetime.strptime(text(option).strip(), "%d-%b-%Y %H:%M:%S %z")
    try:
        folder = mailbox.folder(text(name))
    except LookupError:
        raise No("[TRYCREATE] No such folder") from None
    stored = session.world.store.append(
        mailbox, folder.name, raw, at=at, flags=[text(flag) for flag in flags]
    )
    return f"[APPENDUID {folder.uid_validity} {stored.uid}] Appended"


async def idle(session: ImapSession, arguments: list[Token]) -> str:
    folder = session.selected.folder
    await session.write("+ idling")
    changed = asyncio.Event()
    folder.watchers.add(changed)
    done = asyncio.create_task(session.reader.readuntil(b"\n"))
    try:
        while not done.done():
            changed.clear()
            await session.bring_news(expunges=True)
            change = asyncio.create_task(changed.wait())
            await asyncio.wait({done, change}, return_when=asyncio.FIRST_COMPLETED)
            change.cancel()
    finally:
        folder.watchers.discard(changed)
        done.cancel()
    if (await done).strip().upper() != b"DONE":
        raise Bad("Expected DONE")
    return "IDLE terminated"


COMMANDS: dict[str, Command] = {
    "CAPABILITY": capability,
    "NOOP": nothing,
    "CHECK": nothing,
    "SUBSCRIBE": nothing,
    "UNSUBSCRIBE": nothing,
    "ID": identify,
    "LOGOUT": logout,
    "LOGIN": login,
    "AUTHENTICATE": authenticate,
    "NAMESPACE": namespace,
    "ENABLE": enable,
    "LIST": list_folders,
    "LSUB": list_subscribed,
    "STATUS": status,
    "CREATE": create,
    "SELECT": select,
    "EXAMINE": examine,
    "UNSELECT": unselect,
    "APPEND": append,
    "IDLE": idle,
}
