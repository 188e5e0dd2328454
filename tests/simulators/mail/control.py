"""The control API: what a test in another process, or a person with curl, may see and change."""

import base64
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Body, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime

from tests.simulators.kit.tcp import TcpServer
from tests.simulators.mail.rules import Model, Rule
from tests.simulators.mail.store import Mailbox, StoredMessage

if TYPE_CHECKING:
    from tests.simulators.mail.simulator import MailSimulator


Protocol = Literal["smtp", "imap"]


class MailboxIn(Model):
    address: str
    password: str
    aliases: tuple[str, ...] = ()
    keeps_sent: bool = True


class Clock(Model):
    now: AwareDatetime | None = None
    frozen: bool | None = None


class Injection(Model):
    raw_base64: str
    folder: str = "INBOX"
    flags: tuple[str, ...] = ()


class FolderName(Model):
    folder: str = "INBOX"


def create_control(mail: "MailSimulator") -> FastAPI:
    app = FastAPI(title="Mail simulator", docs_url=None, redoc_url=None)
    app.add_exception_handler(LookupError, _missing)
    _add_journal(app, mail)
    _add_mailboxes(app, mail)
    _add_rules(app, mail)
    return app


async def _missing(_request: Request, fault: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(fault.args[0])}, status_code=404)


def _add_journal(app: FastAPI, mail: "MailSimulator") -> None:
    @app.get("/")
    async def addresses() -> dict[str, str | int]:
        return mail.addresses()

    @app.get("/accepted")
    async def accepted(
        message_id: str | None = None,
        recipient: str | None = None,
        after: int = 0,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    ) -> list[dict[str, Any]]:
        found = mail.accepted.find(message_id=message_id, recipient=recipient, after=after)
        return [one.as_json() for one in found[:limit]]

    @app.get("/accepted/count")
    async def count(message_id: str | None = None) -> dict[str, Any]:
        counts = mail.accepted.counts()
        if message_id is not None:
            return {"count": counts.get(message_id, 0)}
        return {"count": len(mail.accepted.all), "by_message_id": counts}

    @app.delete("/accepted", status_code=204)
    async def clear_accepted() -> None:
        mail.accepted.clear()

    @app.post("/servers/{protocol}/down", status_code=204)
    async def down(protocol: Protocol) -> None:
        """Cut what is open and refuse connections, on the same port."""
        await _server(mail, protocol).down()

    @app.post("/servers/{protocol}/up", status_code=204)
    async def up(protocol: Protocol) -> None:
        await _server(mail, protocol).start()

    @app.get("/transcript")
    async def transcript(protocol: Protocol | None = None) -> list[dict[str, Any]]:
        return mail.transcript.as_json(protocol)

    @app.get("/clock")
    async def clock() -> dict[str, Any]:
        return mail.clock.state()

    @app.put("/clock")
    async def set_clock(clock: Clock) -> dict[str, Any]:
        mail.clock.set(clock.now or mail.clock.now(), frozen=clock.frozen)
        return mail.clock.state()


def _add_mailboxes(app: FastAPI, mail: "MailSimulator") -> None:
    @app.get("/mailboxes")
    async def mailboxes() -> list[dict[str, Any]]:
        return [_mailbox(mailbox) for mailbox in mail.store.mailboxes]

    @app.put("/mailboxes")
    async def put_mailbox(mailbox: MailboxIn) -> dict[str, Any]:
        return _mailbox(
            mail.add_mailbox(
                mailbox.address, mailbox.password,
                aliases=mailbox.aliases, keeps_sent=mailbox.keeps_sent,
            )
        )  # fmt: skip

    @app.delete("/mailboxes/{address}", status_code=204)
    async def remove_mailbox(address: str) -> None:
        mail.store.remove_mailbox(address)

    @app.get("/mailboxes/{address}/messages")
    async def messages(address: str, folder: str = "INBOX") -> list[dict[str, Any]]:
        found = mail.store.mailbox(address).folder(folder)
        return [_message(message) for message in found.messages.values()]

    @app.post("/mailboxes/{address}/messages", status_code=201)
    async def inject(address: str, injection: Injection) -> dict[str, Any]:
        raw = base64.b64decode(injection.raw_base64)
        return _message(mail.inject(address, raw, folder=injection.folder, flags=injection.flags))

    @app.post("/mailboxes/{address}/uid-validity")
    async def bump(address: str, which: Annotated[FolderName, Body()]) -> dict[str, int]:
        return {"uid_validity": mail.bump_uid_validity(address, which.folder)}


def _add_rules(app: FastAPI, mail: "MailSimulator") -> None:
    @app.get("/rules")
    async def rules() -> list[Rule]:
        """The youngest first, as they are tried."""
        return mail.rules.all()

    @app.post("/rules", status_code=201)
    async def add_rule(rule: Rule) -> Rule:
        return mail.rules.add(rule)

    @app.delete("/rules/{rule_id}", status_code=204)
    async def remove_rule(rule_id: int) -> None:
        mail.rules.remove(rule_id)

    @app.delete("/rules", status_code=204)
    async def reset_rules() -> None:
        """Only those of the default domains remain."""
        mail.rules.reset()


def _server(mail: "MailSimulator", protocol: Protocol) -> TcpServer:
    return mail.smtp if protocol == "smtp" else mail.imap


def _mailbox(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "address": mailbox.address,
        "aliases": list(mailbox.aliases),
        "keeps_sent": mailbox.keeps_sent,
        "folders": {
            name: {
                "messages": len(folder.messages),
                "uid_validity": folder.uid_validity,
                "uid_next": folder.uid_next,
            }
            for name, folder in mailbox.folders.items()
        },
    }


def _message(message: StoredMessage) -> dict[str, Any]:
    parsed = message.message
    return {
        "uid": message.uid,
        "flags": sorted(message.flags),
        "internal_date": message.internal_date.isoformat(),
        "headers": [[name, str(value)] for name, value in parsed.items()],
        "raw_base64": base64.b64encode(message.raw).decode(),
    }
