"""The pages of the API, rendered here and kept: they work without the internet."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from typing_extensions import override

from deploy.gateway.compression import Kept
from deploy.gateway.description import Describer
from deploy.reference import changelog, exports, guides, pages
from shared.transport.refusal import Refusal

HEADERS = {
    "cache-control": "public, max-age=300",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_HTML = "text/html"
_MARKDOWN = "text/markdown"
Document = dict[str, Any]


class Assets(StaticFiles):
    """Their addresses name their content, so a browser never shows those of another release."""

    @override
    def file_response(self, *arguments: Any, **options: Any) -> Response:
        response = super().file_response(*arguments, **options)
        response.headers["cache-control"] = "public, max-age=3600"
        return response


class Pages:
    def __init__(self, describer: Describer) -> None:
        self._describer = describer
        self.routes: list[BaseRoute] = [
            Mount("/docs/assets", Assets(directory=pages.ASSETS)),
            *(Route(path, self._page) for path in ("/docs", "/docs/{rest:path}", "/llms.txt")),
            *(Route(path, self._problem) for path in ("/problems", "/problems/{code}")),
        ]

    async def _page(self, request: Request) -> Response:
        return (await self._kept(request.url.path)).answer(request, HEADERS)

    async def _problem(self, request: Request) -> Response:
        """What the `type` of an error leads to: a page for people, JSON for who asks for it."""
        if "application/json" in request.headers.get("accept", ""):
            known = (await self._describer.describe()).document["x-problems"]
            response = _as_json(known, request.path_params.get("code"))
        else:
            response = (await self._kept(request.url.path)).answer(request, HEADERS)
        response.headers["vary"] = "Accept, Accept-Encoding"
        return response

    async def _kept(self, path: str) -> Kept:
        """Rendered when it is first asked for, beside the loop."""
        description = await self._describer.describe()
        if path not in description.pages:
            made = await asyncio.to_thread(_rendered, description.document, path)
            if made is None:
                raise Refusal(404, "not_found", "No such page", "/docs lists those that there are.")
            text, media_type = made
            body = text.encode() if isinstance(text, str) else text
            description.pages[path] = Kept.of(body, media_type)
        return description.pages[path]


def _rendered(document: Document, path: str) -> tuple[str | bytes, str] | None:
    if (fixed := _FIXED.get(path)) is not None:
        make, media_type = fixed
        return make(document), media_type
    match path.split("/")[1:]:
        case ["docs", "guides", name] if name.endswith(".md"):
            guide = guides.guides().get(name.removesuffix(".md"))
            return (guide.text, _MARKDOWN) if guide else None
        case ["docs", "guides", name]:
            page = pages.guide_page(document, name)
        case ["docs", "reference", word]:
            page = pages.tag_page(document, word)
        case ["docs", "schemas", name]:
            page = pages.schema_page(document, name)
        case ["problems", word]:
            page = _problem_page(document, word)
        case _:
            page = None
    return (page, _HTML) if page is not None else None


def _problem_page(document: Document, word: str) -> str | None:
    for problem in document["x-problems"]:
        if problem["code"].replace("_", "-") == word:
            return pages.problem_page(document, problem)
    return None


def _as_json(known: Sequence[Mapping[str, Any]], word: str | None) -> Response:
    """One code, or all of them. Raises `Refusal` for one that there is not."""
    if word is None:
        return JSONResponse({"data": known}, headers=HEADERS)
    for problem in known:
        if problem["code"].replace("_", "-") == word:
            return JSONResponse(problem, headers=HEADERS)
    raise Refusal(404, "not_found", "No such error code", f"/problems lists all {len(known)}.")


def _origin(document: Document) -> str:
    return str(document["servers"][0]["url"])


def _feed(document: Document) -> str:
    return changelog.feed(
        changelog.releases(guides.CHANGELOG.read_text(encoding="utf-8")), _origin(document)
    )


_FIXED: dict[str, tuple[Callable[[Document], str | bytes], str]] = {
    "/docs": (pages.overview, _HTML),
    "/docs/events": (pages.events_page, _HTML),
    "/docs/changelog": (pages.changelog_page, _HTML),
    "/docs/changelog.atom": (_feed, "application/atom+xml"),
    "/docs/search.json": (exports.search_index, "application/json"),
    "/docs/tenure.postman_collection.json": (exports.collection_text, "application/json"),
    "/llms.txt": (lambda document: exports.llms_txt(document, _origin(document)), "text/plain"),
    "/problems": (pages.problems_page, _HTML),
}
