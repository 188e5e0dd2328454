"""Versions of what is answered: `ETag`, `If-Match` and `If-None-Match` (RFC 9110, 8.8 and 13.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Depends, Header
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import PreconditionFailed, PreconditionRequired

SAFE = frozenset({"GET", "HEAD"})
_CREATED = 201
_MADE = {_CREATED, 202}
_SHOWING = {200, *_MADE}
_EXTERNAL = "/by-external-id/"
_OF_THE_PAST = {"as_of", "known_as_of"}

_OURS = re.compile(r"v([0-9]{1,9})(\.[0-9]{1,9}(-[0-9a-f]{1,16})?)?")
"""What was written, what was worked out, and what time alone has made of it."""

EditedTag = Annotated[
    str | None,
    Header(
        alias="if-match",
        description='ETag of the version you edited: `"v3"`, or `"v3.7"`, of which only the 3 is'
        " compared.",
    ),
]


async def _if_match(if_match: EditedTag = None) -> int | None:
    """The version a client edited. `*` accepts any, so None."""
    if if_match is None:
        raise PreconditionRequired
    return _version(if_match)


async def _optional_if_match(if_match: EditedTag = None) -> int | None:
    return None if if_match is None else _version(if_match)


def _version(if_match: str) -> int | None:
    if if_match.strip() == "*":
        return None
    # A gateway that compresses makes the tag weak (RFC 9110 8.8.1); a version is one either way.
    tag = _OURS.fullmatch(if_match.strip().removeprefix("W/").strip('"'))
    if tag is None:
        raise PreconditionFailed("The ETag is not one of ours. Read the resource again.")
    return int(tag[1])


IfMatch = Annotated[int | None, Depends(_if_match)]
"""Version from `If-Match`, None for `*`; 428 without the header."""
OptionalIfMatch = Annotated[int | None, Depends(_optional_if_match)]
"""As `IfMatch`, where a client may also write without having read."""


def etag(version: int, computed_version: int | None = None, moment: str = "") -> str:
    """`computed_version` counts what nobody writes; `moment` tells apart what time alone has made
    of it. An edit is judged by `version` alone.
    """
    if computed_version is None:
        return f'"v{version}"'
    return f'"v{version}.{computed_version}{moment and "-"}{moment}"'


def if_changed(request: Request, response: Response) -> Response:
    """The answer, or 304 when the client has this version (RFC 9110, 13.1.2). An ETag tells of the
    record alone: what a query parameter puts in or leaves out has no part in a 304.
    """
    tag = response.headers.get("etag")
    known = request.headers.get("if-none-match")
    if tag is None or known is None or request.method not in SAFE or request.url.query:
        return response
    if not {"*", tag} & {part.strip().removeprefix("W/") for part in known.split(",")}:
        return response
    return Response(status_code=304, headers={"etag": tag})


def has_etag(route: APIRoute) -> bool:
    """Whether `route` answers with an ETag: that of a version, or one that it makes itself and says
    so by the 304 that it declares.
    """
    return has_version(route) or 304 in route.responses  # noqa: PLR2004


def has_version(route: APIRoute) -> bool:
    """Whether `route` answers with one thing that has a version, so with its ETag."""
    model = route.response_model
    return (
        isinstance(model, type) and issubclass(model, BaseModel) and "version" in model.model_fields
    )


def creates(route: APIRoute) -> bool:
    """Whether `route` can answer that it created what it was sent, so with its `Location`."""
    return _CREATED in {route.status_code, *route.responses}


@dataclass(frozen=True, slots=True)
class Labels:
    """What an answer must say of itself beside its body."""

    has_version: bool
    creates: bool

    @classmethod
    def of(cls, route: APIRoute) -> "Labels":
        return cls(has_version(route), creates(route))

    def put_on(self, response: Response, request: Request) -> None:
        """Give an answer the ETag of what it shows, and one that tells of something new its
        `Location`: the path that it was posted to, with its id or key. What is shown as it was is
        no version to edit, so it has no ETag.
        """
        headers, status = response.headers, response.status_code
        tag = (
            self.has_version
            and status in _SHOWING
            and "etag" not in headers
            and not _OF_THE_PAST & request.query_params.keys()
        )
        place = self.creates and status in _MADE and "location" not in headers
        if not (tag or place):
            return
        shown = from_json(bytes(response.body))
        if tag:
            headers["etag"] = etag(shown["version"], shown.get("computed_version"))
        if place:
            made = shown.get("id") or shown["key"]
            headers["location"] = f"{request.url.path.partition(_EXTERNAL)[0]}/{made}"


def calls_of(dependant: Dependant) -> Iterator[Any]:
    """What the dependencies call, at any depth."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls_of(inner)


def edited_version(route: APIRoute) -> Literal["required", "optional"] | None:
    """Whether `route` takes `If-Match`."""
    calls = list(calls_of(route.dependant))
    if _if_match in calls:
        return "required"
    return "optional" if _optional_if_match in calls else None
