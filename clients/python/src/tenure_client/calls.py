import gzip
import http.client
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import IO, Any, Generic, TypeVar, cast
from urllib.parse import quote, urlencode

from tenure_client.errors import ApiError, ConnectionFailed
from tenure_client.retries import RETRIED, Retries

T = TypeVar("T")
Body = TypeVar("Body")

_SAFE = {"GET", "HEAD"}


@dataclass(frozen=True)
class Answer(Generic[T]):
    data: T
    status: int
    headers: Mapping[str, str]  # names in lower case

    @property
    def etag(self) -> str | None:
        """Hand it back as `if_match`, and the change fails if somebody else made one first."""
        return self.headers.get("etag")

    @property
    def request_id(self) -> str | None:
        return self.headers.get("x-request-id")

    @property
    def replayed(self) -> bool:
        """Whether the idempotency key was known, and this is the answer of that time."""
        return self.headers.get("idempotency-replayed") == "true"


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Caller:
    def __init__(self, base_url: str, api_key: str, *, timeout: float, retries: Retries) -> None:
        if not base_url.startswith(("https://", "http://")):
            raise ValueError(f"Not an address: {base_url!r}")
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "authorization": f"Bearer {api_key}",
            "accept-encoding": "gzip",
            "user-agent": "tenure-client-python/0.1.0",
        }
        self._timeout = timeout
        self._retries = retries
        self._opener = urllib.request.build_opener(_NoRedirects)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        if_match: str | None = None,
        idempotency_key: str | None = None,
        hears_keys: bool = False,
        text: bool = False,
        timeout: float | None = None,
    ) -> Answer[Any]:
        """Send it, again after a failure that may pass: always what only reads, and what writes
        under a key that stays the same, so that it happens once.
        """
        headers = dict(self._headers)
        content = _content(body, content_type)
        if content is not None:
            headers["content-type"] = content_type
        if if_match is not None:
            headers["if-match"] = if_match
        if hears_keys:
            headers["idempotency-key"] = idempotency_key or str(uuid.uuid4())
        url = f"{self._base_url}{path}{_query(query or {})}"
        repeatable = method in _SAFE or hears_keys
        attempt = 1
        while True:
            request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310
            failure: ApiError | ConnectionFailed
            try:
                return self._once(request, timeout or self._timeout, text=text)
            except ApiError as error:
                failure, heard = error, error.headers
                passing = error.status in RETRIED or error.problem.get("retryable") is True
            except ConnectionFailed as error:
                failure, passing, heard = error, True, {}
            delay = self._retries.delay(attempt, heard) if repeatable and passing else None
            if delay is None:
                raise failure
            time.sleep(delay)
            attempt += 1

    def _once(self, request: urllib.request.Request, timeout: float, *, text: bool) -> Answer[Any]:
        try:
            try:
                with self._opener.open(request, timeout=timeout) as response:
                    status, headers, content = _read(response)
            except urllib.error.HTTPError as error:
                with error:
                    raise ApiError(*_read(error)) from None
        except (OSError, http.client.HTTPException) as error:
            raise ConnectionFailed(f"{request.method} {request.full_url}: {error}") from error
        if not content:
            return Answer("" if text else None, status, headers)
        return Answer(content.decode() if text else json.loads(content), status, headers)


def _read(response: IO[bytes]) -> tuple[int, dict[str, str], bytes]:
    answer = cast("http.client.HTTPResponse", response)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    content = answer.read()
    if headers.get("content-encoding") == "gzip":
        content = gzip.decompress(content)
    return answer.status, headers, content


class Group:
    def __init__(self, caller: Caller) -> None:
        self._caller = caller


def pages(fetch: Callable[[str | None], Answer[Any]]) -> Iterator[Any]:
    cursor: str | None = None
    while True:
        page = fetch(cursor).data
        yield from page["data"]
        cursor = page.get("next_cursor")
        if cursor is None:
            return


def pages_by_body(fetch: Callable[[Body], Answer[Any]], body: Body) -> Iterator[Any]:
    """Where the question is a body, the cursor is in it."""
    question = cast("dict[str, Any]", body)

    def of(cursor: str | None) -> Answer[Any]:
        return fetch(cast("Body", {**question, "cursor": cursor} if cursor else question))

    return pages(of)


def segment(value: Any) -> str:
    return quote(_text(value), safe="")


def _query(values: Mapping[str, Any]) -> str:
    given = {
        name: [_text(each) for each in value] if isinstance(value, list) else _text(value)
        for name, value in values.items()
        if value is not None
    }
    return f"?{urlencode(given, doseq=True)}" if given else ""


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _content(body: Any, content_type: str) -> bytes | None:
    if body is None:
        return None
    if content_type == "application/json":
        return json.dumps(body).encode()
    return body.encode() if isinstance(body, str) else bytes(body)
