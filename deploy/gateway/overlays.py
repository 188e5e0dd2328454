"""`/v1/openapi.json`: the document as the caller's workspace has made it, by an overlay (OpenAPI
Overlay Specification 1.0.0) that the accounts service answers.

Targets are JSONPaths that name one place by its members, `$.components.schemas.Account`: our own
overlays have no others. A target that is not there changes nothing.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from pydantic_core import from_json, to_json
from starlette.requests import Request
from starlette.responses import Response

from deploy.gateway.compression import Kept
from deploy.gateway.description import Describer

Document = dict[str, Any]
Answer = tuple[int, Mapping[str, str], bytes]
"""Status, headers and body."""

_PATH: Final = "/v1/openapi/overlay"
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_KEPT_DOCUMENTS: Final = 32
"""About a megabyte each."""
_KEPT_CREDENTIALS: Final = 1_000
_PRIVATE: Final = {"cache-control": "private, no-cache"}
_PASSED: Final = (
    "content-type",
    "retry-after",
    "www-authenticate",
    "ratelimit",
    "ratelimit-policy",
)
"""Headers of a refusal."""


class WorkspaceDocuments:
    """Asks the accounts service each time what the credential may see, and makes a document only
    when that, or what the services publish, has changed.

    A document is kept under the ETag of its overlay, which names the workspace and everything that
    went into it, and under the digest of the document below: nobody gets another workspace's.
    """

    def __init__(
        self, ask: Callable[[str, Mapping[str, str]], Awaitable[Answer]], describer: Describer
    ) -> None:
        self._ask = ask
        self._describer = describer
        self._tags: OrderedDict[bytes, str] = OrderedDict()
        """By credential, the ETag that its overlay had last."""
        self._documents: OrderedDict[tuple[str, str], Kept] = OrderedDict()

    async def answer(self, request: Request) -> Response:
        base = await self._describer.describe()
        credential = hashlib.sha256(request.headers.get("authorization", "").encode()).digest()
        known = self._tags.get(credential)
        made = self._documents.get((known, base.kept.digest)) if known else None
        headers = {
            name: request.headers[name]
            for name in ("authorization", "accept")
            if name in request.headers
        }
        headers["x-request-id"] = request.state.request_id
        if made is not None and known is not None:
            headers["if-none-match"] = known
        status, told, body = await self._ask(_PATH, headers)
        if status == _NOT_MODIFIED and made is not None:
            return made.answer(request, _PRIVATE)
        if status != _OK:
            return Response(body, status, {name: told[name] for name in _PASSED if name in told})
        made = await asyncio.to_thread(_overlaid, base.document, body)
        _keep(self._tags, credential, told["etag"], _KEPT_CREDENTIALS)
        _keep(self._documents, (told["etag"], base.kept.digest), made, _KEPT_DOCUMENTS)
        return made.answer(request, _PRIVATE)


def _overlaid(document: Document, overlay: bytes) -> Kept:
    return Kept.of(to_json(apply_overlay(document, from_json(overlay))), "application/json")


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)


def apply_overlay(document: Document, overlay: Document) -> Document:
    """A new document: `document` stays as it is, and shares with it what does not change."""
    for action in overlay["actions"]:
        document = _changed(document, list(_members(action["target"])), action)
    return document


def _changed(part: Any, way: list[str], action: Document) -> Any:
    if not way:
        return _merged(part, action["update"])
    member, *rest = way
    if not isinstance(part, dict) or member not in part:
        return part
    if not rest and action.get("remove"):
        return {key: value for key, value in part.items() if key != member}
    return {**part, member: _changed(part[member], rest, action)}


def _members(target: str) -> Iterator[str]:
    """Raises `ValueError` for a path of another kind."""
    root, *members = target.split(".")
    if root != "$" or not members or any("[" in each or "*" in each for each in members):
        raise ValueError(f"A target such as $.components.schemas is needed, not {target}.")
    yield from members


def _merged(old: Any, new: Any) -> Any:
    """Objects are merged, arrays are joined, anything else is replaced (section 4.4.3)."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {
            key: _merged(old[key], value) if key in old else value for key, value in new.items()
        }
    if isinstance(old, list):
        return [*old, *(new if isinstance(new, list) else [new])]
    return new
