"""What every operation shares: the answers that refuse, and the headers of answers."""

from collections.abc import Mapping
from typing import Any, Final

from shared.web.problems import MEDIA_TYPE, Problem

Component = dict[str, Any]

CREDENTIAL_SCHEMES: Final[Mapping[str, Component]] = {
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key: `tnr_live_…`. Its scopes and role decide what it may do.",
    },
    "basic_api_key": {
        "type": "http",
        "scheme": "basic",
        "description": "The same API key as the user name, without a password, as Segment's"
        " libraries send their write key.",
    },
}
CREDENTIALS: Final[list[dict[str, list[str]]]] = [{name: []} for name in CREDENTIAL_SCHEMES]
"""One of them is enough."""
REFUSALS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("BadRequest", "The request could not be read: broken JSON, a cursor of another list."),
    401: ("Unauthorized", "There is no valid credential."),
    403: ("Forbidden", "The credential is valid and may not do this: see `x-permission`."),
    404: ("NotFound", "It does not exist, or belongs to another workspace: both look alike."),
    406: ("NotAcceptable", "The operation answers with no media type that `Accept` names."),
    409: ("Conflict", "The present state does not allow this: `code` and `detail` say why."),
    410: ("Gone", "It is not kept any more."),
    412: ("PreconditionFailed", "Somebody changed it since the version of `If-Match`."),
    413: ("PayloadTooLarge", "The body is larger than this operation takes."),
    414: ("UriTooLong", "The address is longer than 8,192 bytes: use a search with a body."),
    415: ("UnsupportedMediaType", "The body is of another media type than the one described."),
    422: ("Invalid", "Some values cannot be accepted: `errors` points at each of them."),
    428: ("PreconditionRequired", "Send `If-Match` with the ETag of what you edited, or `*`."),
    429: ("TooManyRequests", "Too many requests: wait as many seconds as `Retry-After` says."),
    503: ("Unavailable", "Temporarily unavailable: repeat it after `Retry-After` seconds."),
}
"""By status, the component's name and what it means."""

_ALWAYS: Final = ("X-Request-Id",)
_LIMITED: Final = ("RateLimit", "RateLimit-Policy")
_OF_REFUSALS: Final[Mapping[int, tuple[str, ...]]] = {
    401: ("WWW-Authenticate",),
    409: ("Retry-After",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}
_UNLIMITED: Final = frozenset({401, 413, 414, 503})
"""Refusals that come before requests are counted."""


def _text(description: str, example: str, *, required: bool = False) -> Component:
    header: Component = {
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }
    return {**header, "required": True} if required else header


HEADERS: Final[Mapping[str, Component]] = {
    "ETag": _text(
        "The version of what is answered. Send it as `If-Match` when you change it, as"
        " `If-None-Match` when you read it again.",
        '"v3"',
    ),
    "Idempotency-Replayed": {
        "description": "`true` when this is the stored answer of an earlier request with the same"
        " `Idempotency-Key`; absent else.",
        "schema": {"type": "string", "const": "true"},
    },
    "Location": _text(
        "The path of what was created.", "/v1/accounts/0198c0de-0000-7000-8000-000000000001"
    ),
    "RateLimit": _text(
        "How many requests are left (`r`) and in how many seconds the count starts anew (`t`).",
        '"default";r=598;t=42',
    ),
    "RateLimit-Policy": _text(
        "How many requests (`q`) a credential has in how many seconds (`w`).",
        '"default";q=600;w=60',
    ),
    "Retry-After": {
        "description": "Seconds to wait before the request is sent again; absent where waiting does"
        " not help.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "WWW-Authenticate": _text("How to authenticate (RFC 6750).", 'Bearer realm="tenure"'),
    "X-Request-Id": _text(
        "The id of this request in our logs: yours, if you sent a well-formed one.",
        "req_0199a3f26d1e7c0a9b552f7d1c3e4a5b",
        required=True,
    ),
}


def headers(names: tuple[str, ...]) -> Component:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def headers_of_answer(*further: str, limited: bool = True) -> Component:
    """Those of a good answer."""
    return headers((*further, *_ALWAYS, *(_LIMITED if limited else ())))


def refusal(status: int) -> Component:
    """A reference to the shared answer of this status. Raises `KeyError` for one without."""
    return {"$ref": f"#/components/responses/{REFUSALS[status][0]}"}


def refusal_components() -> dict[str, Component]:
    return {
        name: {
            "description": description,
            "headers": headers(
                (
                    *_OF_REFUSALS.get(status, ()),
                    *_ALWAYS,
                    *(() if status in _UNLIMITED else _LIMITED),
                )
            ),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, (name, description) in REFUSALS.items()
    }


def problem_schemas(codes: list[str]) -> dict[str, Component]:
    """What every refusal refers to. As a model of each route's responses, FastAPI would prepare it
    3,500 times, which is a quarter of what a process does when it starts.
    """
    problem = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Component] = problem.pop("$defs")
    problem["required"] = [
        name for name in problem["required"] if "default" not in problem["properties"][name]
    ]
    problem["properties"]["code"] = {
        "$ref": "#/components/schemas/ErrorCode",
        "description": problem["properties"]["code"]["description"],
    }
    schemas["Problem"] = problem
    schemas["ErrorCode"] = {
        "type": "string",
        "enum": codes,
        "description": "A stable code: `/problems/<code>` explains each. Further codes are added"
        " over time: treat one that you do not know by its `status`.",
    }
    return schemas
