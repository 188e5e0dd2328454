"""The operations as TypeScript: a class for each group, and one that has them all. The schemas'
types are openapi-typescript's; here each gets its name.
"""

import json
import re
from collections.abc import Iterable

from deploy.clients.operations import Operation, Parameter, Schema, groups_of

_HEAD = """\
// Made from the OpenAPI document by `make clients`; do not edit.
import { Group, follow, pages, pagesByBody, segment } from "../calls.js";
import type { Answer, CallOptions, Caller, ConditionalOptions, KeyedOptions } from "../calls.js";
import type { components } from "./schemas.js";

type S = components["schemas"];
type Rows<T> = AsyncGenerator<T, void, undefined>;
"""
_NAMES_HEAD = """\
// Made from the OpenAPI document by `make clients`; do not edit.
import type { components } from "./schemas.js";

"""
_SIMPLE = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}


def names_source(schemas: Iterable[str]) -> str:
    """`Account` instead of `components["schemas"]["Account"]`."""
    lines = [
        f"export type {re.sub(r'[^A-Za-z0-9_]', '_', name)} = {_component(name)};"
        for name in sorted(schemas)
    ]
    return _NAMES_HEAD + "\n".join(lines) + "\n"


def source(operations: list[Operation]) -> str:
    groups = groups_of(operations)
    classes = [_group(name, members) for name, members in groups.items()]
    return "\n".join([_HEAD, *classes, _all(list(groups))])


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def class_of(group: str) -> str:
    return "".join(word.capitalize() for word in group.split("_"))


def type_of(schema: Schema) -> str:
    """Of a parameter, or a reference; what is larger has a name."""
    if "$ref" in schema:
        return f"S[{json.dumps(schema['$ref'].rpartition('/')[2])}]"
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(map(json.dumps, schema["enum"]))
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(type_of(each) for each in schema[union]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(type_of({**schema, "type": each}) for each in kind)
    if kind == "array":
        return f"Array<{type_of(schema.get('items', {}))}>"
    if kind == "object":
        return "Record<string, unknown>"
    return _SIMPLE.get(str(kind), "unknown")


def _component(name: str) -> str:
    return f'components["schemas"][{json.dumps(name)}]'


def _all(groups: list[str]) -> str:
    lines = ["export class Groups {"]
    lines += [f"  readonly {camel(name)}: {class_of(name)};" for name in groups]
    lines += ["", "  constructor(caller: Caller) {"]
    lines += [f"    this.{camel(name)} = new {class_of(name)}(caller);" for name in groups]
    return "\n".join([*lines, "  }", "}", ""])


def _group(name: str, operations: list[Operation]) -> str:
    lines = [f"export class {class_of(name)} extends Group {{"]
    for operation in operations:
        lines += _method(operation)
        if operation.paging:
            lines += _paging_method(operation)
    return "\n".join([*lines, "}", ""])


def _method(operation: Operation) -> list[str]:
    parts = [f"method: {json.dumps(operation.method)}", f"path: {_path(operation)}"]
    if operation.query:
        parts.append(f"query: {json.dumps([each.name for each in operation.query])}")
    if operation.body:
        parts.append("body")
        if not operation.body.is_json:
            parts.append(f"contentType: {json.dumps(operation.body.content_type)}")
    if operation.idempotency_key:
        parts.append("hearsKeys: true")
    if operation.text:
        parts.append("text: true")
    answer = f"Answer<{_answer(operation)}>"
    return [
        f"  /** {_comment(operation.summary)} */",
        f"  {camel(operation.name)}({_signature(operation)}): Promise<{answer}> {{",
        f"    return this.caller.call({{ {', '.join(parts)} }}, options);",
        "  }",
        "",
    ]


def _paging_method(operation: Operation) -> list[str]:
    given = [*(camel(each.name) for each in operation.path_parameters)]
    call = f"this.{camel(operation.name)}"
    if operation.paging == "body":
        arguments = ", ".join([*given, "each", "options"])
        way = f"pagesByBody((each) => {call}({arguments}), body)"
        text = f"{operation.summary}: every row of every page, read as you go."
    elif operation.paging == "query":
        arguments = ", ".join([*given, "{ ...options, cursor }"])
        way = f"pages((cursor) => {call}({arguments}))"
        text = f"{operation.summary}: every row of every page, read as you go."
    else:
        arguments = ", ".join([*given, "{ ...options, after }"])
        way = f"follow((after) => {call}({arguments}), options.after, options.wait)"
        text = f"{operation.summary}: from `after` on; with `wait`, for as long as you listen."
    item = type_of(operation.item or {})
    signature = _signature(operation, paged=True)
    return [
        f"  /** {_comment(text)} */",
        f"  {camel(operation.paging_name)}({signature}): Rows<{item}> {{",
        f"    return {way};",
        "  }",
        "",
    ]


def _signature(operation: Operation, *, paged: bool = False) -> str:
    parts = [f"{camel(each.name)}: {type_of(each.schema)}" for each in operation.path_parameters]
    if operation.body:
        kind = type_of(operation.body.schema) if operation.body.is_json else "string | Uint8Array"
        parts.append(f"body{'' if operation.body.required else '?'}: {kind}")
    query = [each for each in operation.query if not (paged and each.name == "cursor")]
    inside = "; ".join(_option(each) for each in query)
    options = [f"{{ {inside} }}"] if query else []
    if operation.if_match and not paged:
        options.append("ConditionalOptions")
    options.append("KeyedOptions" if operation.idempotency_key and not paged else "CallOptions")
    default = "" if any(each.required for each in query) else " = {}"
    return ", ".join([*parts, f"options: {' & '.join(options)}{default}"])


def _option(parameter: Parameter) -> str:
    mark = "" if parameter.required else "?"
    undefined = "" if parameter.required else " | undefined"
    about = f"/** {_comment(parameter.description)} */ " if parameter.description else ""
    return f"{about}{parameter.name}{mark}: {type_of(parameter.schema)}{undefined}"


def _answer(operation: Operation) -> str:
    if operation.text:
        return "string"
    return type_of(operation.answer) if operation.answer else "null"


def _path(operation: Operation) -> str:
    path = operation.path
    for each in operation.path_parameters:
        path = path.replace(f"{{{each.name}}}", f"${{segment({camel(each.name)})}}")
    return f"`{path}`"


def _comment(text: str) -> str:
    return text.replace("*/", "* /").replace("\n", " ")
