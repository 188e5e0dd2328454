"""Reading a mailbox over a real IMAP server."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.ids import new_id
from shared.message_ids import own_message_id
from tests.harness import Tenure, Workspace
from tests.simulators.mail import ImapFault, MailSimulator

ANA, PASSWORD = "ana@acme.example", "open sesame"


class Inbox:
    def __init__(self, tenure: Tenure, ws: Workspace, mail: MailSimulator) -> None:
        self.tenure, self.ws, self.mail = tenure, ws, mail
        self.connection_id = ""

    async def connect(self, **more: Any) -> dict[str, Any]:
        body = {
            "system": "imap",
            "title": "Ana's inbox",
            "host": "127.0.0.1",
            "port": self.mail.imap_port,
            "security": "none",
            "username": ANA,
            "password": PASSWORD,
            "mailbox": ANA,
            "every_seconds": 86_400,
            **more,
        }
        made = await self.ws.admin.post("/v1/connections", body)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json()
        self.connection_id = found["id"]
        await self.tenure.settle()
        return found

    async def look(self) -> dict[str, Any]:
        asked = await self.ws.admin.post(f"/v1/connections/{self.connection_id}/sync")
        assert asked.status_code == 202, asked.text
        await self.tenure.settle()
        run = await self.ws.admin.get(f"/v1/sync-runs/{asked.json()['id']}")
        found: dict[str, Any] = run.json()
        return found

    def ours(self) -> str:
        return own_message_id(self.ws.id, new_id(), "acme.example")

    def put(self, raw: str) -> None:
        self.mail.inject(ANA, raw.encode().replace(b"\n", b"\r\n"))

    def put_reply(self, to: str, **more: str) -> str:
        message_id = f"<{new_id().hex}@cust.example>"
        extra = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in more.items())
        self.put(
            f"From: Jo <jo@cust.example>\nTo: {ANA}\nSubject: Re: Your renewal\n"
            f"Message-ID: {message_id}\nIn-Reply-To: {to}\n{extra}\nLet us talk.\n"
        )
        return message_id

    async def told(self, name: str) -> list[dict[str, Any]]:
        async with self.tenure.workers["sync"].units.begin(self.ws.id, []) as uow:
            rows = await uow.session.execute(
                text(
                    "select payload from events where workspace_id = :workspace_id"
                    " and name = :name order by xid, seq"
                ),
                {"workspace_id": self.ws.id, "name": name},
            )
            return [row.payload for row in rows]


@pytest.fixture
async def inbox(tenure: Tenure, tmp_path: Path) -> AsyncIterator[Inbox]:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as mail:
        made = Inbox(tenure, await tenure.workspace(), mail)
        yield made
        if made.connection_id:
            await made.ws.admin.post(f"/v1/connections/{made.connection_id}/pause")


REPLY, AUTO, BOUNCE = (
    "sync.reply_received.v1",
    "sync.auto_reply_received.v1",
    "sync.bounce_received.v1",
)


async def test_an_answer_to_our_mail_is_told_once(inbox: Inbox) -> None:
    await inbox.connect()
    ours = inbox.ours()
    message_id = inbox.put_reply(ours)
    run = await inbox.look()
    assert (run["status"], run["read"], run["written"]) == ("succeeded", 1, 1)
    await inbox.look()
    (event,) = await inbox.told(REPLY)
    assert (event["message_id"], event["references"]) == (message_id, [ours])
    assert (event["sender"], event["mailbox"]) == ("jo@cust.example", ANA)


async def test_an_out_of_office_is_neither_reply_nor_bounce(inbox: Inbox) -> None:
    await inbox.connect()
    inbox.put_reply(inbox.ours(), Auto_Submitted="auto-replied")
    await inbox.look()
    assert len(await inbox.told(AUTO)) == 1
    assert await inbox.told(REPLY) == await inbox.told(BOUNCE) == []


async def test_reading_leaves_mails_unseen(inbox: Inbox) -> None:
    inbox.put_reply(inbox.ours())
    await inbox.connect()
    assert [message.flags for message in inbox.mail.inbox(ANA)] == [set()]


async def test_mail_that_came_before_the_connection_counts_only_when_it_answers_ours(
    inbox: Inbox,
) -> None:
    made = await inbox.ws.admin.post(
        "/v1/contacts", {"first_name": "Jo", "email": "Jo@cust.example"}
    )
    assert made.status_code == 201, made.text
    await inbox.tenure.settle()
    inbox.put_reply("<something@else.example>")
    inbox.put_reply(inbox.ours())
    await inbox.connect()
    assert len(await inbox.told(REPLY)) == 1
    inbox.put_reply("<something@else.example>")
    await inbox.look()
    assert len(await inbox.told(REPLY)) == 2


async def test_threads_of_strangers_stay_private(inbox: Inbox) -> None:
    await inbox.connect()
    inbox.put_reply("<dinner@home.example>")
    run = await inbox.look()
    assert (run["read"], run["written"]) == (1, 0)
    assert await inbox.told(REPLY) == []


async def test_a_restored_folder_has_no_second_effect_and_loses_nothing(inbox: Inbox) -> None:
    await inbox.connect()
    first = inbox.put_reply(inbox.ours())
    await inbox.look()
    inbox.mail.bump_uid_validity(ANA)
    second = inbox.put_reply(inbox.ours())
    await inbox.look()
    assert [event["message_id"] for event in await inbox.told(REPLY)] == [first, second]


async def test_two_copies_of_one_mail_have_one_effect(inbox: Inbox) -> None:
    await inbox.connect()
    inbox.put_reply(inbox.ours())
    (copy,) = inbox.mail.inbox(ANA)
    inbox.mail.inject(ANA, b"Received: from x by y\r\n" + copy.raw)
    await inbox.look()
    assert len(await inbox.told(REPLY)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        ImapFault(command="LOGIN", refuse="[UNAVAILABLE] Try later"),
        ImapFault(command="EXAMINE", refuse="[INUSE] Locked"),
        ImapFault(command="UID SEARCH", close=True),
        ImapFault(command="UID FETCH", close=True),
        ImapFault(command="UID FETCH", close=True, after_bytes=90),
    ],
)
async def test_a_broken_look_is_made_up_for(inbox: Inbox, fault: ImapFault) -> None:
    await inbox.connect()
    for _ in range(3):
        inbox.put_reply(inbox.ours())
    inbox.mail.fail_imap(fault, times=1)
    run = await inbox.look()
    assert run["status"] == "failed"
    connection = await inbox.ws.admin.get(f"/v1/connections/{inbox.connection_id}")
    assert connection.json()["status"] == "ok"
    assert (await inbox.look())["status"] == "succeeded"
    assert len(await inbox.told(REPLY)) == 3


async def test_a_changed_password_asks_for_a_new_sign_in_and_goes_on_with_it(inbox: Inbox) -> None:
    await inbox.connect()
    inbox.mail.add_mailbox(ANA, "changed")
    inbox.put_reply(inbox.ours())
    assert (await inbox.look())["status"] == "failed"
    path = f"/v1/connections/{inbox.connection_id}"
    assert (await inbox.ws.admin.get(path)).json()["status"] == "needs_reauth"
    assert len(await inbox.told("sync.connection_needs_reauth.v1")) == 1
    changed = await inbox.ws.admin.patch(path, {"password": "changed"})
    assert changed.json()["status"] == "ok", changed.text
    await inbox.look()
    assert len(await inbox.told(REPLY)) == 1


async def test_trying_a_connection_tells_what_is_wrong(inbox: Inbox) -> None:
    await inbox.connect()
    path = f"/v1/connections/{inbox.connection_id}"
    tried = (await inbox.ws.admin.post(f"{path}/test")).json()
    assert (tried["ok"], tried["found"]["next_uid"]) == (True, 1)
    await inbox.ws.admin.patch(path, {"folder": "Nowhere"})
    tried = (await inbox.ws.admin.post(f"{path}/test")).json()
    assert not tried["ok"]
    assert "Nowhere" in tried["detail"]


async def test_private_addresses_are_refused_like_unreachable_ones(inbox: Inbox) -> None:
    for host in ("10.0.0.1", "169.254.169.254", "nowhere.invalid"):
        answer = await inbox.ws.admin.post(
            "/v1/connections",
            {
                "system": "imap",
                "title": "x",
                "host": host,
                "username": "x",
                "password": "x",
                "mailbox": ANA,
            },
        )
        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {"pointer": "/host", "code": "unreachable", "message": "The host could not be reached."}
        ]


async def test_passwords_are_never_returned_nor_stored_in_the_clear(inbox: Inbox) -> None:
    made = await inbox.connect()
    assert PASSWORD not in str(made)
    async with inbox.tenure.workers["sync"].units.begin(inbox.ws.id, []) as uow:
        row = (
            await uow.session.execute(
                text("select connections::text as all from connections where id = :id"),
                {"id": UUID(inbox.connection_id)},
            )
        ).one()
    assert PASSWORD not in row.all
