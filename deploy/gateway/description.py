"""The services' documents as one, made again only when one of them has changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from deploy.gateway import problems
from deploy.gateway.compression import Kept
from deploy.gateway.merged import merge
from shared.settings import ServiceName
from shared.transport.refusal import Refusal

Answers = Mapping[ServiceName, tuple[int, bytes]]
"""Status and body by service."""
FRESH_SECONDS = 10.0
_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Description:
    document: dict[str, Any]
    kept: Kept
    pages: dict[str, Kept] = field(default_factory=dict)
    """What was rendered from it, by path: it goes with the document."""

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Description":
        return cls(document, Kept.of(to_json(document), "application/json"))


class Describer:
    """Holds the description of the moment. `fetch` asks every service for its document."""

    def __init__(self, fetch: Callable[[], Awaitable[Answers]], public_url: str) -> None:
        self._fetch = fetch
        self._public_url = public_url
        self._asked_at = 0.0
        """On the monotonic clock."""
        self._merged_from: Answers = {}
        self._description: Description | None = None
        self._lock = asyncio.Lock()
        self._refreshing: asyncio.Task[Description] | None = None

    async def describe(self) -> Description:
        """What is known already at once, while it is looked at anew. Raises `Refusal` when nothing
        is known yet and a service is away.
        """
        if self._description is None:
            return await self._first()
        is_stale = time.monotonic() - self._asked_at > FRESH_SECONDS
        if is_stale and (self._refreshing is None or self._refreshing.done()):
            self._refreshing = asyncio.create_task(self._refresh())
        return self._description

    async def _first(self) -> Description:
        """Asked for once, however many wait for it."""
        async with self._lock:
            return self._description or await self._refresh()

    async def warm(self) -> None:
        """Asks until every service has described itself, so that no reader waits for that."""
        while self._description is None:
            try:
                await self._first()
            except Refusal:
                await asyncio.sleep(_AGAIN_SECONDS)

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()

    async def _refresh(self) -> Description:
        answers = await self._fetch()
        self._asked_at = time.monotonic()
        away = [service for service, (status, _) in answers.items() if status != 200]  # noqa: PLR2004
        if self._description is None and away:
            raise problems.away(away[0])
        if self._description is None or not (away or answers == self._merged_from):
            self._description = await asyncio.to_thread(_merged, answers, self._public_url)
            self._merged_from = answers
        return self._description


def _merged(answers: Answers, public_url: str) -> Description:
    documents: dict[str, Any] = {service: from_json(body) for service, (_, body) in answers.items()}
    version = max(document["info"]["version"] for document in documents.values())
    return Description.of(merge(documents, public_url, version=version))
