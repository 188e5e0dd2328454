"""The document's schemas as TypedDicts: what a person reads in an editor and mypy holds them to."""

import json
import keyword
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]

_SIMPLE = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_HEAD = '''\
"""Made from the OpenAPI document by `make clients`; do not edit."""

# ruff: noqa
from __future__ import annotations

from builtins import dict as Map, list as Items
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

'''


def class_name(component: str) -> str:
    name = re.sub(r"\W", "_", component)
    return f"{name}_" if keyword.iskeyword(name) else name


def type_of(schema: Schema, prefix: str = "") -> str:
    """An annotation; `prefix` is where the named ones are, such as `types.`."""
    if "$ref" in schema:
        return prefix + class_name(schema["$ref"].rpartition("/")[2])
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return _union(type_of(each, prefix) for each in schema[union])
    if len(schema.get("allOf", ())) == 1:
        return type_of(schema["allOf"][0], prefix)
    kind = schema.get("type")
    if isinstance(kind, list):
        return _union(type_of({**schema, "type": each}, prefix) for each in kind)
    if kind == "array":
        return f"Items[{type_of(schema.get('items', {}), prefix)}]"
    if kind == "object":
        values = schema.get("additionalProperties")
        inner = type_of(values, prefix) if isinstance(values, dict) and values else "Any"
        return f"Map[str, {inner}]"
    if schema.get("format") == "binary":
        return "bytes"
    return _SIMPLE.get(str(kind), "Any")


def _union(types: Iterator[str]) -> str:
    unique = dict.fromkeys(types)
    return "Any" if "Any" in unique else " | ".join(unique)


def source(schemas: Mapping[str, Schema]) -> str:
    parts = [_HEAD]
    # What is only another name comes last: it is text, for a checker may meet it in any order.
    objects = {name: schema for name, schema in schemas.items() if _is_typed_dict(schema)}
    parts += [_typed_dict(class_name(name), schema) for name, schema in sorted(objects.items())]
    parts += [
        f"{class_name(name)}: TypeAlias = {json.dumps(type_of(schema))}\n"
        for name, schema in sorted(schemas.items())
        if name not in objects
    ]
    return "\n".join(parts)


def _is_typed_dict(schema: Schema) -> bool:
    return schema.get("type") == "object" and bool(schema.get("properties"))


def _typed_dict(name: str, schema: Schema) -> str:
    required = set(schema.get("required", ()))
    fields = {
        field: type_of(part) if field in required else f"NotRequired[{type_of(part)}]"
        for field, part in schema["properties"].items()
    }
    if not all(field.isidentifier() and not keyword.iskeyword(field) for field in fields):
        inside = ", ".join(f"{field!r}: {json.dumps(kind)}" for field, kind in fields.items())
        return f'{name} = TypedDict("{name}", {{{inside}}})\n'
    lines = [f"class {name}(TypedDict):", *docstring(schema.get("description", ""), 4)]
    for field, kind in fields.items():
        lines.append(f"    {field}: {kind}")
        lines += docstring(schema["properties"][field].get("description", ""), 4)
    return "\n".join([*lines, ""])


def docstring(text: str, indent: int) -> list[str]:
    if not text:
        return []
    quoted = text.replace("\\", "\\\\").replace('"""', "'''").strip()
    if quoted.endswith('"'):
        quoted += " "
    return textwrap.indent(f'"""{quoted}"""', " " * indent).splitlines()
