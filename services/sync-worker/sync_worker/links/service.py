"""What a connector speaks through: signed in, bounded in time and size, tried again where that
helps.
"""

import asyncio
import random
from collections.abc import Collection, Mapping
from datetime import datetime

from shared.headers import http_date
from shared.net.answers import Answer as HttpAnswer
from shared.net.answers import OutgoingError
from shared.service import Service
from sync_worker.connections.service import Opened
from sync_worker.connections.sessions import Session, StoredSessions
from sync_worker.connectors.base import (
    Answer,
    HttpConnector,
    Json,
    Settings,
    SystemTrouble,
    Trouble,
)
from sync_worker.connectors.kit.waits import wait_before

_DEADLINE = 60.0
_CAP = 64 * 1024 * 1024


class HttpLink:
    """One connection's way to its system. Every request here can be repeated without harm."""

    def __init__(self, service: Service, connection: Opened, connector: HttpConnector) -> None:
        self._http = service.outside
        self._connector = connector
        self._sessions = StoredSessions(service, connection, connector.auth)
        self._retry_seconds = service.settings.outside_retry_seconds
        self._settings = connection.settings
        self._clock: datetime | None = None
        self.requests = 0
        self.usage: str | None = None
        """How much of the day's requests is spent, as the system last said."""

    @property
    def settings(self) -> Settings:
        return self._settings

    @property
    def clock(self) -> datetime | None:
        return self._clock

    async def get(
        self, path: str, *, headers: Mapping[str, str] | None = None, expected: Collection[int] = ()
    ) -> Answer:
        return await self._ask("GET", path, headers=headers, expected=expected)

    async def send(self, method: str, path: str, body: Json) -> Answer:
        return await self._ask(method, path, body=body)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Json = None,
        expected: Collection[int] = (),
    ) -> Answer:
        """Ask until there is an answer: refresh the session once, wait out what passes."""
        if not path.startswith("/"):
            raise SystemTrouble(Trouble("config", "It names an address outside its own host."))
        renewed = False
        attempt = 1
        while True:
            try:
                session = await self._sessions.current()
                answer = await self._once(session, method, path, headers, body)
                if answer.status in expected:
                    return answer
                trouble = self._connector.trouble(answer)
                if trouble is None:
                    if answer.body:
                        answer.json()
                    return answer
                if trouble.meaning == "refresh" and not renewed:
                    renewed = True
                    await self._sessions.renewed(session)
                    continue
            except OutgoingError as error:
                trouble = Trouble("retry", str(error))
            except SystemTrouble as error:
                trouble = error.trouble
            if trouble.meaning != "retry":
                raise SystemTrouble(trouble)
            wait = wait_before(attempt, self._retry_seconds, trouble.wait, random.random())  # noqa: S311
            if wait is None:
                raise SystemTrouble(trouble)
            await asyncio.sleep(wait)
            attempt += 1

    async def _once(
        self,
        session: Session,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        body: Json,
    ) -> HttpAnswer:
        self.requests += 1
        answer = await self._http.request(
            method,
            f"{session.grant.base_url}{path}",
            headers={
                **self._connector.auth.headers(session.grant),
                "accept": "application/json",
                **(headers or {}),
            },
            json=body,
            deadline=_DEADLINE,
            cap=_CAP,
            breaks=False,
        )
        self._clock = http_date(answer.headers.get("date")) or self._clock
        self.usage = self._connector.usage(answer.headers) or self.usage
        return answer
