"""What SDKs send through HTTP: every type of message, from servers and from browsers."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.accounts_api.signals.product_events.making import events
from tests.harness import Client, Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ALL_TYPES = ("track", "identify", "group", "page", "screen", "alias")
SHORT = {"track": "t", "identify": "i", "group": "g", "page": "p", "screen": "s", "alias": "a"}


def message(type_: str, message_id: str) -> dict[str, Any]:
    own: dict[str, dict[str, Any]] = {
        "track": {"event": "login", "properties": {"plan": "pro"}},
        "identify": {"traits": {"jobTitle": "CTO"}},
        "group": {"groupId": "acme", "traits": {"seats": 5}},
        "alias": {"previousId": "a-1"},
    }
    return {"messageId": message_id, "userId": "u1", **own.get(type_, {"name": "Home"})}


async def tallies(ws: Workspace) -> dict[str, tuple[int, int]]:
    rows = (await ws.observer.get("/v1/product-message-types")).json()["data"]
    return {
        row["type"]: (row["accepted"], row["refused"])
        for row in rows
        if row["accepted"] or row["refused"]
    }


async def browser_key(ws: Workspace, *scopes: str) -> str:
    body = {"name": "Web", "role": "integration", "scopes": ["product_events:write", *scopes]}
    answer = await ws.admin.post("/v1/api-keys", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["secret"])


async def beacon(client: Client, path: str, body: Any) -> httpx2.Response:
    """As `navigator.sendBeacon` sends it."""
    headers = {"content-type": "text/plain;charset=UTF-8", "origin": "https://app.example"}
    return await client.request("POST", path, content=json.dumps(body), headers=headers)


async def test_every_type_of_message_is_taken_once_and_counted_as_what_it_is(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    for type_ in ALL_TYPES:
        for duplicates in range(2):
            answer = await ws.admin.post(f"/v1/{type_}", message(type_, f"{type_}-1"))
            assert answer.status_code == 200, answer.text
            assert answer.json()["duplicates"] == duplicates
    together = [{"type": type_, **message(type_, f"{type_}-2")} for type_ in ALL_TYPES]
    answer = await ws.admin.post("/v1/batch", {"batch": together})
    assert (answer.json()["accepted"], answer.json()["refused"]) == (6, [])
    assert await tallies(ws) == dict.fromkeys(ALL_TYPES, (2, 0))


async def test_a_browser_sends_with_a_key_in_the_body(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    made = await ws.admin.post("/v1/contacts", {"name": "Grace", "external_id": "u1"})
    key = await browser_key(ws)
    for type_, path in SHORT.items():
        body = {**message(type_, f"{type_}-1"), "writeKey": key, "_metadata": {"bundled": []}}
        answer = await beacon(ws.anonymous, f"/v1/{path}", body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["accepted"] == 1
        assert answer.headers["access-control-allow-origin"] == "*"
    batch = {"writeKey": key, "batch": [{"type": "track", **message("track", "t-2")}], "x": 1}
    assert (await beacon(ws.anonymous, "/v1/b", batch)).json()["accepted"] == 1
    assert len(await events(ws, f"contacts/{made.json()['id']}")) == 2
    refused = (await beacon(ws.anonymous, "/v1/t", {"writeKey": key, "userId": "u1"})).json()
    assert (refused["success"], refused["refused"][0]["errors"][0]["pointer"]) == (True, "/event")


async def test_only_a_key_that_can_do_nothing_else_may_stand_in_a_body(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    for key in (ws.keys["admin"], await browser_key(ws, "records:read")):
        answer = await beacon(ws.anonymous, "/v1/t", {**message("track", "t"), "writeKey": key})
        assert answer.status_code == 403, answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
    for body in ({**message("track", "t"), "writeKey": "tnr_live_nothing"}, {"event": "login"}):
        assert (await beacon(ws.anonymous, "/v1/t", body)).status_code == 401
    assert (await beacon(ws.anonymous, "/v1/t", "{")).status_code == 401
    # A key in the header goes before one in the body.
    both = {**message("track", "t"), "writeKey": "nonsense"}
    assert (await beacon(ws.admin, "/v1/t", both)).status_code == 200
    assert await tallies(ws) == {"track": (1, 0)}


async def test_a_page_of_any_origin_may_ask_before_it_sends(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    for path in (*ALL_TYPES, *SHORT.values(), "batch", "b"):
        answer = await ws.anonymous.http.request("OPTIONS", f"{tenure.urls['accounts']}/v1/{path}")
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "authorization" in answer.headers["access-control-allow-headers"]
    other = await ws.anonymous.http.request("OPTIONS", f"{tenure.urls['accounts']}/v1/accounts")
    assert other.status_code == 405
    assert "access-control-allow-origin" not in other.headers


async def packed(
    ws: Workspace, body: bytes, path: str = "/v1/batch", encoding: str = "gzip"
) -> httpx2.Response:
    headers = {"content-type": "application/json", "content-encoding": encoding}
    return await ws.admin.request("POST", path, content=body, headers=headers)


async def test_a_body_may_be_gzip_and_no_more_than_a_megabyte_unpacked(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    many = [{"type": "track", **message("track", f"m-{n}")} for n in range(500)]
    body = json.dumps({"batch": many}).encode()
    answer = await packed(ws, gzip.compress(body))
    assert answer.status_code == 200, answer.text
    assert answer.json()["accepted"] == 500
    bomb = gzip.compress(b" " * 200_000_000)
    assert len(bomb) < 1_000_000
    answer = await packed(ws, bomb)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    for broken in (body, gzip.compress(body)[:-9], gzip.compress(body)[:40]):
        answer = await packed(ws, broken)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert (await packed(ws, gzip.compress(body), encoding="br")).status_code == 415
    assert (await packed(ws, gzip.compress(b"{}"), path="/v1/accounts")).status_code == 415


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/track", {"userId": "u1", "event": "login", "properties": 5}, "/properties"),
        ("/v1/track", {"event": "login"}, "/userId"),
        ("/v1/identify", {"traits": {}}, "/userId"),
        ("/v1/group", {"userId": "u1"}, "/groupId"),
    ],
)
async def test_what_is_refused_stands_in_the_answer_and_in_the_tallies(
    tenure: Tenure, path: str, body: dict[str, Any], pointer: str
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    answer = await ws.admin.post(path, {"messageId": "m-1", **body})
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    batch = [{"type": path.removeprefix("/v1/"), "messageId": "m-2", **body}, 5]
    answer = await ws.admin.post("/v1/batch", {"batch": batch})
    assert [refused["index"] for refused in answer.json()["refused"]] == [0, 1]
    type_ = path.removeprefix("/v1/")
    assert await tallies(ws) == {type_: (0, 2), "unknown": (0, 1)}
    rows = (await ws.observer.get("/v1/product-message-types")).json()["data"]
    (last,) = [row["last_refusal"] for row in rows if row["type"] == type_]
    assert last["message_id"] == "m-2"
    assert [fault["pointer"] for fault in last["errors"]] == [f"/batch/0{pointer}"]
    if type_ == "track":
        (name,) = (await ws.observer.get("/v1/product-event-names")).json()["data"]
        assert (name["name"], name["accepted"], name["refused"]) == ("login", 0, 2)
        assert name["last_refusal"] == last
