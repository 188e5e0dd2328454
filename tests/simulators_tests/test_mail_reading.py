"""Mailboxes, read with imap-tools and plain imaplib."""

import asyncio
import imaplib
from datetime import UTC, datetime
from typing import Any

import pytest
from imap_tools import MailBoxUnencrypted

from tests.simulators.mail import (
    ImapFault,
    MailSimulator,
)
from tests.simulators_tests.mail_client import (
    ANA,
    MESSAGE_ID,
    PASSWORD,
    fetched,
    letter,
    read,
)


async def test_imap_tools_reads_headers_bodies_and_flags(mail: MailSimulator) -> None:
    mail.inject(ANA, letter().as_bytes())
    mail.inject(ANA, letter(message_id="<2@acme.example>").as_bytes(), flags=["\\Seen"])
    first, second = await fetched(mail)
    assert (first.uid, second.uid) == ("1", "2")
    assert first.subject == "Your renewal"
    assert first.headers["message-id"] == (MESSAGE_ID,)
    assert "..and two" in first.text
    assert (first.flags, second.flags) == ((), ("\\Seen",))
    assert first.size_rfc822 == len(letter().as_bytes())

    def in_bulk(box: MailBoxUnencrypted) -> list[str]:
        return [one.subject for one in box.fetch(bulk=True, headers_only=True, mark_seen=False)]

    assert await read(mail, in_bulk) == ["Your renewal"] * 2


async def test_searches_find_what_they_say(mail: MailSimulator) -> None:
    for number in range(1, 4):
        mail.clock.set(datetime(2026, 5, number, 12, tzinfo=UTC), frozen=True)
        mail.inject(ANA, letter(message_id=f"<{number}@acme.example>").as_bytes())
    mail.store.set_flags(mail.store.mailbox(ANA), mail.store.mailbox(ANA).inbox, 2, ["\\Seen"])
    expected = {
        "ALL": "1 2 3", "UNSEEN": "1 3", "SEEN": "2", "UID 2:3": "2 3", "UID 9:*": "3",
        "SINCE 2-May-2026": "2 3", "BEFORE 2-May-2026": "1", "ON 2-May-2026": "2",
        "HEADER Message-ID <2@acme.example>": "2", 'SUBJECT "renewal" NOT UID 1': "2 3",
        "OR UID 1 UID 3": "1 3", "(UNSEEN) UID 1:2": "1", "FROM ana SMALLER 9": "", "1:2": "1 2",
        'TEXT "BYE"': "1 2 3", "KEYWORD x": "", "MODSEQ 5": "2",
    }  # fmt: skip

    def searched(box: MailBoxUnencrypted) -> dict[str, str]:
        return {criteria: " ".join(box.uids(criteria)) for criteria in expected}

    assert await read(mail, searched) == expected


async def test_the_last_message_answers_to_every_open_range(mail: MailSimulator) -> None:
    mail.inject(ANA, letter().as_bytes())

    def open_range(box: MailBoxUnencrypted) -> list[Any]:
        return box.client.uid("FETCH", "100:*", "(UID FLAGS)")[1]

    assert await read(mail, open_range) == [b"1 (UID 1 FLAGS ())"]


async def test_plain_imaplib_reads_sections_dates_and_status(mail: MailSimulator) -> None:
    mail.clock.set(datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), frozen=True)
    mail.inject(ANA, letter().as_bytes())

    def look() -> None:
        imap = imaplib.IMAP4("127.0.0.1", mail.imap_port, timeout=5)
        imap.authenticate("PLAIN", lambda _: f"\0{ANA}\0{PASSWORD}".encode())
        assert imap.select("INBOX", readonly=True) == ("OK", [b"1"])
        assert imap.response("UIDVALIDITY")[1] == [b"3857529045"]
        assert imap.response("UIDNEXT")[1] == [b"2"]
        assert imap.response("HIGHESTMODSEQ")[1] == [b"2"]
        _, found = imap.uid(
            "FETCH", "1", "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject)])"
        )
        assert b'INTERNALDATE " 6-May-2026 07:08:09 +0000"' in found[0][0]
        assert found[0][1] == b"Subject: Your renewal\r\n\r\n"
        _, (part, *_) = imap.fetch("1", "(BODY.PEEK[]<0.4>)")
        assert isinstance(part, tuple)
        assert part[1] == letter().as_bytes()[:4]
        assert imap.uid("STORE", "1", "+FLAGS", "(\\Seen)")[0] == "NO"
        _, folders = imap.list()
        assert b'(\\HasNoChildren \\Sent) "/" "Sent"' in folders
        assert imap.status("INBOX", "(MESSAGES UNSEEN UIDNEXT)")[1] == [
            b'"INBOX" (MESSAGES 1 UNSEEN 1 UIDNEXT 2)'
        ]
        with pytest.raises(imaplib.IMAP4.error):
            imap.fetch("1", "(BODYSTRUCTURE)")
        imap.logout()

    await asyncio.to_thread(look)


async def test_reading_with_peek_leaves_a_message_unseen_and_without_marks_it(
    mail: MailSimulator,
) -> None:
    mail.inject(ANA, letter().as_bytes())
    await fetched(mail)
    assert mail.inbox(ANA)[0].flags == set()
    await read(mail, lambda box: list(box.fetch()))
    assert mail.inbox(ANA)[0].flags == {"\\Seen"}


async def test_messages_are_appended_flagged_moved_and_deleted(mail: MailSimulator) -> None:
    def work(box: MailBoxUnencrypted) -> None:
        at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        assert b"APPENDUID" in box.append(letter().as_bytes(), dt=at)[1][0]
        box.append(letter().as_bytes(), flag_set=["\\Flagged"])
        box.flag("1", "\\Seen", value=True)
        box.move("1", "Trash")
        box.delete("2")
        assert box.uids() == []
        box.folder.create("Done")
        box.folder.set("Trash")
        assert box.uids("SEEN") == ["1"]

    await read(mail, work)
    (moved,) = mail.store.mailbox(ANA).folder("Trash").messages.values()
    assert moved.raw == letter().as_bytes()
    assert moved.internal_date == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_idle_tells_of_a_new_message_at_once(mail: MailSimulator) -> None:
    loop = asyncio.get_running_loop()

    def wait(box: MailBoxUnencrypted) -> list[bytes]:
        with box.idle as idle:
            loop.call_soon_threadsafe(mail.inject, ANA, letter().as_bytes())
            news: list[bytes] = idle.poll(timeout=5)
        assert box.uids() == ["1"]
        return news

    assert b"* 1 EXISTS" in await read(mail, wait)


async def test_a_restored_folder_voids_every_uid_and_ends_its_sessions(
    mail: MailSimulator,
) -> None:
    mail.inject(ANA, letter().as_bytes())
    mail.store.expunge(mail.store.mailbox(ANA), mail.store.mailbox(ANA).inbox, 1)
    mail.inject(ANA, letter().as_bytes())
    loop = asyncio.get_running_loop()

    def look() -> None:
        box = MailBoxUnencrypted("127.0.0.1", mail.imap_port, timeout=5).login(ANA, PASSWORD)
        before = box.folder.status("INBOX")
        asyncio.run_coroutine_threadsafe(bump(), loop).result(5)
        with pytest.raises(imaplib.IMAP4.abort):
            box.uids()
        box.client.shutdown()
        with MailBoxUnencrypted("127.0.0.1", mail.imap_port).login(ANA, PASSWORD) as again:
            after = again.folder.status("INBOX")
            assert after["UIDVALIDITY"] > before["UIDVALIDITY"]
            assert again.uids() == ["1"]

    async def bump() -> None:
        mail.bump_uid_validity(ANA)

    await asyncio.to_thread(look)


async def test_only_what_changed_since_is_fetched(mail: MailSimulator) -> None:
    mail.inject(ANA, letter().as_bytes())
    since = mail.store.mailbox(ANA).inbox.highest_modseq
    mail.inject(ANA, letter().as_bytes())

    def changed(box: MailBoxUnencrypted) -> list[Any]:
        return box.client.uid("FETCH", "1:*", "(FLAGS)", f"(CHANGEDSINCE {since})")[1]

    assert await read(mail, changed) == [b"2 (UID 2 FLAGS ())"]


async def test_a_wrong_password_and_a_missing_folder_are_refused(mail: MailSimulator) -> None:
    def look() -> None:
        imap = imaplib.IMAP4("127.0.0.1", mail.imap_port, timeout=5)
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            imap.login(ANA, "wrong")
        imap.login(ANA, PASSWORD)
        assert imap.select("Nowhere")[0] == "NO"
        imap.shutdown()

    await asyncio.to_thread(look)


@pytest.mark.parametrize(
    "fault",
    [
        ImapFault(command="UID FETCH", close=True),
        ImapFault(command="UID FETCH", close=True, after_bytes=90),
        ImapFault(command="LOGIN", refuse="[UNAVAILABLE] Try later"),
        ImapFault(command="SELECT", delay=0.05, refuse="[INUSE] Locked"),
    ],
)
async def test_reading_can_break_too(mail: MailSimulator, fault: ImapFault) -> None:
    mail.inject(ANA, letter().as_bytes())
    mail.fail_imap(fault, times=1)
    with pytest.raises(Exception):  # noqa: B017, PT011 - each break has another class in imap-tools
        await fetched(mail)
    assert len(await fetched(mail)) == 1
