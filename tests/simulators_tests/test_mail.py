"""The mail simulator itself: it survives being killed, and is seen and set over HTTP."""

import asyncio
import base64
import imaplib
import json
import signal
import sys
from pathlib import Path

import aiosmtplib
import httpx2
import pytest

from tests.simulators.mail import (
    Fault,
    MailSimulator,
    Reaction,
    ReactionKind,
    Stage,
)
from tests.simulators_tests.mail_client import (
    ANA,
    MESSAGE_ID,
    PASSWORD,
    fetched,
    letter,
    read,
    send,
)

# Survival


async def test_a_simulator_over_the_same_directory_goes_on(tmp_path: Path) -> None:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as mail:
        mail.react("*", Reaction(kind=ReactionKind.REPLY, delay=60))
        await send(mail)
        validity = mail.bump_uid_validity(ANA)
    with (tmp_path / "accepted.jsonl").open("ab") as journal:
        journal.write(b'{"id": 2, "torn')
    answered = (
        (tmp_path / "accepted.jsonl")
        .read_text(encoding="utf-8")
        .replace('"delay":60.0', '"delay":0.0')
    )
    (tmp_path / "accepted.jsonl").write_text(answered)
    async with MailSimulator(tmp_path) as mail:
        assert mail.count(MESSAGE_ID) == 1
        assert len(await mail.wait_for_inbox(ANA)) == 1
        assert mail.store.mailbox(ANA).inbox.uid_validity == validity
        await send(mail)
        assert [kept.id for kept in mail.accepted.all] == [1, 2]


async def test_an_effect_happens_once_however_often_it_starts(tmp_path: Path) -> None:
    async with MailSimulator(tmp_path, mailboxes={ANA: PASSWORD}) as mail:
        await send(mail, letter("gone@bounce.example"))
    for _ in range(2):
        async with MailSimulator(tmp_path) as mail:
            assert len(mail.inbox(ANA)) == 1


# Control


async def test_everything_can_be_seen_and_set_over_http(mail: MailSimulator) -> None:
    async with httpx2.AsyncClient(base_url=mail.control_url) as http:
        assert (await http.get("/")).json() == mail.addresses()
        box = {"address": "Ben@acme.example", "password": "pw", "aliases": ["team@acme.example"]}
        assert (await http.put("/mailboxes", json=box)).json()["address"] == "ben@acme.example"
        rule = {"recipient": "*@cust.example", "reaction": {"kind": "bounce", "status": "5.2.1"}}
        added = await http.post("/rules", json=rule)
        assert added.status_code == 201
        await send(mail)
        (kept,) = (await http.get("/accepted", params={"message_id": MESSAGE_ID})).json()
        assert kept["recipient"] == "jo@cust.example"
        assert base64.b64decode(kept["raw_base64"]) == mail.accepted.all[0].raw
        assert ["Subject", "Your renewal"] in kept["headers"]
        count = await http.get("/accepted/count", params={"message_id": MESSAGE_ID})
        assert count.json() == {"count": 1}
        (bounce,) = (await http.get(f"/mailboxes/{ANA}/messages")).json()
        assert b"Status: 5.2.1" in base64.b64decode(bounce["raw_base64"])
        assert (await http.delete(f"/rules/{added.json()['id']}")).status_code == 204
        raw = base64.b64encode(letter().as_bytes()).decode()
        posted = await http.post("/mailboxes/team@acme.example/messages", json={"raw_base64": raw})
        assert posted.json()["uid"] == 1
        clock = {"now": "2031-03-04T05:06:07Z", "frozen": True}
        state = (await http.put("/clock", json=clock)).json()
        assert (state["now"], state["frozen"]) == ("2031-03-04T05:06:07+00:00", True)
        assert mail.clock.now().isoformat() == state["now"]
        validity = await http.post(f"/mailboxes/{ANA}/uid-validity", json={})
        assert validity.json() == {"uid_validity": 3857529046}
        assert (await http.delete("/accepted")).status_code == 204
        assert mail.accepted.all == []
        said = (await http.get("/transcript", params={"protocol": "smtp"})).text
        assert "RCPT TO:<jo@cust.example>" in said
        assert base64.b64encode(PASSWORD.encode()).decode() not in said
        assert PASSWORD not in said


async def test_each_server_can_be_down_while_the_control_stays(mail: MailSimulator) -> None:
    async with httpx2.AsyncClient(base_url=mail.control_url) as http:
        for protocol, work in (("smtp", send), ("imap", fetched)):
            assert (await http.post(f"/servers/{protocol}/down")).status_code == 204
            with pytest.raises((aiosmtplib.SMTPConnectError, ConnectionRefusedError)):
                await work(mail)
            assert (await http.post(f"/servers/{protocol}/up")).status_code == 204
            await work(mail)
        assert (await http.post("/servers/pop3/down")).status_code == 422


async def test_stopping_ends_idle_readers_and_held_back_answers(tmp_path: Path) -> None:
    mail = MailSimulator(tmp_path, mailboxes={ANA: PASSWORD})
    await mail.start()
    mail.fail(Fault(stage=Stage.DOT, delay=60))
    sending = asyncio.create_task(send(mail))
    idling = asyncio.create_task(read(mail, lambda box: box.idle.wait(timeout=30)))
    async with asyncio.timeout(5):
        while "IDLE" not in [line.text for line in mail.transcript.lines("imap")] or not [
            line for line in mail.transcript.lines("smtp") if line.text.startswith("354")
        ]:
            await asyncio.sleep(0.01)
    async with asyncio.timeout(2):
        await mail.stop()
    with pytest.raises((aiosmtplib.SMTPServerDisconnected, ConnectionError)):
        await sending
    with pytest.raises((imaplib.IMAP4.abort, OSError)):
        await idling


async def test_impossible_wishes_are_refused_over_http(mail: MailSimulator) -> None:
    async with httpx2.AsyncClient(base_url=mail.control_url) as http:
        for rule in (
            {"fault": {"stage": "rcpt", "close": True, "code": 550}},
            {"fault": {"stage": "rcpt", "code": 550, "accepted": True}},
            {"recipient": "jo@cust.example", "fault": {"stage": "connect", "close": True}},
            {"fault": {"stage": "dot", "close": True}, "reaction": {"kind": "reply"}},
            {"unknown": 1},
        ):
            assert (await http.post("/rules", json=rule)).status_code == 422, rule
        assert (await http.get("/mailboxes/nobody@acme.example/messages")).status_code == 404
        assert (await http.delete("/rules/999")).status_code == 404
        clock = await http.put("/clock", json={"now": "2026-05-06T07:08:09"})
        assert clock.status_code == 422


async def test_a_kill_after_the_acceptance_loses_nothing(tmp_path: Path) -> None:
    """A process of its own is killed while the answer to the dot is held back."""
    command = [
        sys.executable, "-m", "tests.simulators.mail", "--state", str(tmp_path),
        "--mailbox", f"{ANA}:{PASSWORD}",
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
        async with httpx2.AsyncClient(base_url=addresses["control_url"]) as http:
            fault = {"stage": "dot", "delay": 60, "accepted": True}
            await http.post("/rules", json={"fault": fault})
            smtp = aiosmtplib.SMTP(
                hostname=addresses["smtp_host"], port=addresses["smtp_port"],
                username=ANA, password=PASSWORD, start_tls=False,
            )  # fmt: skip
            async with smtp:
                sending = asyncio.create_task(smtp.send_message(letter("gone@bounce.example")))
                while (await http.get("/accepted/count")).json()["count"] == 0:
                    await asyncio.sleep(0.01)
                process.send_signal(signal.SIGKILL)
                with pytest.raises(aiosmtplib.SMTPServerDisconnected):
                    await sending
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    async with MailSimulator(tmp_path) as mail:
        assert mail.count(MESSAGE_ID) == 1
        assert len(mail.inbox(ANA)) == 1
