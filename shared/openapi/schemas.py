"""The components of a document: their names, and what generators read in them."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic_core import to_json

from shared.schemas import LONGEST_TEXT

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"
_PAGE: Final = re.compile(r"(?:Counted)?Page_(\w+?)_")
_BIGINT: Final = 2**63
_FRAMEWORKS: Final = ("HTTPValidationError", "ValidationError")
_DATA: Final = frozenset({"const", "default", "enum", "example", "examples"})
"""Members of a schema that hold values, not schemas."""
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})
_SAYS_ITS_FORM: Final = frozenset({"const", "enum", "format", "pattern"})
_WITHOUT_NUL: Final = r"^[^\u0000]*$"


def finish_schemas(document: Schema) -> None:
    """Rewrite the components of `document` in place."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for name in _FRAMEWORKS:
        schemas.pop(name, None)
    for part in _schemas_in([document["components"], document["paths"], document["webhooks"]]):
        _without_title(part)
        _default_as_text(part)
        _bound(part)
    for name in _of_requests(document):
        for part in _schemas_in(schemas[name]):
            _refuse_nul(part)
    _add_sparse(document)
    _drop_unused(document)
    _rename(document, {name: component_name(name, schemas) for name in schemas})
    for name, schema in schemas.items():
        schema["title"] = name
    ordered = sorted(schemas.items())
    schemas.clear()
    schemas.update(ordered)


def component_name(name: str, names: Mapping[str, Any]) -> str:
    """The name that a client sees of a model: `Page_TaskOut_` is a TaskPage, `TaskOut` a Task."""
    if page := _PAGE.fullmatch(name):
        return f"{component_name(page[1], names)}Page"
    name = name.removesuffix("-Output").replace("-Input", "Input")
    short = name.removesuffix("Out")
    return name if short in names else short


def _schemas_in(part: Any) -> Iterator[Schema]:
    """Every object below `part` that may be a schema."""
    if isinstance(part, list):
        for inner in part:
            yield from _schemas_in(inner)
    if not isinstance(part, dict):
        return
    yield part
    for key, inner in part.items():
        if key == "properties":
            for field in inner.values():
                yield from _schemas_in(field)
        elif key not in _DATA:
            yield from _schemas_in(inner)


def _without_title(schema: Schema) -> None:
    """Pydantic repeats the name of a field as its title; generators make class names of it."""
    if isinstance(schema.get("title"), str):
        del schema["title"]


def _default_as_text(schema: Schema) -> None:
    """Say the default of a field in words: generators take a field with a `default` for one that is
    always there, so a request could not leave it out.
    """
    for field in schema.get("properties", {}).values():
        default = field.pop("default", None)
        if default in _NOTHING or "description" not in field:
            continue
        text = default if isinstance(default, str) else to_json(default).decode()
        field["description"] += f" Default: `{text}`."


def _bound(schema: Schema) -> None:
    """An integer that says nothing else is what the database holds: 64 bits."""
    if schema.get("type") == "integer":
        schema["minimum"] = int(schema.get("minimum", -_BIGINT))
        schema["maximum"] = int(schema.get("maximum", _BIGINT - 1))


def _refuse_nul(schema: Schema) -> None:
    """PostgreSQL stores no NUL, so no text of a request may hold one. Text whose form is said needs
    no general bound beside it.
    """
    if schema.get("type") != "string":
        return
    if not _SAYS_ITS_FORM & schema.keys():
        schema["pattern"] = _WITHOUT_NUL
    elif schema.get("maxLength") == LONGEST_TEXT:
        del schema["maxLength"]


def _of_requests(document: Schema) -> set[str]:
    """The components that request bodies are made of."""
    bodies = [
        operation.get("requestBody", {})
        for operations in document.get("paths", {}).values()
        for operation in operations.values()
    ]
    return _reached(bodies, document["components"]["schemas"])


def _drop_unused(document: Schema) -> None:
    """A page whose every list lets fields be chosen has its sparse form alone."""
    components = document["components"]
    schemas = components["schemas"]
    parts = [document["paths"], document["webhooks"], components["responses"]]
    for name in schemas.keys() - _reached(parts, schemas):
        del schemas[name]


def _reached(parts: list[Any], schemas: Mapping[str, Any]) -> set[str]:
    """The components that `parts` refer to, themselves or through others."""
    found: set[str] = set()
    waiting = list(parts)
    while waiting:
        for part in _schemas_in(waiting.pop()):
            name = str(part.get("$ref", "")).removeprefix(_REF)
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
    return found


def _add_sparse(document: Schema) -> None:
    """Where `fields` chooses what is answered, only the id is certain."""
    schemas = document["components"]["schemas"]
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            if _chooses_fields(operation, schemas):
                content = operation["responses"]["200"].get("content", {})
                if json := content.get("application/json"):
                    json["schema"] = _sparse(json["schema"], schemas)


def _chooses_fields(operation: Schema, schemas: Mapping[str, Schema]) -> bool:
    if any(parameter["name"] == "fields" for parameter in operation.get("parameters", [])):
        return True
    content = operation.get("requestBody", {}).get("content", {})
    body = _resolved(content.get("application/json", {}).get("schema", {}), schemas)
    return operation["operationId"].startswith("search_") and "fields" in body.get("properties", {})


def _sparse(reference: Schema, schemas: dict[str, Schema]) -> Schema:
    """A reference to the form of a record, or of a page of them, in which fields are left out."""
    name = _name_of(reference)
    schema = schemas[name]
    items = schema["properties"].get("data", {}).get("items")
    if items is not None:
        page = component_name(name, schemas).removesuffix("Page")
        sparse = f"Sparse{page}Page"
        properties = {
            **schema["properties"],
            "data": {**schema["properties"]["data"], "items": _sparse(items, schemas)},
        }
        schemas.setdefault(sparse, {**schema, "properties": properties})
    else:
        sparse = f"Sparse{component_name(name, schemas)}"
        described = f"{schema.get('description', '')} Only what `fields` names, and the id."
        schemas.setdefault(
            sparse,
            {**schema, "required": ["id"], "description": described.strip()},
        )
    return {"$ref": f"{_REF}{sparse}"}


def _name_of(reference: Schema) -> str:
    return str(reference["$ref"]).removeprefix(_REF)


def _resolved(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    return schemas[_name_of(schema)] if "$ref" in schema else schema


def _rename(document: Schema, names: Mapping[str, str]) -> None:
    """Raises `ValueError` when two components get one name."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    renamed = {names[name]: schema for name, schema in schemas.items()}
    if len(renamed) < len(schemas):
        doubled = sorted(name for name in names if list(names.values()).count(names[name]) > 1)
        raise ValueError(f"These models get the same name in the document: {', '.join(doubled)}.")
    schemas.clear()
    schemas.update(renamed)
    targets = {f"{_REF}{old}": f"{_REF}{new}" for old, new in names.items()}
    _point(document, lambda target: targets.get(target, target))


def _point(part: Any, target: Callable[[str], str]) -> None:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            part["$ref"] = target(part["$ref"])
        mapping = part.get("mapping")
        if isinstance(mapping, dict) and "propertyName" in part:
            part["mapping"] = {key: target(value) for key, value in mapping.items()}
        for inner in part.values():
            _point(inner, target)
    elif isinstance(part, list):
        for inner in part:
            _point(inner, target)
