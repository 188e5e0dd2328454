"""Salesforce's REST API as far as we use it, over the one outgoing client.

Facts of the wire are in the vendor's REST API guide: errors are a list, instants have no colon in
their offset, `nextRecordsUrl` is relative to an instance that may move with each new session.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import BaseModel, TypeAdapter

from shared.headers import http_date
from shared.net.answers import Answer, OutgoingError
from shared.net.http import HttpClient
from sync_worker.connectors.salesforce.rules.answers import (
    SAVED,
    DeletedRows,
    Description,
    Form,
    Granted,
    Misshapen,
    RowsPage,
    read,
)
from sync_worker.connectors.salesforce.rules.errors import (
    Trouble,
    grant_trouble_of,
    trouble_of,
    trouble_of_row,
    wait_before,
)
from sync_worker.connectors.salesforce.rules.soql import instant

_DEADLINE = 60.0
_GRANT_DEADLINE = 30.0
_CAP = 64 * 1024 * 1024
_ASSERTION_SECONDS = 170
"""Salesforce takes assertions that end at most three minutes ahead."""
_NOT_FOUND = 404
_NOT_MODIFIED = 304


class SalesforceError(Exception):
    """Salesforce did not give what was asked for, after as many tries as make sense."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


class Session(BaseModel):
    """What a token request gave. `refresh_token` is kept only where we hold one."""

    access_token: str
    instance_url: str
    refresh_token: str | None = None
    generation: int = 0


class Sessions(Protocol):
    """Where sessions come from; one refresh at a time per connection, over all processes."""

    async def current(self) -> Session: ...
    async def renewed(self, stale: Session) -> Session:
        """A session newer than `stale`, stored before it is handed out."""
        ...


@dataclass(frozen=True)
class Grant:
    """How a connection proves who it is (RFC 6749, RFC 7523)."""

    login_url: str
    client_id: str
    client_secret: str | None = None
    private_key: str | None = None
    username: str | None = None
    audience: str = "https://login.salesforce.com"

    def form(self, refresh_token: str | None) -> dict[str, str]:
        if self.private_key is not None:
            return {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": self._assertion(self.private_key),
            }
        form = {"client_id": self.client_id}
        if self.client_secret is not None:
            form["client_secret"] = self.client_secret
        if refresh_token is not None:
            # No scope here: Salesforce refuses a refresh that names one.
            return {"grant_type": "refresh_token", "refresh_token": refresh_token, **form}
        return {"grant_type": "client_credentials", **form}

    def _assertion(self, private_key: str) -> str:
        claims = {
            "iss": self.client_id,
            "sub": self.username or "",
            "aud": self.audience,
            "exp": int(time.time()) + _ASSERTION_SECONDS,
        }
        return jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(private_key))


async def request_session(
    http: HttpClient, grant: Grant, refresh_token: str | None = None
) -> Session:
    """One token request. Raises `SalesforceError`, or `OutgoingError` when no answer came."""
    answer = await http.request(
        "POST",
        f"{grant.login_url}/services/oauth2/token",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        },
        content=urlencode(grant.form(refresh_token)).encode(),
        deadline=_GRANT_DEADLINE,
        breaks=False,
    )
    trouble = grant_trouble_of(answer.status, answer.headers, answer.body)
    if trouble is not None:
        raise SalesforceError(trouble)
    granted = _read(answer, Granted, "the sign-in")
    return Session(
        access_token=granted.access_token,
        instance_url=granted.instance_url.rstrip("/"),
        refresh_token=granted.refresh_token or refresh_token,
    )


def _read(answer: Answer, form: type[Form] | TypeAdapter[Form], what: str) -> Form:
    try:
        return read(answer, form, what)
    except Misshapen as error:
        raise SalesforceError(error.trouble) from error


@dataclass(frozen=True)
class Describe:
    fields: list[dict[str, Any]]
    last_modified: str | None


class Salesforce:
    """One connection's view of its org."""

    def __init__(
        self, http: HttpClient, sessions: Sessions, api_version: str, retry_seconds: float
    ) -> None:
        self._http = http
        self._sessions = sessions
        self._base = f"/services/data/{api_version}"
        self._retry_seconds = retry_seconds
        self._clock: datetime | None = None
        self.requests = 0
        self.usage: str | None = None
        """The last `api-usage`, such as `18/15000`."""

    async def now(self) -> datetime:
        """Salesforce's clock when it last answered: the edges of a window are never judged by
        ours, and never lie ahead of theirs.
        """
        if self._clock is None:
            await self._ask("GET", "/services/data/")
        if self._clock is None:
            raise SalesforceError(Trouble("retry", "Salesforce's answer had no date."))
        return self._clock

    async def describe(self, sobject: str, known: str | None = None) -> Describe | None:
        """None when nothing changed since the `last_modified` that is `known`, or no such object
        can be seen: the two are told apart by `known`.
        """
        headers = {"if-modified-since": known} if known else {}
        answer = await self._ask(
            "GET",
            f"{self._base}/sobjects/{sobject}/describe",
            headers=headers,
            expected=(_NOT_FOUND, _NOT_MODIFIED),
        )
        if answer.status in {_NOT_FOUND, _NOT_MODIFIED}:
            return None
        found = _read(answer, Description, f"the question what a {sobject} is")
        return Describe(found.fields, answer.headers.get("last-modified"))

    async def pages(
        self, query: str, *, deleted: bool = True
    ) -> AsyncIterator[Sequence[dict[str, Any]]]:
        """Rows of a query, with those in the recycle bin if `deleted`; pages vary in length."""
        path = f"{self._base}/{'queryAll' if deleted else 'query'}?q={quote(query, safe='')}"
        while True:
            page = _read(await self._ask("GET", path), RowsPage, "a query")
            yield page.records
            if page.done:
                return
            if page.next_path is None or page.next_path == path:
                raise SalesforceError(Misshapen("a query", "/nextRecordsUrl").trouble)
            path = page.next_path

    async def rows(self, query: str, *, deleted: bool = True) -> list[dict[str, Any]]:
        return [row async for page in self.pages(query, deleted=deleted) for row in page]

    async def deletions(self, sobject: str, start: datetime, end: datetime) -> DeletedRows:
        """What left the table between two instants, purged records included."""
        window = urlencode({"start": _offset(start), "end": _offset(end)})
        path = f"{self._base}/sobjects/{sobject}/deleted/?{window}"
        return _read(await self._ask("GET", path), DeletedRows, "the question what was deleted")

    async def update(self, sobject: str, record_id: str, fields: Mapping[str, Any]) -> None:
        await self._ask(
            "PATCH", f"{self._base}/sobjects/{sobject}/{quote(record_id)}", json=dict(fields)
        )

    async def update_many(
        self, sobject: str, records: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> list[Trouble | None]:
        """Up to 200 records in one request; what is wrong with each, in their order."""
        rows = [
            {"attributes": {"type": sobject}, "Id": record_id, **fields}
            for record_id, fields in records
        ]
        answer = await self._ask(
            "PATCH",
            f"{self._base}/composite/sobjects",
            json={"allOrNone": False, "records": rows},
        )
        results = _read(answer, SAVED, "a change of records")
        if len(results) != len(records):
            raise SalesforceError(
                Trouble("retry", "Salesforce answered for another number of records.")
            )
        return [trouble_of_row(result) for result in results]

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        expected: tuple[int, ...] = (),
    ) -> Answer:
        """Ask until there is an answer: refresh the session once, wait out what passes. Every
        request here can be repeated without harm.
        """
        renewed = False
        attempt = 1
        while True:
            try:
                session = await self._sessions.current()
                answer = await self._once(session, method, path, headers, json)
                if answer.status in expected:
                    return answer
                trouble = trouble_of(answer.status, answer.headers, answer.body)
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
            except SalesforceError as error:
                trouble = error.trouble
            if trouble.meaning != "retry":
                raise SalesforceError(trouble)
            wait = wait_before(attempt, self._retry_seconds, trouble.wait, random.random())  # noqa: S311
            if wait is None:
                raise SalesforceError(trouble)
            await asyncio.sleep(wait)
            attempt += 1

    async def _once(
        self,
        session: Session,
        method: str,
        path: str,
        headers: Mapping[str, str] | None,
        json: Any,
    ) -> Answer:
        self.requests += 1
        answer = await self._http.request(
            method,
            f"{session.instance_url}{path}",
            headers={
                "authorization": f"Bearer {session.access_token}",
                "accept": "application/json",
                **(headers or {}),
            },
            json=json,
            deadline=_DEADLINE,
            cap=_CAP,
            breaks=False,
        )
        self._clock = http_date(answer.headers.get("date")) or self._clock
        usage = answer.headers.get("sforce-limit-info", "")
        if usage.startswith("api-usage="):
            self.usage = usage.removeprefix("api-usage=").partition(";")[0]
        return answer


def _offset(at: datetime) -> str:
    return instant(at).replace("Z", "+00:00")
