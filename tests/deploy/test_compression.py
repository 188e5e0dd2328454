"""Answers are compressed for who says so, and mean the same."""

import asyncio
import gzip
import zlib
from typing import Any

import httpx2
import pytest

from deploy import nginx
from deploy.checks import documents
from deploy.gateway.app import Gateway
from deploy.gateway.compression import LEVEL, MIN_BYTES, TYPES, may_hold_a_secret, takes_gzip
from deploy.machine.processes import free_port
from tests.deploy.staging import LARGE, Stage, served

GZIP = {"accept-encoding": "gzip"}
PLAIN = {"accept-encoding": "identity"}


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8, *;q=0.1", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("br", False),
        ("", False),
    ],
)
def test_who_takes_gzip_says_so(accepted: str, *, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


async def _raw(client: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> Any:
    async with client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([piece async for piece in answer.aiter_raw()])


async def test_a_long_answer_is_compressed_for_who_takes_it(client: httpx2.AsyncClient) -> None:
    answer, body = await _raw(client, "/v1/accounts/large", GZIP)
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert int(answer.headers["content-length"]) == len(body) < len(LARGE) / 4
    assert gzip.decompress(body) == LARGE
    plain, body = await _raw(client, "/v1/accounts/large", PLAIN)
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"
    assert body == LARGE


async def test_the_etag_of_a_compressed_answer_is_weak_and_names_the_same_version(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.get("/v1/accounts/large", headers=GZIP)).headers["etag"] == 'W/"v3"'
    assert (await client.get("/v1/accounts/large", headers=PLAIN)).headers["etag"] == '"v3"'


async def test_what_is_short_or_has_no_body_is_left_as_it_is(client: httpx2.AsyncClient) -> None:
    assert "content-encoding" not in (await client.get("/v1/accounts", headers=GZIP)).headers
    unchanged = await client.get("/v1/accounts/unchanged", headers=GZIP)
    assert (unchanged.status_code, unchanged.headers["etag"]) == (304, '"v3"')
    assert "content-encoding" not in unchanged.headers
    head = await client.head("/v1/accounts/large", headers=GZIP)
    assert head.headers["content-length"] == str(len(LARGE))
    assert "content-encoding" not in head.headers


async def test_what_may_hold_a_secret_or_forbids_it_is_not_compressed(
    client: httpx2.AsyncClient,
) -> None:
    for path in ("/v1/api-keys/large", "/v1/webhook-endpoints/large", "/v1/accounts/plain"):
        answer, body = await _raw(client, path, GZIP)
        assert "content-encoding" not in answer.headers, path
        assert body == LARGE


async def test_a_stream_is_compressed_piece_by_piece(
    stage: Stage, client: httpx2.AsyncClient
) -> None:
    inflate = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    async with client.stream("GET", "/v1/accounts/export", headers=GZIP) as answer:
        pieces = answer.aiter_raw()
        assert inflate.decompress(await anext(pieces)) == b"a,b\n" * 500
        stage.upstreams["accounts"].go_on.set()
        rest = b"".join([inflate.decompress(piece) async for piece in pieces])
    assert answer.headers["content-encoding"] == "gzip"
    assert rest == b"c,d\n" * 500
    assert inflate.eof


async def test_a_stream_of_another_kind_is_not_held_back(client: httpx2.AsyncClient) -> None:
    async with client.stream("GET", "/v1/events/drip", headers=GZIP) as answer:
        assert await anext(answer.aiter_raw()) == b"first\n"
    assert "content-encoding" not in answer.headers


async def test_the_document_has_a_strong_etag_in_either_form(client: httpx2.AsyncClient) -> None:
    tags = set()
    for form in (GZIP, PLAIN):
        whole = await client.get("/openapi.json", headers=form)
        etag = whole.headers["etag"]
        assert etag.startswith('"')
        assert whole.headers["vary"] == "Accept-Encoding"
        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            again = await client.get("/openapi.json", headers={**form, "if-none-match": known})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
            assert again.headers["vary"] == "Accept-Encoding"
        other = await client.get("/openapi.json", headers={**form, "if-none-match": '"other"'})
        assert other.json() == whole.json()
        tags.add(etag)
    assert len(tags) == 2


async def test_a_gateway_describes_the_services_before_it_is_asked(stage: Stage) -> None:
    urls = {name: f"http://127.0.0.1:{port}" for name, port in stage.ports.items()}
    gateway = Gateway(urls, "", warm=True)
    async with served(gateway, free_port()), asyncio.timeout(10):
        while gateway._describer._description is None:
            await asyncio.sleep(0.01)


def test_every_operation_that_answers_with_a_secret_is_told() -> None:
    with_secret = {
        path
        for document in documents.current().values()
        for path, item in document["paths"].items()
        for operation in item.values()
        if _has_secret(document, operation)
    }
    assert len(with_secret) >= 3
    assert [path for path in with_secret if not may_hold_a_secret(path)] == []


def _has_secret(document: dict[str, Any], operation: dict[str, Any]) -> bool:
    for status, answer in operation["responses"].items():
        for content in documents.resolve(document, answer).get("content", {}).values():
            schema = documents.resolve(document, content.get("schema", {}))
            if status.startswith("2") and "secret" in schema.get("properties", {}):
                return True
    return False


def test_nginx_compresses_the_same_answers() -> None:
    text = nginx.render()
    assert f"gzip_comp_level {LEVEL};" in text
    assert f"gzip_min_length {MIN_BYTES};" in text
    (types,) = [line.strip() for line in text.splitlines() if "gzip_types" in line]
    assert {*types.rstrip(";").split()[1:], "text/html"} == set(TYPES)
    for segment in ("api-keys", "webhook-endpoints"):
        assert f"location ~ ^/v1/({segment})(/|$) {{\n            gzip off;" in text
