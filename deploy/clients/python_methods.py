"""The operations as Python: a class for each group, and one that has them all."""

import keyword

from deploy.clients.operations import Operation, Parameter, groups_of
from deploy.clients.python_types import docstring, type_of

_HEAD = '''\
"""Made from the OpenAPI document by `make clients`; do not edit."""

# ruff: noqa
from __future__ import annotations

from builtins import dict as Map, list as Items
from collections.abc import Iterator
from typing import Any, Literal

from tenure_client.calls import Answer, Caller, Group, pages, pages_by_body, segment
from tenure_client.feed import follow
from tenure_client.generated import types

'''
# Arguments that every method may take besides its own.
_RESERVED = {"self", "body", "if_match", "idempotency_key", "timeout"}


def source(operations: list[Operation]) -> str:
    groups = groups_of(operations)
    classes = [_group(name, members) for name, members in groups.items()]
    return _HEAD + "\n\n".join([*classes, _all(list(groups))]) + "\n"


def class_of(group: str) -> str:
    return "".join(word.capitalize() for word in group.split("_"))


def _all(groups: list[str]) -> str:
    lines = ["class Groups:", "    def __init__(self, caller: Caller) -> None:"]
    lines += [f"        self.{name} = {class_of(name)}(caller)" for name in groups]
    return "\n".join(lines)


def _group(name: str, operations: list[Operation]) -> str:
    lines = [f"class {class_of(name)}(Group):"]
    for operation in operations:
        lines += _method(operation)
        if operation.paging:
            lines += _paging_method(operation)
    return "\n".join(lines).rstrip()


def argument(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) or name in _RESERVED else name


def _method(operation: Operation) -> list[str]:
    lines = [
        f"    def {operation.name}(",
        *_signature(operation, paged=False),
        f"    ) -> Answer[{_answer(operation)}]:",
        *docstring(operation.summary, 8),
        "        return self._caller.call(",
        f"            {operation.method!r},",
        f"            {_path(operation)},",
    ]
    if operation.query:
        inside = ", ".join(f"{each.name!r}: {argument(each.name)}" for each in operation.query)
        lines.append(f"            query={{{inside}}},")
    if operation.body:
        kind = operation.body.content_type
        lines.append("            body=body,")
        if not operation.body.is_json:
            lines.append(f"            content_type={kind!r},")
    if operation.if_match:
        lines.append("            if_match=if_match,")
    if operation.idempotency_key:
        lines += ["            idempotency_key=idempotency_key,", "            hears_keys=True,"]
    if operation.text:
        lines.append("            text=True,")
    return [*lines, "            timeout=timeout,", "        )", ""]


def _paging_method(operation: Operation) -> list[str]:
    item = type_of(operation.item or {}, "types.")
    given = [*(argument(each.name) for each in operation.path_parameters)]
    named = [
        f"{argument(each.name)}={argument(each.name)}"
        for each in operation.query
        if each.name not in {"cursor", "after"}
    ]
    head = [
        f"    def {operation.paging_name}(",
        *_signature(operation, paged=True),
        f"    ) -> Iterator[{item}]:",
    ]
    if operation.paging == "body":
        call = ", ".join([*given, "each", *named, "timeout=timeout"])
        text = f"{operation.summary}: every row of every page, read as you go."
        way = f"pages_by_body(lambda each: self.{operation.name}({call}), body)"
    elif operation.paging == "query":
        call = ", ".join([*given, *named, "cursor=cursor", "timeout=timeout"])
        text = f"{operation.summary}: every row of every page, read as you go."
        way = f"pages(lambda cursor: self.{operation.name}({call}))"
    else:
        call = ", ".join([*given, *named, "after=place", "timeout=timeout"])
        text = f"{operation.summary}: from `after` on; with `wait`, for as long as you listen."
        way = f"follow(lambda place: self.{operation.name}({call}), after, wait)"
    return [*head, *docstring(text, 8), f"        return {way}", ""]


def _signature(operation: Operation, *, paged: bool) -> list[str]:
    lines = ["        self,"]
    lines += [
        f"        {argument(each.name)}: {type_of(each.schema, 'types.')},"
        for each in operation.path_parameters
    ]
    if operation.body:
        kind = type_of(operation.body.schema, "types.") if operation.body.is_json else "str | bytes"
        default = "" if operation.body.required else " | None = None"
        lines.append(f"        body: {kind}{default},")
    lines.append("        *,")
    query = [each for each in operation.query if not (paged and each.name == "cursor")]
    lines += [f"        {_option(each)}," for each in query]
    if operation.if_match and not paged:
        lines.append("        if_match: str | None = None,")
    if operation.idempotency_key and not paged:
        lines.append("        idempotency_key: str | None = None,")
    return [*lines, "        timeout: float | None = None,"]


def _option(parameter: Parameter) -> str:
    kind = type_of(parameter.schema, "types.")
    if parameter.required:
        return f"{argument(parameter.name)}: {kind}"
    optional = kind if "None" in kind.split(" | ") or kind == "Any" else f"{kind} | None"
    return f"{argument(parameter.name)}: {optional} = None"


def _answer(operation: Operation) -> str:
    if operation.text:
        return "str"
    return type_of(operation.answer, "types.") if operation.answer else "None"


def _path(operation: Operation) -> str:
    path = operation.path
    for each in operation.path_parameters:
        path = path.replace(f"{{{each.name}}}", f"{{segment({argument(each.name)})}}")
    return f'f"{path}"' if operation.path_parameters else f'"{path}"'
