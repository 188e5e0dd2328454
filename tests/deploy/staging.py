"""A gateway before services that say what they got."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import uvicorn
from starlette.types import Receive, Scope, Send

from deploy import roles
from deploy.checks import documents
from deploy.gateway.app import Gateway
from deploy.gateway.merged import merge
from shared.serve import web_config
from shared.settings import SERVICES, ServiceName

STATUS = {
    "operationId": "get_one_status",
    "responses": {"200": {"content": {"application/json": {"schema": {"type": "object"}}}}},
}
DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "one service", "version": "1.0.0"},
    "tags": [{"name": "things"}],
    "paths": {},
    "components": {"schemas": {"Problem": {"type": "object"}}},
}


LARGE = json.dumps({"data": [{"name": f"Acme {number}"} for number in range(500)]}).encode()


class Upstream:
    """A service that says what it got, and misbehaves on request."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready = True
        self.left = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"].rpartition("/")[2]:
            case "readyz":
                await reply(send, 200 if self.ready else 503, b"")
            case "status":
                given = b"authorization" in dict(scope["headers"])
                await reply(send, 200 if given else 401, b'{"feed": "1.2"}')
            case "openapi.json":
                await reply(send, 200, json.dumps(self._document()).encode())
            case "refuse-large":  # as our services do: before a byte of the body is read
                close = [(b"connection", b"close")]
                await reply(send, 413, b'{"code": "payload_too_large"}', close)
            case "large":
                await reply(send, 200, LARGE, [(b"etag", b'"v3"')])
            case "plain":
                await reply(send, 200, LARGE, [(b"cache-control", b"no-transform")])
            case "unchanged":
                await reply(send, 304, b"", [(b"etag", b'"v3"')])
            case "export":
                await self._export(send)
            case "drip":
                await self._drip(receive, send)
            case _:
                await reply(
                    send,
                    201 if scope["method"] == "POST" else 200,
                    await self._echo(scope, receive),
                )

    async def _echo(self, scope: Scope, receive: Receive) -> bytes:
        body = await read(receive)
        got = {
            "service": self.name,
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
            "size": len(body),
            "body": body[:100].decode(),
        }
        return json.dumps(got).encode()

    async def _drip(self, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left.set()

    async def _export(self, send: Send) -> None:
        """A CSV whose second half comes once somebody has read the first."""
        headers = [(b"content-type", b"text/csv; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"a,b\n" * 500, "more_body": True})
        await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"c,d\n" * 500})

    def _document(self) -> dict[str, Any]:
        path = {"get": {"operationId": f"list_{self.name}", "tags": ["things"]}}
        return DOCUMENT | {"paths": {f"/v1/{self.name}": path, "/v1/status": {"get": STATUS}}}


async def read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def reply(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    length = (b"content-length", str(len(body)).encode())
    kind = (b"content-type", b"application/json")
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [kind, length, (b"x-from", b"service"), *(headers or [])],
        }
    )
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(app: Any, port: int) -> AsyncIterator[str]:
    lifespan: Literal["on", "off"] = "on" if isinstance(app, Gateway) else "off"
    server = uvicorn.Server(
        web_config(app, port=port, date_header=False, proxy_headers=False, lifespan=lifespan)
    )
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await serving


class Stage:
    def __init__(self) -> None:
        self.upstreams = {name: Upstream(name) for name in SERVICES}
        self.ports: dict[ServiceName, int] = {}
        self.url = ""


async def raw(url: str, request: bytes) -> tuple[int, bytes, bytes]:
    """Sent byte by byte as given: clients tidy paths."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    writer.close()
    return int(head.split()[1]), head, body


def merged_document(public_url: str) -> dict[str, Any]:
    """Of the services as their code is, without a process."""
    packages = {service.package: service.schema for service in roles.SERVICES}
    parts = {packages[package]: each for package, each in documents.current().items()}
    return merge(parts, public_url, version="1.0.0")
