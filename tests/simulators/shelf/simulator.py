"""The shelf: folders of JSON documents, each change of which takes the next number of one sequence.

    GET  /folders/{folder}                      its fields, or 404
    GET  /folders/{folder}/files?after=&limit=  documents by number, removed ones marked so
    GET  /folders/{folder}/files/{id}           one document, or 404
    PUT  /folders/{folder}/files/{id}           fields laid over a document

Who asks proves it by a bearer token. Errors are `{"error": {"code", "message"}}`.
"""

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.simulators.control import Controlled, FaultPlan, RequestLog, SimulatedClock
from tests.simulators.salesforce.server import LoopbackServer

FOLDERS = {
    "companies": {"name": "text", "website": "url", "fee": "number", "since": "date"},
    "people": {"name": "text", "email": "email", "company": "ref"},
}
LONGEST_NAME = 80


def _error(status: int, code: str, message: str = "No.") -> dict[str, Any]:
    body = f'{{"error": {{"code": "{code}", "message": "{message}"}}}}'
    return {
        "kind": "reply",
        "status": status,
        "headers": {"Content-Type": "application/json"},
        "body": body,
    }


PRESETS = {
    "bad_token": _error(401, "bad_token", "The token is not known."),
    "too_fast": {**_error(429, "too_fast"), "headers": {
        "Content-Type": "application/json", "Retry-After": "0"}},
    "spent": _error(429, "spent", "The day's requests are spent."),
    "down": _error(503, "down"),
    "page": {"kind": "reply", "status": 200, "headers": {"Content-Type": "text/html"},
             "body": "<html>"},
    "truncated": {"kind": "truncate"},
    "reset": {"kind": "reset"},
    "lost_response": {"kind": "lost_response"},
}  # fmt: skip


@dataclass(frozen=True)
class Document:
    id: str
    seq: int
    changed_at: datetime
    content: dict[str, Any] = field(default_factory=dict)
    removed: bool = False

    def shown(self, hidden: set[str]) -> dict[str, Any]:
        content = {name: value for name, value in self.content.items() if name not in hidden}
        return {
            "id": self.id,
            "seq": self.seq,
            "changed_at": self.changed_at.isoformat(),
            "removed": self.removed,
            "content": {} if self.removed else content,
        }


class ShelfSimulator:
    """`async with ShelfSimulator() as shelf:` serves at `shelf.url`. Tests edit by `put`, `remove`
    and `purge`; `faults`, `clock` and `log` are those of every simulator.
    """

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.faults = FaultPlan(PRESETS)
        self.log = RequestLog()
        self.token = "a-token-of-the-shelf"
        self.page = 1_000
        self.hidden: set[str] = set()
        self.documents: dict[str, dict[str, Document]] = {folder: {} for folder in FOLDERS}
        self._numbers = itertools.count(1)
        self._ids = itertools.count(1)
        app = Starlette(
            routes=[
                Route("/folders/{folder}", self._describe),
                Route("/folders/{folder}/files", self._list),
                Route("/folders/{folder}/files/{id}", self._get, methods=["GET"]),
                Route("/folders/{folder}/files/{id}", self._put, methods=["PUT"]),
            ]
        )
        controlled = Controlled(app, clock=self.clock, faults=self.faults, log=self.log)
        self._server = LoopbackServer(controlled)
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return self._server.url

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._server.run_until_stopped())
        await self._server.listening.wait()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    # What happens there

    def put(self, folder: str, content: dict[str, Any], document_id: str | None = None) -> str:
        made = document_id or f"{folder[:1]}{next(self._ids):05d}"
        before = self.documents[folder].get(made)
        merged = {**(before.content if before else {}), **content}
        self.documents[folder][made] = Document(made, next(self._numbers), self.clock.now(), merged)
        return made

    def remove(self, folder: str, document_id: str) -> None:
        self._change(folder, document_id, removed=True)

    def restore(self, folder: str, document_id: str) -> None:
        self._change(folder, document_id, removed=False)

    def purge(self, folder: str, document_id: str) -> None:
        """Gone without a trace: no number says so."""
        del self.documents[folder][document_id]

    def live(self, folder: str) -> dict[str, dict[str, Any]]:
        found = self.documents[folder].values()
        return {each.id: each.content for each in found if not each.removed}

    def _change(self, folder: str, document_id: str, *, removed: bool) -> None:
        before = self.documents[folder][document_id]
        number, now = next(self._numbers), self.clock.now()
        changed = replace(before, seq=number, changed_at=now, removed=removed)
        self.documents[folder][document_id] = changed

    # What it answers

    def _refusal(self, request: Request) -> JSONResponse | None:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _answer(401, "bad_token", "The token is not known.")
        if request.path_params["folder"] not in FOLDERS:
            return _answer(404, "no_such_folder", "There is no such folder.")
        return None

    async def _describe(self, request: Request) -> JSONResponse:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        fields = FOLDERS[request.path_params["folder"]].items()
        return JSONResponse(
            {"fields": [{"name": n, "kind": k} for n, k in fields if n not in self.hidden]}
        )

    async def _list(self, request: Request) -> JSONResponse:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        after = int(request.query_params["after"])
        limit = min(int(request.query_params["limit"]), self.page)
        documents = self.documents[request.path_params["folder"]].values()
        newer = sorted((d for d in documents if d.seq > after), key=lambda each: each.seq)
        shown = newer[:limit]
        return JSONResponse(
            {
                "files": [each.shown(self.hidden) for each in shown],
                "last": shown[-1].seq if shown else after,
                "more": len(newer) > len(shown),
            }
        )

    async def _get(self, request: Request) -> JSONResponse:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        found = self.documents[request.path_params["folder"]].get(request.path_params["id"])
        if found is None:
            return _answer(404, "no_such_file", "There is no such file.")
        return JSONResponse(found.shown(self.hidden))

    async def _put(self, request: Request) -> JSONResponse:
        if (refusal := self._refusal(request)) is not None:
            return refusal
        folder, document_id = request.path_params["folder"], request.path_params["id"]
        if document_id not in self.live(folder):
            return _answer(404, "no_such_file", "There is no such file.")
        content = await request.json()
        if len(str(content.get("name") or "")) > LONGEST_NAME:
            return _answer(422, "invalid", "The name is too long.")
        self.put(folder, content, document_id)
        return JSONResponse(self.documents[folder][document_id].shown(self.hidden))


def _answer(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status_code=status)
