"""Answers of other systems that have another form than theirs: each is told as such, and costs
nothing but itself.
"""

import asyncio
import contextlib
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from shared.net.answers import Answer
from sync_worker.connectors.base import Field, SystemTrouble
from sync_worker.connectors.imap.folder import opened
from sync_worker.connectors.kit.forms import Misshapen
from sync_worker.connectors.mail_base import Dialled
from sync_worker.connectors.salesforce.answers import (
    SAVED,
    DeletedRows,
    Description,
    Granted,
    RowsPage,
    read,
)
from sync_worker.connectors.salesforce.errors import (
    grant_trouble_of,
    trouble_of,
    trouble_of_row,
)
from sync_worker.connectors.salesforce.rows import readable_fields
from tests.simulators.kit.tcp import Handler, TcpServer
from tests.sync_worker.making import Org

JSON = {"content-type": "application/json"}
FORMS: tuple[Any, ...] = (Granted, Description, RowsPage, DeletedRows, SAVED)
ODD = (
    "[]", "{}", "null", "7", "-1e400", "NaN", '"text"', "true", "[[]]", "[null]", "[7]",
    "[" * 5000 + "]" * 5000, "9" * 5000, "{", "",
    '{"fields": 3}', '{"fields": {}}', '{"fields": [3]}', '{"fields": [[]]}', '{"fields": null}',
    '{"fields": [{"name": 3}, {"name": ""}, {"name": "\\u0000"}, {}]}',
    '{"access_token": 3, "instance_url": {}}',
    '{"access_token": "a\\r\\nb: c", "instance_url": "https://acme.my.salesforce.com"}',
    '{"access_token": "ключ", "instance_url": "https://acme.my.salesforce.com"}',
    '{"access_token": "t", "instance_url": "https://acme.example@10.0.0.1/"}',
    '{"access_token": "t", "instance_url": "file:///etc/passwd"}',
    '{"records": {}, "done": true}', '{"records": [3], "done": true}', '{"records": [], "done": 1}',
    '{"records": [], "done": false}', '{"records": [], "done": false, "nextRecordsUrl": "@evil/"}',
    '{"deletedRecords": [{"id": 7}], "latestDateCovered": 1, "earliestDateAvailable": []}',
)  # fmt: skip

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["fields", "name", "length", "picklistValues", "records", "done", "id", "errors",
                 "nextRecordsUrl", "deletedRecords", "latestDateCovered", "success", "error",
                 "earliestDateAvailable", "access_token", "instance_url", "errorCode", "value"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)  # fmt: skip


def answer(body: bytes) -> Answer:
    return Answer(200, httpx2.Headers(JSON), body)


@given(st.binary(max_size=50) | documents.map(to_json) | st.sampled_from(ODD).map(str.encode))
def test_whatever_a_system_answers_has_our_form_or_is_refused(body: bytes) -> None:
    for form in FORMS:
        with contextlib.suppress(Misshapen):
            read(answer(body), form, "a test")
    for status in (200, 302, 400, 401, 500):
        trouble_of(status, JSON, body)
        grant_trouble_of(status, JSON, body)


@given(st.dictionaries(st.sampled_from(["success", "errors"]), documents))
def test_whatever_a_row_of_a_collection_is_answered_is_judged(result: dict[str, Any]) -> None:
    assert (trouble_of_row(result) is None) == (result.get("success") is True)


@given(st.lists(st.dictionaries(st.text(max_size=3) | st.just("name"), documents), max_size=3))
def test_a_field_that_cannot_be_read_costs_only_itself(fields: list[dict[str, Any]]) -> None:
    good = {"name": "Name", "type": "string", "length": 255, "label": "Account Name"}
    kept = readable_fields([*fields, good])
    assert kept[-1] == Field(name="Name", label="Account Name", kind="text", length=255)
    assert "\\u0000" not in to_json([each.name for each in kept]).decode()


def test_a_deletion_that_does_not_say_of_what_costs_only_itself() -> None:
    at = "2026-03-02T09:00:00.000+0000"
    gone = [{"id": 7}, {"id": "001000000000001AAA"}, {}, {"id": "x' OR"}]
    body = {"deletedRecords": gone, "latestDateCovered": at, "earliestDateAvailable": at}
    assert read(answer(to_json(body)), DeletedRows, "a test").ids == ["001000000000001AAA"]


def test_no_answer_carries_a_nul_into_the_database() -> None:
    page = read(answer(b'{"records": [{"Na\\u0000me": "a\\u0000b \\\\u0000"}], "done": true}'),
                RowsPage, "a test")  # fmt: skip
    assert page.records == [{"Name": "ab \\u0000"}]
    trouble = trouble_of(
        400, JSON, b'[{"errorCode": "X", "message": "a\\u0000' + b"b" * 9999 + b'"}]'
    )
    assert trouble is not None
    assert "\x00" not in trouble.detail
    assert len(trouble.detail) < 1000


OVER_HTTP = (
    "[]",
    "7",
    "[" * 500,
    '{"fields": 3}',
    '{"records": [3], "done": true}',
    '{"access_token": "ключ", "instance_url": "https://acme.my.salesforce.com"}',
)


async def test_trying_and_reading_a_connection_answer_whatever_the_other_side_says(
    small_org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = small_org
    monkeypatch.setattr("sync_worker.checks.service._PATIENCE", 0.3)
    monkeypatch.setattr("sync_worker.crm_sync.mappings.service._PATIENCE", 0.3)
    await org.connect()
    path = f"/v1/connections/{org.connection_id}"
    assert (await org.ws.admin.post(f"{path}/test")).json()["ok"]
    for where in ("/oauth2/token", "/describe", "/queryAll"):
        for body in OVER_HTTP:
            org.sf.world.auth.end_sessions()
            org.sf.faults.clear()
            org.sf.faults.add(
                where, kind="reply", status=200, headers={"Content-Type": "application/json"},
                body=body, times=None,
            )  # fmt: skip
            if where != "/queryAll":
                tried = await org.ws.admin.post(f"{path}/test")
                assert (tried.status_code, tried.json()["ok"]) == (200, False), tried.text
                assert tried.json()["detail"]
        run = await org.sync()
        assert (run["status"], bool(run["reason"])) == ("failed", True), where
    org.sf.faults.clear()
    org.sf.faults.add(
        "/query", kind="reply", status=200, headers={"Content-Type": "application/json"},
        body="[]", times=None,
    )  # fmt: skip
    silent = await org.ws.admin.post(f"{path}/mapping/preview", {"object": "Account"})
    assert (silent.status_code, silent.json()["code"]) == (503, "other_system_failed"), silent.text
    org.sf.faults.clear()
    assert (await org.sync())["status"] == "succeeded"


GREETINGS = (
    b"", b"\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"* BYE go away\r\n", b"\xff\xfe\x00\x00",
    b"220 mail.example ESMTP\r\n", b"* OK" + b"x" * 2_000_000 + b"\r\n", b"* OK \x80\r\n* \x80\r\n",
    b"* PREAUTH\r\n", b"* OK {7}\r\n", b"+ \r\n", b"NIL\r\n" * 50,
    b"* OK hi\r\n* 1 FETCH (BODY {99999999999}",
)  # fmt: skip
REPLIES = (
    b"", b"* CAPABILITY\r\n", b"* CAPABILITY IMAP4rev1 \xff\r\n", b"* UIDVALIDITY\r\n",
    b"* OK [UIDVALIDITY x]\r\n", b"* OK [UIDVALIDITY \xd9\xa1]\r\n",
    b"* OK [UIDVALIDITY " + b"9" * 40 + b"]\r\n* OK [UIDNEXT 5]\r\n",
    b"* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 5]\r\n* SEARCH a b\r\n",
    b"* OK [UIDVALIDITY 1]\r\n* OK [UIDNEXT 5]\r\n* SEARCH 99999999999\r\n",
)  # fmt: skip
"""What a server says before it calls every command done."""


@pytest.mark.parametrize("greeting", GREETINGS)
async def test_a_server_that_does_not_speak_imap_is_away(greeting: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    assert "codec" not in await _refusal(babble)


@pytest.mark.parametrize("reply", REPLIES)
async def test_a_server_that_speaks_imap_badly_is_away(reply: bytes) -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        while line := await reader.readline():
            capable = b"* CAPABILITY IMAP4rev1\r\n" if b"CAPABILITY" in line else b""
            writer.write(capable + reply + line.split()[0] + b" OK done\r\n")
        writer.close()

    assert "codec" not in await _refusal(babble)


async def _refusal(handler: Handler) -> str:
    server = TcpServer(handler)
    await server.start()
    to = Dialled("127.0.0.1", server.port, "127.0.0.1", encrypted=False)

    def look() -> None:
        with opened(to, "ana", "secret", "INBOX") as folder:
            folder.uids_from(1)

    with pytest.raises(SystemTrouble) as refused:
        await asyncio.to_thread(look)
    await server.stop()
    return str(refused.value)
