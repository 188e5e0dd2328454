"""Reading a mailbox over a real IMAP server."""

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.ids import new_id
from shared.mail.message_ids import own_message_id
from sync_worker.connectors.imap.folder import Folder
from sync_worker.mail.classification.classify import Finding, classified
from sync_worker.mail.classification.message import Mail
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

    def put_report(self, status_part: str, about: str | None = None) -> None:
        quoted = f"Message-ID: {about}\nTo: jo@cust.example\n" if about else ""
        self.put(
            f"Return-Path: <>\nFrom: MAILER-DAEMON@relay.example\nTo: {ANA}\nSubject: Undelivered\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\nContent-Type: message/delivery-status\n{status_part}\n"
            f"--b\nContent-Type: text/rfc822-headers\n\n{quoted}\n--b--\n"
        )

    async def told(self, name: str) -> list[dict[str, Any]]:
        async with self.tenure.workers["sync"].units.begin(self.ws.id, []) as uow:
            rows = await uow.connection.execute(
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


PERSONAL, REPLY, AUTO, BOUNCE = (
    "sync.personal_mail_received.v1",
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


async def test_what_a_contact_writes_without_a_thread_is_told_with_whom_it_is_to(
    inbox: Inbox,
) -> None:
    made = await inbox.ws.admin.post(
        "/v1/contacts", {"first_name": "Jo", "email": "Jo@müller.example"}
    )
    assert made.status_code == 201, made.text
    await inbox.connect()
    for sender in ("jo+work@xn--mller-kva.example", "mum@home.example"):
        inbox.put(
            f'From: {sender}\nTo: "Reyes, Ana" <ANA@acme.example>,\n bo@acme.example\n'
            f"Cc: Bo <bo@acme.example>, cy@müller.example\nMessage-ID: <1@{sender}>\n\nYes.\n"
        )
    run = await inbox.look()
    assert (run["read"], run["written"]) == (2, 1)
    (event,) = await inbox.told(PERSONAL)
    assert (event["sender"], event["subject"]) == ("jo+work@xn--mller-kva.example", "")
    assert event["recipients"] == [ANA, "bo@acme.example", "cy@xn--mller-kva.example"]
    assert await inbox.told(REPLY) == []


async def test_reports_and_answers_of_many_forms_are_told_for_what_they_are(inbox: Inbox) -> None:
    for email in ("jo@cust.example", "Info@müller.example"):
        made = await inbox.ws.admin.post("/v1/contacts", {"first_name": "Jo", "email": email})
        assert made.status_code == 201, made.text
    await inbox.connect()
    ours = [inbox.ours() for _ in range(4)]
    fields = "Final-Recipient: rfc822; {}\nAction: failed\nStatus: 5.1.1\n"
    coded = b64encode(f"Reporting-MTA: dns; x\n\n{fields.format('jo@cust.example')}".encode())
    inbox.put_report(f"Content-Transfer-Encoding: base64\n\n{coded.decode()}", ours[0])
    inbox.put_report(f"\nReporting-MTA: dns; x\n\n{fields.format('info@xn--mller-kva.example')}")
    inbox.put(
        f"Return-Path: <>\nFrom: mailer-daemon@cust.example\nSubject: 配信エラー\n\n"
        f"<jo@cust.example> 550 5.7.1 blocked, see 5.1.1.9\n\nFrom: {ANA}\n"
        f"To: jo@cust.example\nMessage-ID: {ours[1]}\n"
    )
    inbox.put(
        f"Return-Path: <jo@cust.example>\nFrom: jo@cust.example\nSubject: Re: Your renewal\n"
        f"In-Reply-To: {ours[2]}\nPrecedence: list\nList-Id: <renewals.acme.example>\n"
        'Content-Type: multipart/mixed; boundary="m"\n\n--m\nContent-Type: text/plain\n\nYes.\n'
        "--m\nContent-Type: message/rfc822\n\nReturn-Path: <>\nFrom: mailer-daemon@x.example\n"
        'Content-Type: multipart/report; boundary="r"\n\n--r\n'
        f"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n"
        f"{fields.format('billing@else.example')}\n--r--\n--m--\n"
    )
    for sender in ("=?utf-8?Q?M=C3=BCller=2C_Jo?= <JO@cust.example>", "info@xn--mller-kva.example"):
        inbox.put(f"From: {sender}\nSubject: [EXTERNAL] Antwort: Your renewal\n\nYes.\n")
    inbox.put_reply(ours[3], Delivered_To="Autoresponder")
    run = await inbox.look()
    assert (run["read"], run["written"]) == (7, 7)
    bounces = [(e["message_id"], e["recipient"], e["kind"]) for e in await inbox.told(BOUNCE)]
    assert bounces == [
        (ours[0], "jo@cust.example", "hard"),
        (None, "info@xn--mller-kva.example", "hard"),
        (ours[1], "jo@cust.example", "soft"),
    ]
    assert [(e["references"], e["sender"]) for e in await inbox.told(REPLY)] == [
        ([ours[2]], "jo@cust.example"),
        ([], "jo@cust.example"),
        ([], "info@xn--mller-kva.example"),
    ]
    assert [e["references"] for e in await inbox.told(AUTO)] == [[ours[3]]]


async def test_a_mail_that_cannot_be_read_costs_only_itself(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(workspace_id: UUID, mail: Mail) -> Finding:
        if mail.subject == "Poison":
            raise RuntimeError("a secret of the library")
        return classified(workspace_id, mail)

    monkeypatch.setattr("sync_worker.mail.mailbox.service.classified", broken)
    made = await inbox.connect()
    ids = [inbox.put_reply(inbox.ours()) for _ in range(2)]
    inbox.put(f"From: jo@cust.example\nSubject: Poison\nIn-Reply-To: {inbox.ours()}\n\nx\n")
    ids.append(inbox.put_reply(inbox.ours()))
    run = await inbox.look()
    assert (run["status"], run["read"], run["written"], run["rejected"]) == ("partial", 4, 3, 1)
    assert [event["message_id"] for event in await inbox.told(REPLY)] == ids
    path = f"/v1/connections/{made['id']}"
    assert (await inbox.ws.admin.get(path)).json()["status"] == "ok"
    assert f"{path}/rejected-mails" in (await inbox.ws.admin.get(path)).json()["reason"]
    [rejected] = (await inbox.ws.admin.get(f"{path}/rejected-mails")).json()["data"]
    assert rejected["uid"] == 3
    assert "secret" not in rejected["reason"]
    again = await inbox.look()
    assert (again["status"], again["read"]) == ("succeeded", 0)


async def test_a_rejected_mail_is_read_again_or_dismissed(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await inbox.connect()
    path = f"/v1/connections/{made['id']}/rejected-mails"
    with monkeypatch.context() as patched:
        patched.setattr(Mail, "parse", unreadable)
        ids = [inbox.put_reply(inbox.ours()) for _ in range(2)]
        assert (await inbox.look())["rejected"] == 2
        asked = await inbox.ws.admin.post(f"{path}/retry")
        await inbox.tenure.settle()
        run = (await inbox.ws.admin.get(f"/v1/sync-runs/{asked.json()['id']}")).json()
        assert (run["status"], run["rejected"]) == ("partial", 2), "they still cannot be read"
        rejected = (await inbox.ws.admin.get(path)).json()["data"]
    address = f"{path}/{rejected[0]['uid_validity']}/{rejected[0]['uid']}"
    assert (await inbox.ws.admin.delete(address)).status_code == 204
    assert (await inbox.ws.admin.delete(address)).status_code == 404
    await inbox.ws.admin.post(f"{path}/retry")
    await inbox.tenure.settle()
    assert "connection.rejected_mail_dismissed" in await inbox.ws.audited()
    assert [event["message_id"] for event in await inbox.told(REPLY)] == ids[1:]
    assert (await inbox.ws.admin.get(path)).json()["data"] == []


async def test_a_rejected_mail_that_is_gone_says_so(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await inbox.connect()
    path = f"/v1/connections/{made['id']}/rejected-mails"
    with monkeypatch.context() as patched:
        patched.setattr(Mail, "parse", unreadable)
        inbox.put_reply(inbox.ours())
        await inbox.look()
        patched.setattr(Folder, "fetch", lambda *_: [])
        await inbox.ws.admin.post(f"{path}/retry")
        await inbox.tenure.settle()
    [rejected] = (await inbox.ws.admin.get(path)).json()["data"]
    assert "no longer in the folder" in rejected["reason"]


def unreadable(*_: Any) -> Mail:
    raise ZeroDivisionError


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
    for word in ("Error", "socket", "=>", "b'", "command:"):
        assert word not in run["reason"]
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
    assert (tried["ok"], tried["findings"]["next_uid"]) == (True, 1)
    await inbox.ws.admin.patch(path, {"folder": "Nowhere"})
    tried = (await inbox.ws.admin.post(f"{path}/test")).json()
    assert not tried["ok"]
    assert "Nowhere" in tried["detail"]
    await inbox.ws.admin.patch(path, {"folder": "INBOX", "password": "wrong"})
    tried = (await inbox.ws.admin.post(f"{path}/test")).json()
    assert not tried["ok"]
    assert tried["detail"].startswith("The server refused the log-in: [AUTHENTICATIONFAILED]")
    assert "b'" not in tried["detail"]


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
            await uow.connection.execute(
                text("select connections::text as all from connections where id = :id"),
                {"id": UUID(inbox.connection_id)},
            )
        ).one()
    assert PASSWORD not in row.all
