"""A schema as a tree that a page can show, and an example of what fits it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from deploy.reference.document import Json, name_of, resolved

_RANGES = (
    ("minLength", "maxLength", " characters"),
    ("minimum", "maximum", ""),
    ("minItems", "maxItems", " items"),
    ("minProperties", "maxProperties", " keys"),
)
_LIMITS = (
    ("exclusiveMinimum", "above {}"),
    ("exclusiveMaximum", "below {}"),
    ("multipleOf", "a multiple of {}"),
    ("pattern", "matches {}"),
)
_SHOWN_DEPTH = 2
"""What lies deeper has a page of its own, which is linked."""
_EXAMPLE_DEPTH = 6
_SAMPLES = {
    "uuid": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01",
    "date-time": "2026-03-02T09:00:00Z",
    "date": "2026-03-02",
    "email": "jo@acme.example",
    "uri": "https://acme.example",
}


@dataclass(frozen=True)
class Node:
    type: str
    description: str = ""
    limits: str = ""
    default: Any = None
    has_default: bool = False
    values: list[Any] = field(default_factory=list)
    """Of an enum or constant."""
    properties: list["Property"] = field(default_factory=list)
    variants: list["Node"] = field(default_factory=list)
    component: str = ""
    """The schema's name, where it has one."""
    is_cut: bool = False
    """Its parts stand on the component's own page."""

    @property
    def has_parts(self) -> bool:
        return bool(self.properties or self.variants)


@dataclass(frozen=True)
class Property:
    name: str
    node: Node
    is_required: bool
    is_read_only: bool = False


def tree(document: Json, schema: Any, *, depth: int = 0, above: tuple[str, ...] = ()) -> Node:
    """Parts are shown two levels deep; a schema within itself is a link."""
    component = name_of(schema)
    part = resolved(document, schema)
    if not isinstance(part, dict):
        return Node("anything" if part is not False else "nothing")
    inner, nullable = without_null(part)
    if inner is not part:
        component = component or name_of(inner)
        inner = {**resolved(document, inner), **_words(part)}
    above = (*above, component) if component else above
    is_cut = bool(component) and (depth > _SHOWN_DEPTH or above.count(component) > 1)
    variants, properties = [], []
    options = inner.get("oneOf") or inner.get("anyOf") or []
    if not is_cut:
        properties = _properties(document, inner, depth, above)
        if _are_parts(document, options):
            variants = [tree(document, each, depth=depth + 1, above=above) for each in options]
    values = list(inner.get("enum") or ([inner["const"]] if "const" in inner else []))
    return Node(
        type=_named_type(document, inner, component) + (" or null" if nullable else ""),
        description=part.get("description") or inner.get("description", ""),
        limits=", ".join(_limits(inner)),
        default=part.get("default", inner.get("default")),
        has_default=part.get("default", inner.get("default")) is not None,
        values=values,
        properties=properties,
        variants=variants,
        component=component,
        is_cut=is_cut and _is_compound(inner),
    )


def _named_type(document: Json, schema: Json, component: str) -> str:
    return component if component and _is_named(schema) else _plain_type(document, schema)


def _is_named(schema: Json) -> bool:
    """Whether its component's name says more than its type does."""
    return "enum" in schema or schema.get("type") in {"object", None}


def _words(part: Json) -> Json:
    return {key: part[key] for key in ("description", "default") if key in part}


def _is_compound(schema: Json) -> bool:
    return any(key in schema for key in ("properties", "oneOf", "anyOf", "allOf"))


def _are_parts(document: Json, options: Iterable[Any]) -> bool:
    """Whether one of them has something to unfold."""
    return any(_is_compound(resolved(document, each)) for each in options)


def without_null(schema: Json) -> tuple[Any, bool]:
    """The one type beside null, and whether null is among them."""
    for key in ("anyOf", "oneOf"):
        options = schema.get(key, [])
        others = [each for each in options if each.get("type") != "null"]
        if len(others) < len(options):
            if len(others) == 1:
                return others[0], True
            return {**schema, key: others}, True
    kinds = schema.get("type")
    if isinstance(kinds, list) and "null" in kinds:
        rest = [kind for kind in kinds if kind != "null"]
        return {**schema, "type": rest[0] if len(rest) == 1 else rest}, True
    return schema, False


def _properties(document: Json, schema: Json, depth: int, above: tuple[str, ...]) -> list[Property]:
    merged, required = _whole(document, schema)
    items = schema.get("items")
    if not merged and isinstance(items, dict):
        # The parts of a list are those of its items.
        component = name_of(items)
        inner = resolved(document, items)
        if component and (depth > _SHOWN_DEPTH or component in above):
            return []
        merged, required = _whole(document, inner)
        above = (*above, component) if component else above
    return [
        Property(
            name,
            tree(document, part, depth=depth + 1, above=above),
            name in required,
            bool(isinstance(part, dict) and part.get("readOnly")),
        )
        for name, part in merged.items()
    ]


def _whole(document: Json, schema: Json) -> tuple[Json, set[str]]:
    """Properties and required names, with those of `allOf`."""
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", []))
    for each in schema.get("allOf", []):
        more, needed = _whole(document, resolved(document, each))
        properties, required = {**more, **properties}, required | needed
    return properties, required


def type_text(document: Json, schema: Any) -> str:
    """In words: `list of string (uuid)`."""
    part, nullable = without_null(schema) if isinstance(schema, dict) else ({}, False)
    text = _plain_type(document, part)
    return f"{text} or null" if nullable else text


def _plain_type(document: Json, part: Json) -> str:
    if component := name_of(part):
        target = resolved(document, part)
        return component if _is_named(target) else _plain_type(document, target)
    kind = part.get("type")
    if options := part.get("oneOf") or part.get("anyOf"):
        texts = list(dict.fromkeys(type_text(document, each) for each in options))
        return " or ".join(texts) if len(texts) <= 4 else f"one of {len(texts)} types"  # noqa: PLR2004
    if "const" in part:
        return "constant"
    if kind == "array":
        return f"list of {type_text(document, part.get('items', {}))}"
    if kind == "object" and not part.get("properties"):
        values = part.get("additionalProperties")
        is_typed = isinstance(values, dict) and values
        return f"object of {type_text(document, values)}" if is_typed else "object"
    if isinstance(kind, list):
        return " or ".join(kind)
    text = str(kind or ("object" if "properties" in part else "anything"))
    return f"{text} ({part['format']})" if "format" in part else text


def _limits(schema: Json) -> list[str]:
    limits = [
        _range(schema.get(least), schema.get(most)) + unit
        for least, most, unit in _RANGES
        if least in schema or most in schema
    ]
    limits += [text.format(_number(schema[key])) for key, text in _LIMITS if key in schema]
    return [*limits, *_limits(schema["items"])] if isinstance(schema.get("items"), dict) else limits


def _range(least: Any, most: Any) -> str:
    if most is None:
        return f"at least {_number(least)}"
    return f"at most {_number(most)}" if least is None else f"{_number(least)} to {_number(most)}"


def _number(value: Any) -> str:
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    return f"{whole:,}" if isinstance(whole, int) else str(whole)


def example_of(document: Json, schema: Any, depth: int = 0) -> Any:
    """What the document gives as an example, else one made of the required fields."""
    part = resolved(document, schema)
    if not isinstance(part, dict) or depth > _EXAMPLE_DEPTH:
        return None
    for key in ("examples", "enum"):
        if part.get(key):
            return part[key][0]
    for key in ("example", "default", "const"):
        if part.get(key) is not None:
            return part[key]
    inner, _ = without_null(part)
    if inner is not part:
        return example_of(document, inner, depth + 1)
    if options := part.get("oneOf") or part.get("anyOf"):
        return example_of(document, options[0], depth + 1)
    properties, required = _whole(document, part)
    if properties or part.get("type") == "object":
        names = [name for name in properties if name in required] or list(properties)[:3]
        return {name: example_of(document, properties[name], depth + 1) for name in names}
    if part.get("type") == "array":
        return [example_of(document, part.get("items", {}), depth + 1)]
    return _sample(part)


def _sample(part: Json) -> Any:
    match part.get("type"):
        case "integer" | "number":
            return part.get("minimum", 1)
        case "boolean":
            return True
        case "string":
            return _SAMPLES.get(part.get("format", ""), "text")
        case _:
            return None


def content_example(document: Json, content: Json) -> Any:
    """Of one media type: its own example, else its schema's."""
    if "example" in content:
        return content["example"]
    for example in content.get("examples", {}).values():
        value = resolved(document, example).get("value")
        if value is not None:
            return value
    return example_of(document, content.get("schema", {}))
