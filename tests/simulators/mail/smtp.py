"""A submission server: RFC 5321 with AUTH (4954), SIZE (1870) and enhanced codes (2034)."""

import asyncio
import base64
import binascii
import re
from collections.abc import Awaitable, Callable

from tests.simulators.kit.tcp import Hangup, TcpServer
from tests.simulators.mail.postmaster import Handover, Postmaster
from tests.simulators.mail.rules import Fault, Stage
from tests.simulators.mail.transcript import Transcript

HOSTNAME = "smtp.simulator.example"
MAX_SIZE = 26_214_400
MAX_RECIPIENTS = 100
MAX_ERRORS = 20
PATH = re.compile(r"(?:FROM|TO):\s*<(?:@[^:>]*:)?([^<>]*)>\s*(.*)", re.IGNORECASE)
MAIL_PARAMETERS = re.compile(
    r"(SIZE=\d{1,20}|BODY=(7BIT|8BITMIME)|SMTPUTF8|AUTH=\S+)", re.IGNORECASE
)
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")


class Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class SmtpServer(TcpServer):
    def __init__(self, postmaster: Postmaster, transcript: Transcript, *, port: int = 0) -> None:
        # A line of the body may be as long as a whole mail; its size is judged after the dot.
        super().__init__(self._talk, port=port, limit=2 * MAX_SIZE)
        self._postmaster = postmaster
        self._transcript = transcript

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await SmtpSession(reader, writer, self._postmaster, self._transcript).run()


class SmtpSession:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        postmaster: Postmaster, transcript: Transcript,
    ) -> None:  # fmt: skip
        self._reader = reader
        self._writer = writer
        self._postmaster = postmaster
        self._transcript = transcript
        self._number = transcript.next_session()
        self._greeted = False
        self._over = False
        self._errors = 0
        self._login = ""
        self._begin_transaction()

    def _begin_transaction(self) -> None:
        self._sender: str | None = None
        self._declared_size = 0
        self._recipients: list[str] = []

    async def run(self) -> None:
        try:
            await self._suffer(self._fault(Stage.CONNECT))
        except Refused as refusal:
            await self._reply(refusal.code, refusal.text)
            return
        await self._reply(220, f"{HOSTNAME} ESMTP simulator")
        while not self._over:
            await self._answer(await self._read_line())

    async def _answer(self, line: str) -> None:
        verb, _, argument = line.partition(" ")
        command = self._commands().get(verb.upper(), self._unknown)
        try:
            await command(argument.strip())
        except Refused as refusal:
            self._errors += 1
            await self._reply(refusal.code, refusal.text)
            self._over = self._over or refusal.code == 421 or self._errors >= MAX_ERRORS

    def _commands(self) -> dict[str, Callable[[str], Awaitable[None]]]:
        return {
            "EHLO": self._ehlo, "HELO": self._helo, "AUTH": self._auth, "MAIL": self._mail,
            "RCPT": self._rcpt, "DATA": self._data, "RSET": self._rset, "NOOP": self._noop,
            "VRFY": self._vrfy, "HELP": self._help, "QUIT": self._quit,
        }  # fmt: skip

    async def _ehlo(self, domain: str) -> None:
        extensions = [
            "PIPELINING", f"SIZE {MAX_SIZE}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
            "AUTH PLAIN LOGIN",
        ]  # fmt: skip
        if self._postmaster.is_old:
            extensions.remove("SMTPUTF8")
        await self._helo(domain, *extensions)

    async def _helo(self, domain: str, *extensions: str) -> None:
        if not domain:
            raise Refused(501, "5.5.4 Say who you are")
        self._greeted = True
        self._begin_transaction()
        await self._reply(250, f"{HOSTNAME} greets {domain}", *extensions)

    async def _auth(self, argument: str) -> None:
        if not self._greeted or self._login or self._sender is not None:
            raise Refused(503, "5.5.1 Not now")
        mechanism, _, initial = argument.partition(" ")
        if mechanism.upper() == "PLAIN":
            login, password = await self._auth_plain(initial)
        elif mechanism.upper() == "LOGIN":
            login = _decoded(initial or await self._challenge("Username:"))
            password = _decoded(await self._challenge("Password:"))
        else:
            raise Refused(504, "5.5.4 Unrecognized authentication type")
        await self._suffer(self._fault(Stage.AUTH, login=login))
        mailbox = self._postmaster.store.authenticate(login, password)
        if mailbox is None:
            raise Refused(535, "5.7.8 Username and Password not accepted")
        self._login = mailbox.address
        await self._reply(235, "2.7.0 Accepted")

    async def _auth_plain(self, initial: str) -> tuple[str, str]:
        parts = _decoded(initial or await self._challenge("")).split("\0")
        if len(parts) != 3:
            raise Refused(501, "5.5.2 Cannot decode the response")
        return parts[1], parts[2]

    async def _challenge(self, prompt: str) -> str:
        await self._reply(334, base64.b64encode(prompt.encode()).decode())
        response = await self._read_line(secret=True)
        if response == "*":
            raise Refused(501, "5.7.0 Authentication cancelled")
        return response

    async def _mail(self, argument: str) -> None:
        if not self._greeted or self._sender is not None:
            raise Refused(503, "5.5.1 Bad sequence of commands")
        if not self._login:
            raise Refused(530, "5.7.0 Authentication required")
        sender, parameters = _path(argument, "FROM")
        size = 0
        for parameter in parameters:
            if not MAIL_PARAMETERS.fullmatch(parameter):
                raise Refused(555, f"5.5.4 Unsupported parameter {parameter}")
            if parameter.upper().startswith("SIZE="):
                size = int(parameter[5:])
        if size > MAX_SIZE:
            raise Refused(552, "5.3.4 Message size exceeds fixed maximum message size")
        await self._suffer(self._fault(Stage.MAIL, sender=sender))
        if sender and not self._postmaster.store.mailbox(self._login).owns(sender):
            raise Refused(553, f"5.7.1 <{sender}>: Sender address not owned by {self._login}")
        self._sender = sender
        self._declared_size = size
        await self._reply(250, "2.1.0 Ok")

    async def _rcpt(self, argument: str) -> None:
        if self._sender is None:
            raise Refused(503, "5.5.1 Need MAIL before RCPT")
        recipient, parameters = _path(argument, "TO")
        if parameters:
            raise Refused(555, f"5.5.4 Unsupported parameter {parameters[0]}")
        if not ADDRESS.fullmatch(recipient):
            raise Refused(501, "5.1.3 Bad recipient address syntax")
        if len(self._recipients) >= MAX_RECIPIENTS:
            raise Refused(452, "4.5.3 Too many recipients")
        await self._suffer(self._fault(Stage.RCPT, recipients=[recipient]))
        self._recipients.append(recipient)
        await self._reply(250, "2.1.5 Ok")

    async def _data(self, _argument: str) -> None:
        if self._sender is None or not self._recipients:
            raise Refused(503, "5.5.1 Need MAIL and RCPT before DATA")
        await self._suffer(self._fault(Stage.DATA, recipients=self._recipients))
        await self._reply(354, "End data with <CR><LF>.<CR><LF>")
        raw = await self._read_body(self._fault(Stage.BODY, recipients=self._recipients))
        fault = self._fault(Stage.DOT, recipients=self._recipients)
        told = fault is None or not fault.close
        handover = Handover(
            self._number, self._login, self._sender, tuple(self._recipients), raw, answered=told
        )
        self._begin_transaction()
        if len(raw) > MAX_SIZE:
            raise Refused(552, "5.3.4 Message too big for system")
        if fault is None or not fault.accepted:
            await self._suffer(fault)
            accepted = self._postmaster.accept(handover)
        else:
            accepted = self._postmaster.accept(handover)
            await self._suffer(fault)
        await self._reply(250, f"2.0.0 Ok: queued as {accepted.id}")

    async def _read_body(self, fault: Fault | None) -> bytes:
        """Undo dot-stuffing; only a dot between two CRLF ends the body, so nothing is smuggled."""
        close_after = None
        if fault is not None:
            half = self._declared_size // 2
            close_after = half if fault.after_bytes is None else fault.after_bytes
        body = bytearray()
        at_line_start = True
        while True:
            line = await self._reader.readuntil(b"\n")
            ends = at_line_start and line == b".\r\n"
            if not ends and len(body) <= MAX_SIZE:
                body += line[1:] if at_line_start and line.startswith(b".") else line
            if close_after is not None and (ends or len(body) >= close_after):
                await self._suffer(fault)
            if ends:
                return bytes(body)
            at_line_start = line.endswith(b"\r\n")

    async def _rset(self, _argument: str) -> None:
        self._begin_transaction()
        await self._reply(250, "2.0.0 Ok")

    async def _noop(self, _argument: str) -> None:
        await self._reply(250, "2.0.0 Ok")

    async def _vrfy(self, _argument: str) -> None:
        await self._reply(252, "2.5.0 Send some mail, I will try my best")

    async def _help(self, _argument: str) -> None:
        await self._reply(214, "2.0.0 RFC 5321")

    async def _unknown(self, _argument: str) -> None:
        raise Refused(500, "5.5.2 Command not recognized")

    async def _quit(self, _argument: str) -> None:
        self._over = True
        await self._reply(221, "2.0.0 Bye")

    def _fault(
        self, stage: Stage, *, login: str | None = None, sender: str | None = None,
        recipients: list[str] | None = None,
    ) -> Fault | None:  # fmt: skip
        return self._postmaster.rules.fault_at(
            stage,
            login=self._login if login is None else login,
            sender=(self._sender or "") if sender is None else sender,
            recipients=recipients,
        )

    async def _suffer(self, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.close:
            self._transcript.add("smtp", self._number, "server", f"(closes at {fault.stage})")
            raise Hangup
        if fault.code is not None:
            raise Refused(fault.code, fault.text or f"{fault.code // 100}.0.0 Not now, not here")

    async def _read_line(self, *, secret: bool = False) -> str:
        line = (await self._reader.readuntil(b"\n")).decode("utf-8", "surrogateescape")
        line = line.rstrip("\r\n")
        shown = "(secret)" if secret else re.sub(r"(?i)^(AUTH \S+) .*", r"\1 (secret)", line)
        self._transcript.add("smtp", self._number, "client", shown)
        return line

    async def _reply(self, code: int, *lines: str) -> None:
        self._transcript.add("smtp", self._number, "server", f"{code} {lines[0]}".rstrip())
        dashed = [f"{code}-{line}" for line in lines[:-1]]
        reply = "\r\n".join([*dashed, f"{code} {lines[-1]}"]) + "\r\n"
        self._writer.write(reply.encode("utf-8", "surrogateescape"))
        await self._writer.drain()


def _path(argument: str, keyword: str) -> tuple[str, list[str]]:
    found = PATH.fullmatch(argument)
    if found is None or not argument.upper().startswith(keyword):
        raise Refused(501, f"5.5.4 Syntax: {keyword}:<address>")
    return found[1].strip(), found[2].split()


def _decoded(response: str) -> str:
    try:
        return base64.b64decode(response, validate=True).decode() if response != "=" else ""
    except (binascii.Error, UnicodeDecodeError):
        raise Refused(501, "5.5.2 Cannot decode the response") from None
