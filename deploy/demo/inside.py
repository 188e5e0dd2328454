"""Tenure as the story sees it: its API through the gateway, and its database to check it by."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx2

from deploy.demo.narrator import ClaimFailed
from shared.events.routes import SUBSCRIBES_TO
from shared.ids import new_id

Json = dict[str, Any]
_POLL_SECONDS = 0.3
_FOR_PEOPLE = frozenset(
    {"enrollments_without_sender", "tasks_of_vacant_key_roles", "unknown_messages"}
)
"""Work that waits for a person, who may take the time of a person."""
_AWAY = (502, 503, 504)
_AWAY_SECONDS = 30.0


class Api:
    """One API key. An unexpected answer ends the story, with what the API says of it."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {key}"},
            timeout=60.0,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(
        self, method: str, path: str, json: Any = None, *, expect: int | None = None, **query: Any
    ) -> Any:
        """`expect` is what must be answered; without it any success."""
        answer = await self._answer(method, path, json, query)
        if answer.status_code != expect and not (expect is None and answer.is_success):
            raise ClaimFailed(f"{method} {path} answered {answer.status_code}: {answer.text}")
        return answer.json() if answer.content else None

    async def _answer(
        self, method: str, path: str, json: Any, query: dict[str, Any]
    ) -> httpx2.Response:
        """Writes carry an idempotency key and edits any version, so that asking again while a
        server restarts is safe.
        """
        headers = {}
        if method in {"POST", "PUT", "PATCH"}:
            headers["idempotency-key"] = str(new_id())
        if method in {"PATCH", "DELETE"} or path.endswith("/definitions"):
            headers["if-match"] = "*"
        deadline = time.monotonic() + _AWAY_SECONDS
        while True:
            try:
                answer = await self._http.request(
                    method, path, json=json, params=query or None, headers=headers
                )
            except httpx2.HTTPError as error:
                raise ClaimFailed(f"{method} {path} had no answer: {error!r}") from error
            if answer.status_code not in _AWAY or time.monotonic() > deadline:
                return answer
            await asyncio.sleep(_POLL_SECONDS)

    async def get(self, path: str, **query: Any) -> Any:
        return await self.ask("GET", path, **query)

    async def post(self, path: str, json: Any = None, *, expect: int | None = None) -> Any:
        return await self.ask("POST", path, json, expect=expect)

    async def put(self, path: str, json: Any) -> Any:
        return await self.ask("PUT", path, json)

    async def patch(self, path: str, json: Any, *, expect: int | None = None) -> Any:
        return await self.ask("PATCH", path, json, expect=expect)

    async def every(self, path: str, **query: Any) -> list[Json]:
        """All pages of a list."""
        return [row async for row in self._rows(path, {"limit": 200, **query})]

    async def _rows(self, path: str, query: dict[str, Any]) -> AsyncIterator[Json]:
        cursor = None
        while True:
            page = await self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            for row in page["data"]:
                yield row
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return

    async def settle(self, within: float = 60.0) -> float:
        """Wait until nothing is due and every service has heard the others to the end; the seconds
        that it took.
        """
        began = time.monotonic()
        before: dict[str, str] | None = None
        while True:
            state = _state(await self.get("/v1/status"))
            if not state.waiting and state.ends == before:
                return time.monotonic() - began
            # One look is not enough: the services answer one after the other.
            before = None if state.waiting else state.ends
            if time.monotonic() - began > within:
                raise ClaimFailed(
                    f"Work was still waiting after {within:g} s:\n" + "\n".join(state.waiting)
                )
            await asyncio.sleep(_POLL_SECONDS)


@dataclass(frozen=True)
class _State:
    ends: dict[str, str]
    waiting: list[str]


def _state(status: Json) -> _State:
    services: dict[str, Json] = status["services"]
    waiting = [f"{name} does not answer" for name, told in services.items() if "feed" not in told]
    known = {name: told for name, told in services.items() if "feed" in told}
    ends = {name: told["feed"]["feed_end"] for name, told in known.items()}
    for name, told in known.items():
        due = {what: count for what, count in told["due_work"].items() if what not in _FOR_PEOPLE}
        waiting += [f"{name}: {count} {what}" for what, count in due.items() if count]
        if told["feed"]["dead_events"]:
            raise ClaimFailed(f"{name} has set events aside: {told}")
        heard = {each["publisher"]: each["cursor"] for each in told["feed"]["checkpoints"]}
        waiting += [
            f"{name} has heard {publisher} to {heard.get(publisher, 'nothing')} of {end}"
            for publisher in SUBSCRIBES_TO[told["service"]]
            if (end := ends.get(publisher)) and heard.get(publisher) != end
        ]
    return _State(ends, waiting)


class Database:
    """The administrator's view, read only: what the API says must be what is stored."""

    def __init__(self, url: str, workspace_id: str) -> None:
        self._url, self._workspace_id = url, workspace_id

    async def rows(self, statement: str, *values: Any) -> list[Json]:
        """`$1` is the workspace; the values follow. A connection each time: the server may restart
        between two looks.
        """
        connection = await asyncpg.connect(
            self._url,
            server_settings={"default_transaction_read_only": "on", "app.workspace_id": "*"},
        )
        try:
            found = await connection.fetch(statement, self._workspace_id, *values)
        finally:
            await connection.close()
        return [dict(row) for row in found]

    async def value(self, statement: str, *values: Any) -> Any:
        rows = await self.rows(statement, *values)
        return next(iter(rows[0].values())) if rows else None
