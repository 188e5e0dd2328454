"""One connection: reads commands, answers them in order, and keeps what it knows of its folder."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.simulators.control import SimulatedClock
from tests.simulators.kit.tcp import Hangup
from tests.simulators.mail.imap.selected import Selected, UidValidityChanged
from tests.simulators.mail.imap.syntax import Bad, Token, read_command, text, tokens
from tests.simulators.mail.rules import ImapFault, RuleBook
from tests.simulators.mail.store import Mailbox, MailStore
from tests.simulators.mail.transcript import Transcript

CAPABILITIES = (
    "IMAP4rev1 SASL-IR AUTH=PLAIN LITERAL+ ID IDLE NAMESPACE UIDPLUS UNSELECT MOVE ENABLE CONDSTORE"
    " SPECIAL-USE"
)
#: Commands whose answers speak of message numbers, during which none may shift (RFC 3501, 7.4.1).
NUMBERED = {"FETCH", "STORE", "SEARCH"}


class No(Exception):
    """The command was understood and is refused."""


@dataclass(frozen=True)
class World:
    """What all sessions share."""

    store: MailStore
    rules: RuleBook
    clock: SimulatedClock
    transcript: Transcript


Command = Callable[["ImapSession", list[Token]], Awaitable[str]]


class ImapSession:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        world: World,
        commands: Mapping[str, Command],
    ) -> None:
        self.reader = reader
        self.world = world
        self.over = False
        self._mailbox: Mailbox | None = None
        self._selected: Selected | None = None
        self._writer = writer
        self._commands = commands
        self._number = world.transcript.next_session()
        self._bytes_left: int | None = None

    @property
    def mailbox(self) -> Mailbox:
        if self._mailbox is None:
            raise Bad("Log in first")
        return self._mailbox

    @property
    def selected(self) -> Selected:
        if self._selected is None:
            raise Bad("Select a folder first")
        return self._selected

    def select(self, selected: Selected | None) -> None:
        self._selected = selected

    def log_in(self, login: str, password: str) -> None:
        if self._mailbox is not None:
            raise Bad("Logged in already")
        self._mailbox = self.world.store.authenticate(login, password)
        if self._mailbox is None:
            raise No("[AUTHENTICATIONFAILED] Invalid credentials")

    async def run(self) -> None:
        await self.untagged(f"OK [CAPABILITY {CAPABILITIES}] simulator ready")
        try:
            while not self.over:
                await self._answer(await read_command(self.reader, self._invite))
        except UidValidityChanged:
            await self.untagged("BYE The folder was restored, select it again")
        except Bad as fault:
            await self.untagged(f"BYE {fault}")

    async def _answer(self, command: bytes) -> None:
        found = re.match(rb"(\S+) +((?:UID +)?[A-Za-z]+)", command, re.IGNORECASE)
        if found is None:
            await self.untagged("BAD Not a command")
            return
        tag = found[1].decode("ascii", "replace")
        name = re.sub(r"\s+", " ", found[2].decode().upper())
        self._log("client", name, command[found.end() :])
        try:
            done = await self._obey(name, command[found.end() :])
            if self._selected is not None:
                await self.bring_news(expunges=name not in NUMBERED)
            await self.write(f"{tag} OK {done or f'{name} completed'}")
        except No as refusal:
            await self.write(f"{tag} NO {refusal}")
        except LookupError as missing:
            await self.write(f"{tag} NO [NONEXISTENT] {missing.args[0]}")
        except (Bad, ValueError) as fault:
            await self.write(f"{tag} BAD {fault}")

    async def _obey(self, name: str, arguments: bytes) -> str:
        command = self._commands.get(name)
        if command is None:
            raise Bad(f"Unknown command {name}")
        login = self._mailbox.address if self._mailbox else ""
        fault = self.world.rules.imap_fault(login=login, command=name)
        if fault is not None:
            await self._suffer(fault)
        return await command(self, tokens(arguments))

    async def _suffer(self, fault: ImapFault) -> None:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.refuse is not None:
            raise No(fault.refuse)
        if fault.close and not fault.after_bytes:
            raise Hangup
        if fault.close:
            self._bytes_left = fault.after_bytes

    async def bring_news(self, *, expunges: bool) -> None:
        for line in self.selected.news(expunges=expunges):
            await self.untagged(line)

    async def read_continuation(self, prompt: str = "") -> str:
        await self.write(f"+ {prompt}")
        line = (await self.reader.readuntil(b"\n")).decode("utf-8", "surrogateescape").strip()
        self._log("client", "(continued)", b"")
        return line

    async def _invite(self) -> None:
        await self.write("+ Ready for literal data")

    async def untagged(self, line: str | bytes) -> None:
        await self.write(b"* " + (line.encode() if isinstance(line, str) else line))

    async def write(self, line: str | bytes) -> None:
        octets = (line.encode() if isinstance(line, str) else line) + b"\r\n"
        self._log("server", "", octets.split(b"\r\n", 1)[0])
        if self._bytes_left is not None:
            octets = octets[: self._bytes_left]
            self._bytes_left -= len(octets)
        self._writer.write(octets)
        await self._writer.drain()
        if self._bytes_left == 0:
            raise ConnectionAbortedError

    def _log(self, said_by: str, name: str, rest: bytes) -> None:
        shown = b"(secret)" if name in {"LOGIN", "AUTHENTICATE"} else rest
        line = f"{name} {shown[:200].decode('utf-8', 'replace').strip()}".strip()
        self.world.transcript.add("imap", self._number, said_by, line)


def folder_name(arguments: list[Token], position: int = 0) -> str:
    if len(arguments) <= position:
        raise Bad("Which folder?")
    return text(arguments[position])
