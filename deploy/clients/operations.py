"""The document as a client's methods: by group, with what they take and what they answer."""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from deploy.checks import documents

Document = dict[str, Any]
Schema = dict[str, Any]
Paging = Literal["query", "body", "feed"]

_JSON = "application/json"
# Headers that are arguments or that the client sends by itself.
_OWN_HEADERS = {"if-match", "idempotency-key", "authorization", "content-type"}
# Who keeps answers to ask whether they still hold has more use for HTTP than for a client.
_LEFT_OUT_HEADERS = {"if-none-match"}
_UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
_HEARS_KEYS = {"POST", "PUT", "PATCH"}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str  # as it is sent
    schema: Schema
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    content_type: str
    schema: Schema
    required: bool

    @property
    def is_json(self) -> bool:
        return self.content_type == _JSON


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    group: str
    name: str
    method: str
    path: str
    summary: str
    path_parameters: tuple[Parameter, ...]
    query: tuple[Parameter, ...]
    body: Body | None
    if_match: bool
    idempotency_key: bool
    answer: Schema | None  # of JSON; a text or nothing has none
    text: bool
    paging: Paging | None
    item: Schema | None  # of a page

    @property
    def paging_name(self) -> str:
        """`list_history` has `list_all_history`, `search` has `search_all`."""
        if self.paging == "feed":
            return "follow"
        verb, _, rest = self.name.partition("_")
        return "_".join(filter(None, (verb, "all", rest)))


def prepared(document: Document) -> Document:
    """The document with a name for every body and answer that has none."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    for operation in documents.operations(document).values():
        name = "".join(word.capitalize() for word in operation["operationId"].split("_"))
        answers = [answer for _, answer in _successes(document, operation)]
        parts = {"Request": operation.get("requestBody", {}), "Response": answers[0]}
        for suffix, part in parts.items():
            media = part.get("content", {}).get(_JSON, {})
            if "$ref" not in media.get("schema", {"$ref": ""}):
                schemas[f"{name}{suffix}"] = media["schema"]
                media["schema"] = {"$ref": f"#/components/schemas/{name}{suffix}"}
    return document


def operations_of(document: Document) -> list[Operation]:
    hears_keys = '"Idempotency-Key"' in repr(document["paths"]).replace("'", '"')
    read = [
        _operation(document, place, operation, hears_keys=hears_keys)
        for place, operation in documents.operations(document).items()
    ]
    return _named(read)


def groups_of(operations: list[Operation]) -> dict[str, list[Operation]]:
    groups: dict[str, list[Operation]] = {}
    for operation in operations:
        groups.setdefault(operation.group, []).append(operation)
    return dict(sorted(groups.items()))


def _operation(
    document: Document, place: str, operation: dict[str, Any], *, hears_keys: bool
) -> Operation:
    method, _, path = place.partition(" ")
    parameters = [documents.resolve(document, each) for each in operation["parameters"]]
    headers = {each["name"].lower() for each in parameters if each["in"] == "header"}
    if strange := headers - _OWN_HEADERS - _LEFT_OUT_HEADERS:
        raise ValueError(f"{place}: the client does not send {', '.join(sorted(strange))}")
    query = _parameters(parameters, "query")
    body = _body(document, operation)
    answer, text = _answer(document, operation)
    paging, item = _paging(document, query, body, answer)
    return Operation(
        id=operation["operationId"],
        group=re.sub(r"\W+", "_", operation["tags"][0].lower()),
        name=operation["operationId"],
        method=method,
        path=path,
        summary=operation["summary"],
        path_parameters=tuple(
            each
            for name in re.findall(r"{(\w+)}", path)
            for each in _parameters(parameters, "path")
            if each.name == name
        ),
        query=query,
        body=body,
        if_match="if-match" in headers,
        idempotency_key="idempotency-key" in headers if hears_keys else method in _HEARS_KEYS,
        answer=answer,
        text=text,
        paging=paging,
        item=item,
    )


def _parameters(parameters: list[dict[str, Any]], where: str) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            each["name"],
            each["schema"],
            each.get("required", False),
            each.get("description", ""),
        )
        for each in parameters
        if each["in"] == where
    )


def _body(document: Document, operation: dict[str, Any]) -> Body | None:
    body = documents.resolve(document, operation.get("requestBody"))
    if not body:
        return None
    ((content_type, media), *_) = sorted(body["content"].items(), key=lambda each: each[0] != _JSON)
    return Body(content_type, media["schema"], body.get("required", False))


def _answer(document: Document, operation: dict[str, Any]) -> tuple[Schema | None, bool]:
    for _, answer in _successes(document, operation):
        content = answer.get("content", {})
        if _JSON in content:
            return content[_JSON]["schema"], False
        if content:
            return None, True
    return None, False


def _successes(
    document: Document, operation: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    for status, answer in sorted(operation["responses"].items()):
        if status.startswith("2"):
            yield status, documents.resolve(document, answer)


def _paging(
    document: Document, query: tuple[Parameter, ...], body: Body | None, answer: Schema | None
) -> tuple[Paging | None, Schema | None]:
    page = documents.resolve(document, answer) or {}
    rows = documents.resolve(document, page.get("properties", {}).get("data", {}))
    names = {each.name for each in query}
    if "items" not in rows:
        return None, None
    if "next_cursor" in page["properties"]:
        if "cursor" in names:
            return "query", rows["items"]
        fields = documents.resolve(document, body.schema).get("properties", {}) if body else {}
        if "cursor" in fields:
            return "body", rows["items"]
    if "next_after" in page["properties"] and {"after", "wait"} <= names:
        return "feed", rows["items"]
    return None, None


def _named(operations: list[Operation]) -> list[Operation]:
    """`create_account` of the accounts is `create`. What is done to many gets `_many` where one
    has the name, and keeps its whole id where that is taken, too.
    """
    short = [(each, *_short_name(each)) for each in operations]
    named = []
    singular = {(each.group, name) for each, name, many in short if not many}
    for each, name, many in short:
        taken = many and (each.group, name) in singular
        named.append(replace(each, name=f"{name}_many" if taken else name))
    names = Counter((each.group, name) for each in named for name in _method_names(each))
    return [replace(each, name=each.id) if _is_taken(each, names) else each for each in named]


def _method_names(operation: Operation) -> list[str]:
    return [operation.name, *([operation.paging_name] if operation.paging else [])]


def _is_taken(operation: Operation, names: Counter[tuple[str, str]]) -> bool:
    return any(names[operation.group, name] > 1 for name in _method_names(operation))


def _short_name(operation: Operation) -> tuple[str, bool]:
    """Without the words of the group, and whether they said that there are many."""
    plural = operation.group
    singular = _singular(plural)
    words = operation.id.split("_")
    for group, many in ((plural, plural != singular), (singular, False)):
        wanted = group.split("_")
        # Right after the verb: `list_account_product_events` is not about all product events.
        if words[1 : 1 + len(wanted)] == wanted:
            return "_".join([words[0], *words[1 + len(wanted) :]]), many
    return operation.id, False


def _singular(plural: str) -> str:
    if plural.endswith("ies"):
        return f"{plural[:-3]}y"
    if plural.endswith(("sses", "xes")):
        return plural[:-2]
    return plural.removesuffix("s") if not plural.endswith(("ss", "us")) else plural


def is_unsafe(operation: Operation) -> bool:
    return operation.method in _UNSAFE
