"""SMTP submission (RFC 5321, 4954, 3207), one command at a time.

Libraries raise the same error whether the link broke before or after the final dot, and that
difference decides whether a mail may be sent again. So every step is a call of its own, and every
error says at which stage it happened.
"""

import asyncio
import base64
import contextlib
import re
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Literal, Self

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.fault_points import faultpoint
from shared.net.connection_errors import UNREACHABLE, describe_connection_error
from shared.net.egress import AddressRefused, EgressPolicy

Stage = Literal["connect", "auth", "mail", "rcpt", "data", "body", "dot"]
SmtpTls = TypeAliasType(
    "SmtpTls",
    Annotated[
        Literal["implicit", "starttls", "opportunistic"],
        Field(
            description="How the connection to a mail server is encrypted: `implicit` from its"
            " first"
            " byte, `starttls` before anything is said, `opportunistic` where the server"
            " offers it."
        ),
    ],
)

_PORTS = frozenset({465, 587, 2525})
_REPLY_LIMIT = 64 * 1024
_CHUNK = 16 * 1024
_NO_REPLY = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
_LINE_START_DOT = re.compile(rb"(^|\n)\.")


class SmtpFailure(Exception):
    """The mail was not handed over, or nobody knows; `stage` says which."""

    def __init__(self, stage: Stage, detail: str) -> None:
        super().__init__(f"{stage}: {detail}")
        self.stage = stage
        self.detail = detail


class SmtpRefused(SmtpFailure):
    """The server said no: 4xx for now, 5xx for good. The mail is certainly not accepted."""

    def __init__(self, stage: Stage, code: int, text: str) -> None:
        super().__init__(stage, f"{code} {text}")
        self.code = code
        self.text = text


class SmtpBroken(SmtpFailure):
    """The link broke, was never made, or the server fell silent."""


@dataclass(frozen=True, slots=True)
class Server:
    host: str
    port: int
    tls: SmtpTls
    username: str | None
    password: str | None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to wait for the connection, for a reply, and for the reply to the final dot."""

    connect: float
    command: float
    final: float


@dataclass(frozen=True, slots=True)
class Reply:
    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)[:500]


class SmtpSession:
    """An authenticated session. Use it as a context manager: leaving closes the connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: Patience
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._extensions: dict[str, str] = {}

    @classmethod
    async def open(cls, server: Server, policy: EgressPolicy, patience: Patience) -> Self:
        """Connect to a checked address, encrypt, greet and log in.

        Raises `SmtpRefused` or `SmtpBroken` with stage `connect` or `auth`.
        """
        context = ssl.create_default_context() if server.tls == "implicit" else None
        try:
            async with asyncio.timeout(patience.connect):
                address = await policy.checked_peer(
                    server.host, server.port, encrypted=server.tls != "opportunistic", ports=_PORTS
                )
                reader, writer = await asyncio.open_connection(
                    address,
                    server.port,
                    ssl=context,
                    server_hostname=server.host if context else None,
                    limit=_REPLY_LIMIT,
                )
        except AddressRefused as error:
            raise SmtpBroken("connect", UNREACHABLE) from error
        except (OSError, TimeoutError) as error:
            raise SmtpBroken("connect", describe_connection_error(error)) from error
        session = cls(reader, writer, patience)
        try:
            await session._expect("connect", 220)
            await session._greet(server)
            if server.username:
                await session._log_in(server.username, server.password or "")
        except BaseException:
            session._drop()
            raise
        return session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            with contextlib.suppress(OSError):
                self._writer.write(b"QUIT\r\n")
        self._drop()

    async def mail(self, sender: str, size: int, *, utf8: bool = False) -> None:
        """`utf8`: its header has addresses beyond ASCII. Raises `SmtpRefused` with stage `rcpt`, as
        servers refuse such an address, where the server offers no SMTPUTF8.
        """
        if utf8 and "SMTPUTF8" not in self._extensions:
            message = "5.6.7 The mail server takes no address with letters beyond ASCII."
            raise SmtpRefused("rcpt", 553, message)
        declared = f" SIZE={size}" if "SIZE" in self._extensions else ""
        declared += " SMTPUTF8" if utf8 else ""
        await self._command("mail", f"MAIL FROM:<{sender}>{declared}", 250)

    async def rcpt(self, recipient: str) -> None:
        await self._command("rcpt", f"RCPT TO:<{recipient}>", 250, 251)

    async def data(self) -> None:
        await self._command("data", "DATA", 354)

    async def body(self, chunk: bytes) -> None:
        """A part of what `stuffed` made."""
        await self._send("body", chunk)

    async def still_listening(self) -> None:
        """Raises `SmtpBroken` or `SmtpRefused` when the server hung up, or spoke, during the body:
        without the dot it has accepted nothing.
        """
        try:
            async with asyncio.timeout(0):
                reply = await self._read_reply()
        except TimeoutError:
            return
        except _NO_REPLY as error:
            raise SmtpBroken("body", describe_connection_error(error)) from error
        raise SmtpRefused("body", reply.code, reply.text)

    async def dot(self) -> Reply:
        """End the mail. A refusal is definite; a break after this call began leaves the outcome
        unknown.
        """
        await self._send("dot", b".\r\n")
        faultpoint("send.after_dot")
        return await self._expect("dot", 250, seconds=self._patience.final)

    async def _greet(self, server: Server) -> None:
        await self._hello()
        offered = "STARTTLS" in self._extensions
        if server.tls == "starttls" and not offered:
            raise SmtpRefused("connect", 530, "The server offers no STARTTLS.")
        if server.tls != "implicit" and offered:
            await self._command("connect", "STARTTLS", 220)
            try:
                async with asyncio.timeout(self._patience.connect):
                    await self._writer.start_tls(
                        ssl.create_default_context(), server_hostname=server.host
                    )
            except (OSError, TimeoutError) as error:
                raise SmtpBroken("connect", describe_connection_error(error)) from error
            await self._hello()

    async def _hello(self) -> None:
        host = self._writer.get_extra_info("sockname")[0]
        name = f"[IPv6:{host}]" if ":" in host else f"[{host}]"
        reply = await self._command("connect", f"EHLO {name}", 250)
        self._extensions = {}
        for line in reply.lines[1:]:
            keyword, _, parameters = line.partition(" ")
            self._extensions[keyword.upper()] = parameters

    async def _log_in(self, username: str, password: str) -> None:
        mechanisms = self._extensions.get("AUTH", "").upper().split()
        if "PLAIN" in mechanisms:
            plain = _b64(f"\0{username}\0{password}")
            await self._command("auth", f"AUTH PLAIN {plain}", 235)
        elif "LOGIN" in mechanisms:
            await self._command("auth", "AUTH LOGIN", 334)
            await self._command("auth", _b64(username), 334)
            await self._command("auth", _b64(password), 235)
        else:
            raise SmtpRefused("auth", 504, "The server offers no login that we know.")

    async def _command(self, stage: Stage, line: str, *codes: int) -> Reply:
        await self._send(stage, line.encode("utf-8", "strict") + b"\r\n")
        return await self._expect(stage, *codes)

    async def _send(self, stage: Stage, raw: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience.command):
                self._writer.write(raw)
                await self._writer.drain()
        except (OSError, TimeoutError) as error:
            raise SmtpBroken(stage, describe_connection_error(error)) from error

    async def _expect(self, stage: Stage, *codes: int, seconds: float | None = None) -> Reply:
        try:
            async with asyncio.timeout(seconds or self._patience.command):
                reply = await self._read_reply()
        except _NO_REPLY as error:
            raise SmtpBroken(stage, describe_connection_error(error)) from error
        if reply.code not in codes:
            raise SmtpRefused(stage, reply.code, reply.text)
        return reply

    async def _read_reply(self) -> Reply:
        """Raises EOFError at the end of the connection, ValueError for what is no reply."""
        lines: list[str] = []
        while True:
            raw = await self._reader.readuntil(b"\n")
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            code, separator = line[:3], line[3:4]
            if not code.isdigit() or separator not in {"", " ", "-"}:
                raise ValueError(f"not an SMTP reply: {line[:80]!r}")
            lines.append(line[4:])
            if separator != "-":
                return Reply(int(code), tuple(lines))
            if len(lines) > 100:  # noqa: PLR2004  (no server has so much to say)
                raise ValueError("a reply without end")

    def _drop(self) -> None:
        self._writer.close()


def stuffed(raw: bytes) -> list[bytes]:
    """The mail as it goes over the wire, in chunks, without the final dot (RFC 5321 4.5.2)."""
    ended = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    wire = _LINE_START_DOT.sub(rb"\1..", ended)
    return [wire[at : at + _CHUNK] for at in range(0, len(wire), _CHUNK)]


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
