"""Takes responsibility for a mail, and then lets the world do what the rules say about it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import format_datetime, parseaddr

from tests.simulators.control import SimulatedClock
from tests.simulators.kit.clock import machine_now
from tests.simulators.mail import dsn
from tests.simulators.mail.accepted import Accepted, AcceptedMail
from tests.simulators.mail.rules import Reaction, ReactionKind, RuleBook
from tests.simulators.mail.store import Mailbox, MailStore


@dataclass(frozen=True)
class Handover:
    session: int
    login: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    #: Whether the client is going to hear of the acceptance.
    answered: bool = True


class Postmaster:
    def __init__(
        self, accepted: AcceptedMail, store: MailStore, rules: RuleBook, clock: SimulatedClock
    ) -> None:
        self.accepted = accepted
        self.store = store
        self.rules = rules
        self.clock = clock
        self.is_old = False
        """It takes no SMTPUTF8."""
        self._later: set[asyncio.TimerHandle] = set()

    def recover(self) -> None:
        """Finish what was accepted before the last stop but not yet acted upon."""
        for mail in self.accepted.all:
            self._settle(mail)

    def stop(self) -> None:
        for timer in self._later:
            timer.cancel()
        self._later.clear()

    def accept(self, handover: Handover) -> Accepted:
        """The mail is on disk when this returns."""
        reactions = dict(self._reactions(handover))

        def numbered(number: int) -> Accepted:
            return Accepted(
                id=number,
                received_at=machine_now(),
                world_time=self.clock.now(),
                session=handover.session,
                login=handover.login,
                sender=handover.sender,
                recipients=handover.recipients,
                raw=handover.raw,
                reactions=reactions,
                answered=handover.answered,
            )

        mail = self.accepted.add(numbered)
        self._settle(mail)
        return mail

    def _reactions(self, handover: Handover) -> Iterator[tuple[str, Reaction]]:
        for recipient in handover.recipients:
            reaction = self.rules.reaction_to(
                login=handover.login, sender=handover.sender, recipient=recipient
            )
            if reaction is not None:
                yield recipient, reaction

    def _settle(self, mail: Accepted) -> None:
        author = self.store.owner_of(mail.login)
        if author is not None and author.keeps_sent:
            self._file(author, "Sent", mail.raw, f"{mail.id} sent", flags=("\\Seen",))
        for recipient in mail.recipients:
            if mailbox := self.store.owner_of(recipient):
                self._file(
                    mailbox, "INBOX", self._traced(mail, recipient), f"{mail.id} {recipient}"
                )
            if reaction := mail.reactions.get(recipient):
                self._schedule(mail, recipient, reaction)

    def _schedule(self, mail: Accepted, recipient: str, reaction: Reaction) -> None:
        if not reaction.delay:
            self._react(mail, recipient, reaction)
            return
        passed = (machine_now() - mail.received_at).total_seconds()

        def fire() -> None:
            self._later.discard(timer)
            self._react(mail, recipient, reaction)

        timer = asyncio.get_running_loop().call_later(max(0, reaction.delay - passed), fire)
        self._later.add(timer)

    def _react(self, mail: Accepted, recipient: str, reaction: Reaction) -> None:
        original = dsn.Original(mail.raw, mail.sender, recipient, mail.world_time)
        # A report goes to the envelope's sender, a person answers the address in the header.
        to = mail.sender
        if reaction.kind is ReactionKind.REPLY:
            to = parseaddr(original.header("Reply-To") or original.header("From"))[1] or to
        mailbox = self.store.owner_of(to)
        if mailbox is not None:
            answer = dsn.build(reaction, original, self.clock.now())
            self._file(mailbox, "INBOX", answer, f"{mail.id} {recipient} {reaction.kind}")

    def _file(
        self, mailbox: Mailbox, folder: str, raw: bytes, reason: str, flags: tuple[str, ...] = ()
    ) -> None:
        if reason not in self.store.reasons:
            self.store.append(mailbox, folder, raw, at=self.clock.now(), flags=flags, reason=reason)

    def _traced(self, mail: Accepted, recipient: str) -> bytes:
        trace = (
            f"Return-Path: <{mail.sender}>\r\n"
            f"Received: from client by {dsn.REPORTER} with ESMTPA id {mail.id}\r\n"
            f" for <{recipient}>; {format_datetime(mail.world_time)}\r\n"
        )
        return trace.encode() + mail.raw
