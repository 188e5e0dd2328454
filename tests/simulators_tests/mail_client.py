"""The clients that the product uses, aiosmtplib and imap-tools, and a letter to send."""

import asyncio
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from typing import Any

import aiosmtplib
from imap_tools import MailBoxUnencrypted, MailMessage

from tests.simulators.mail import (
    MailSimulator,
)

ANA, PASSWORD = "ana@acme.example", "open sesame"
MESSAGE_ID = "<renewal.1@acme.example>"


def letter(to: str = "jo@cust.example", message_id: str = MESSAGE_ID) -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"Ana Müller <{ANA}>"
    message["To"] = to
    message["Subject"] = "Your renewal"
    message["Message-ID"] = message_id
    message.set_content("Hello Jo,\n.dots at the start\n..and two\nBye")
    message.add_alternative("<p>Hello Jo</p>", subtype="html")
    message.set_boundary("=_letter")
    return message


def client(mail: MailSimulator, *, timeout: float = 5) -> aiosmtplib.SMTP:
    return aiosmtplib.SMTP(
        hostname="127.0.0.1", port=mail.smtp_port, username=ANA, password=PASSWORD,
        start_tls=False, timeout=timeout,
    )  # fmt: skip


async def send(mail: MailSimulator, message: EmailMessage | None = None) -> str:
    async with client(mail) as smtp:
        _, answer = await smtp.send_message(message or letter())
        return answer


async def read(mail: MailSimulator, look: Callable[[MailBoxUnencrypted], Any]) -> Any:
    def in_thread() -> Any:
        with MailBoxUnencrypted("127.0.0.1", mail.imap_port, timeout=5).login(ANA, PASSWORD) as box:
            return look(box)

    return await asyncio.to_thread(in_thread)


async def fetched(mail: MailSimulator) -> list[MailMessage]:
    found: list[MailMessage] = await read(mail, lambda box: list(box.fetch(mark_seen=False)))
    return found
