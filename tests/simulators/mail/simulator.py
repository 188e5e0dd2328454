import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

from tests.simulators.control import SimulatedClock
from tests.simulators.kit.ports import HOST
from tests.simulators.kit.serving import HttpServer
from tests.simulators.mail.accepted import Accepted, AcceptedMail
from tests.simulators.mail.control import create_control
from tests.simulators.mail.imap.server import ImapServer
from tests.simulators.mail.imap.session import World
from tests.simulators.mail.postmaster import Postmaster
from tests.simulators.mail.rules import Fault, ImapFault, Reaction, Rule, RuleBook
from tests.simulators.mail.smtp import SmtpServer
from tests.simulators.mail.store import Mailbox, MailStore, StoredMessage
from tests.simulators.mail.transcript import Transcript


class MailSimulator:
    """Both servers and the control API in the event loop of the caller.

    The state directory keeps mailboxes and acceptances, so a second simulator over the same
    directory goes on where the first one stopped or was killed. Rules and the clock are not kept.
    """

    def __init__(
        self,
        state: Path,
        *,
        mailboxes: Mapping[str, str] | None = None,
        smtp_port: int = 0,
        imap_port: int = 0,
        http_port: int = 0,
    ) -> None:
        self.clock = SimulatedClock()
        self.rules = RuleBook()
        self.transcript = Transcript()
        self.store = MailStore(state / "mailboxes.jsonl")
        self.accepted = AcceptedMail(state / "accepted.jsonl")
        self.postmaster = Postmaster(self.accepted, self.store, self.rules, self.clock)
        world = World(self.store, self.rules, self.clock, self.transcript)
        self.smtp = SmtpServer(self.postmaster, self.transcript, port=smtp_port)
        self.imap = ImapServer(world, port=imap_port)
        self.control = HttpServer(create_control(self), port=http_port)
        for address, password in (mailboxes or {}).items():
            self.store.put_mailbox(address, password)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self.postmaster.recover()
        await self.smtp.start()
        await self.imap.start()
        await self.control.start()

    async def stop(self) -> None:
        await self.control.stop()
        await self.smtp.stop()
        await self.imap.stop()
        self.postmaster.stop()
        self.store.close()
        self.accepted.close()

    @property
    def smtp_port(self) -> int:
        return self.smtp.port

    @property
    def imap_port(self) -> int:
        return self.imap.port

    @property
    def control_url(self) -> str:
        return self.control.url

    def addresses(self) -> dict[str, str | int]:
        return {
            "smtp_host": HOST,
            "smtp_port": self.smtp_port,
            "imap_host": HOST,
            "imap_port": self.imap_port,
            "control_url": self.control_url,
        }

    def add_mailbox(
        self, address: str, password: str, *, aliases: Iterable[str] = (), keeps_sent: bool = True
    ) -> Mailbox:
        return self.store.put_mailbox(address, password, aliases=aliases, keeps_sent=keeps_sent)

    def fail(
        self, fault: Fault, *, recipient: str = "*", sender: str = "*", login: str = "*",
        skip: int = 0, times: int | None = None,
    ) -> Rule:  # fmt: skip
        return self.rules.add(
            Rule(
                recipient=recipient, sender=sender, login=login,
                skip=skip, times=times, fault=fault,
            )
        )  # fmt: skip

    def react(self, recipient: str, reaction: Reaction | None, *, times: int | None = None) -> Rule:
        """With no reaction: accept and stay silent, whatever older rules say."""
        return self.rules.add(Rule(recipient=recipient, reaction=reaction, times=times))

    def fail_imap(self, fault: ImapFault, *, login: str = "*", times: int | None = None) -> Rule:
        return self.rules.add(Rule(login=login, imap=fault, times=times))

    def count(self, message_id: str) -> int:
        """How often a Message-ID was handed over."""
        return self.accepted.counts().get(message_id, 0)

    def inbox(self, address: str) -> list[StoredMessage]:
        return list(self.store.mailbox(address).inbox.messages.values())

    def inject(
        self, address: str, raw: bytes, *, folder: str = "INBOX", flags: Iterable[str] = ()
    ) -> StoredMessage:
        mailbox = self.store.mailbox(address)
        return self.store.append(mailbox, folder, raw, at=self.clock.now(), flags=flags)

    def bump_uid_validity(self, address: str, folder: str = "INBOX") -> int:
        return self.store.bump_uid_validity(self.store.mailbox(address), folder)

    async def wait_for_accepted(self, count: int = 1, *, timeout: float = 10) -> list[Accepted]:
        await _until(lambda: len(self.accepted.all) >= count, timeout)
        return list(self.accepted.all)

    async def wait_for_inbox(
        self, address: str, count: int = 1, *, timeout: float = 10
    ) -> list[StoredMessage]:
        await _until(lambda: len(self.inbox(address)) >= count, timeout)
        return self.inbox(address)


async def _until(holds: Callable[[], bool], timeout: float) -> None:
    async with asyncio.timeout(timeout):
        while not holds():
            await asyncio.sleep(0.01)
