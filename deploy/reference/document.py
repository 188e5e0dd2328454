"""Reads an OpenAPI document: `$ref` followed wherever one may stand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Json = dict[str, Any]
_EVERYWHERE = {"ratelimit", "ratelimit-policy", "x-request-id"}
METHODS = ("get", "post", "put", "patch", "delete")


def slug(text: str) -> str:
    """As an address: `Key roles` is `key-roles`."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def resolved(document: Mapping[str, Any], part: Any) -> Any:
    """What a `$ref` leads to, in the end; words beside it win. A ref to nowhere is itself."""
    for _ in range(10):
        if not (isinstance(part, dict) and isinstance(part.get("$ref"), str)):
            break
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            break
        beside = {key: value for key, value in part.items() if key != "$ref"}
        part = {**target, **beside}
    return part


def name_of(part: Any) -> str:
    """The component that a `$ref` names, else nothing."""
    ref = part.get("$ref", "") if isinstance(part, dict) else ""
    return ref.rpartition("/")[2] if ref.startswith("#/components/schemas/") else ""


@dataclass(frozen=True)
class Answer:
    status: str
    description: str
    headers: Mapping[str, Json]
    content: Mapping[str, Json]

    @property
    def own_headers(self) -> list[str]:
        """Without those of nearly every answer."""
        return [name for name in self.headers if name.lower() not in _EVERYWHERE]

    @property
    def is_error(self) -> bool:
        return not self.status.startswith(("1", "2", "3"))


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    id: str
    summary: str
    description: str
    tag: str
    permission: str
    is_public: bool
    is_deprecated: bool
    parameters: list[Json]
    body: Mapping[str, Json] = field(default_factory=dict)
    """By media type."""
    is_body_required: bool = False
    body_description: str = ""
    responses: Mapping[str, Any] = field(default_factory=dict)
    document: Json = field(default_factory=dict, repr=False)

    @cached_property
    def answers(self) -> list[Answer]:
        """Resolved when they are shown: there are thousands of them, mostly alike."""
        return [_answer(self.document, *each) for each in self.responses.items()]

    @property
    def successes(self) -> list[Answer]:
        return [answer for answer in self.answers if not answer.is_error]

    @property
    def errors(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.is_error]

    def parameters_in(self, place: str) -> list[Json]:
        return [each for each in self.parameters if each.get("in") == place]


def operations(document: Json, section: str = "paths") -> Iterator[Operation]:
    """Those of `paths`, or of `webhooks`, in the order of the document."""
    for path, item in document.get(section, {}).items():
        shared = [resolved(document, each) for each in item.get("parameters", [])]
        for method in METHODS:
            if method in item:
                yield _operation(document, path, method, item[method], shared)


def _operation(
    document: Json, path: str, method: str, given: Json, shared: list[Json]
) -> Operation:
    body = resolved(document, given.get("requestBody", {}))
    own = [resolved(document, each) for each in given.get("parameters", [])]
    named = {(each.get("in"), each.get("name")): each for each in [*shared, *own]}
    id_ = given.get("operationId") or slug(f"{method} {path}")
    return Operation(
        method=method.upper(),
        path=path,
        id=id_,
        summary=given.get("summary") or id_,
        description=given.get("description", ""),
        tag=_tag(given),
        permission=str(given.get("x-permission") or ""),
        is_public=not given.get("security", document.get("security")),
        is_deprecated=bool(given.get("deprecated")),
        parameters=list(named.values()),
        body=body.get("content", {}),
        is_body_required=bool(body.get("required")),
        body_description=body.get("description", ""),
        responses=given.get("responses", {}),
        document=document,
    )


def _tag(given: Json) -> str:
    return str((given.get("tags") or ["Other"])[0])


def _answer(document: Json, status: str, given: Json) -> Answer:
    answer = resolved(document, given)
    headers = {name: resolved(document, each) for name, each in answer.get("headers", {}).items()}
    return Answer(status, answer.get("description", ""), headers, answer.get("content", {}))


@dataclass(frozen=True)
class Group:
    name: str
    tags: list[Json]


def groups(document: Json) -> list[Group]:
    """The tags as `x-tagGroups` orders them; those in no group last."""
    used = {
        _tag(item[method])
        for item in document.get("paths", {}).values()
        for method in METHODS
        if method in item
    }
    known = {tag["name"]: tag for tag in document.get("tags", []) if tag["name"] in used}
    known |= {name: {"name": name} for name in sorted(used - known.keys())}
    grouped = [
        Group(group["name"], [known.pop(name) for name in group["tags"] if name in known])
        for group in document.get("x-tagGroups", [])
    ]
    rest = [Group("More" if grouped else "Reference", list(known.values()))] if known else []
    return [group for group in [*grouped, *rest] if group.tags]
