"""What every operation of our OpenAPI documents must have."""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from deploy.checks.components import ambiguous_components, component_faults
from deploy.checks.documents import Document, operations, resolve
from deploy.checks.naming import misnamed

PROBLEM = "application/problem+json"
JSON = "application/json"
_FIRST_ERROR = 400


def faults_of_all(documents: dict[str, Document]) -> Iterator[str]:
    """Faults of each document, and of the set: ids and paths are unique in the merged document."""
    yield from ambiguous_components(documents)
    seen_ids: dict[str, str] = {}
    seen_operations: dict[str, str] = {}
    for package, document in documents.items():
        for fault in faults_of(document):
            yield f"{package}: {fault}"
        for part in undescribed(document):
            yield f"{package}: {part} has no description"
        for place in unnamed_enums(document):
            yield f"{package}: {place} is an enumeration without a name of its own"
        for fault in (*misnamed(document), *component_faults(document)):
            yield f"{package}: {fault}"
        for name, operation in operations(document).items():
            for key, seen, what in (
                (operation.get("operationId", ""), seen_ids, "operationId"),
                (name, seen_operations, "operation"),
            ):
                if key in seen and not key.endswith("/v1/status"):
                    yield f"{package}: {name}: the {what} {key!r} is {seen[key]}'s already"
                seen[key] = package


def faults_of(document: Document) -> Iterator[str]:
    for error in OpenAPIV31SpecValidator(document).iter_errors():
        yield f"not OpenAPI 3.1: {'/'.join(map(str, error.absolute_path))}: {error.message}"
    declared = {tag["name"] for tag in document.get("tags", [])}
    for name, operation in operations(document).items():
        for fault in _operation_faults(document, operation, declared):
            yield f"{name}: {fault}"


def undescribed(document: Document) -> Iterator[str]:
    """What a reader meets without a sentence about it: operations, parameters, answers, schemas and
    their properties.
    """
    for name, operation in operations(document).items():
        if not operation.get("description"):
            yield name
        for parameter in operation["parameters"]:
            if not parameter.get("description"):
                yield f"{name}: parameter {parameter['name']}"
        for status, response in operation["responses"].items():
            if resolve(document, response)["description"] == "Successful Response":
                yield f"{name}: response {status}"
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if not schema.get("description"):
            yield f"schema {name}"
        for key, field in schema.get("properties", {}).items():
            if not any(part.get("description") for part in _said_by(document, field)):
                yield f"schema {name}: property {key}"


def _said_by(document: Document, field: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A property, and the component that it is, or is unless it is null."""
    kinds = [part for part in field.get("anyOf", []) if part.get("type") != "null"]
    yield field
    yield resolve(document, kinds[0] if len(kinds) == 1 else field)


def unnamed_enums(document: Document) -> Iterator[str]:
    """Where several values are listed that are no component: every generator would make a type of
    each such list, and name it by its place.
    """
    for part in ("paths", "webhooks"):
        yield from _enums_within(document.get(part, {}), part)
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if "enum" not in schema:
            yield from _enums_within(schema, name)


def _enums_within(part: Any, place: str) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _enums_within(item, place)
    elif isinstance(part, dict):
        values = part.get("enum")
        if isinstance(values, list) and len(values) > 1:
            yield f"{place} ({', '.join(map(str, values))})"
        for key, value in part.items():
            if key not in {"example", "examples"}:
                yield from _enums_within(value, f"{place}/{key}")


def _operation_faults(
    document: Document, operation: dict[str, Any], declared: set[str]
) -> Iterator[str]:
    for field in ("operationId", "summary"):
        if not operation.get(field):
            yield f"has no {field}"
    tags = operation.get("tags", [])
    if not tags:
        yield "has no tag"
    for tag in tags:
        if tag not in declared:
            yield f"its tag {tag!r} is not described in the document"
    body = operation.get("requestBody", {}).get("content", {})
    yield from _example_faults(document, body, "request body")
    for status, response in operation.get("responses", {}).items():
        content = resolve(document, response).get("content", {})
        if status.isdigit() and int(status) >= _FIRST_ERROR:
            if PROBLEM not in content:
                yield f"response {status} is not {PROBLEM}"
        else:
            yield from _example_faults(document, content, f"response {status}")
    if not any(status.startswith("4") for status in operation.get("responses", {})):
        yield "documents no refusal"


def _example_faults(document: Document, content: dict[str, Any], where: str) -> Iterator[str]:
    media = content.get(JSON)
    if media is None:
        return
    schema = media.get("schema", {})
    examples = [*_own_examples(media), *_own_examples(resolve(document, schema))]
    if not examples and not _has_example(document, schema, set()):
        yield f"{where} has no example"
    # The schema alone, with the components its references point to.
    validator = Draft202012Validator({**schema, "components": document.get("components", {})})
    for example in examples:
        for error in validator.iter_errors(example):
            yield f"{where}: the example does not fit at {error.json_path}: {error.message[:200]}"


def _own_examples(part: dict[str, Any]) -> list[Any]:
    """A media type's examples are a map of objects, a schema's are a list of values."""
    found = [part["example"]] if "example" in part else []
    several = part.get("examples", [])
    if isinstance(several, dict):
        return found + [example["value"] for example in several.values() if "value" in example]
    return found + list(several)


def _has_example(document: Document, schema: Any, seen: set[int]) -> bool:
    """Somewhere within: on the schema, on an alternative, on the items or on a property."""
    schema = resolve(document, schema)
    if not isinstance(schema, dict) or id(schema) in seen:
        return False
    seen.add(id(schema))
    if "example" in schema or "examples" in schema:
        return True
    parts = [
        *(schema.get(key) for key in ("items", "additionalProperties")),
        *(part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, [])),
        *schema.get("properties", {}).values(),
    ]
    return any(_has_example(document, part, seen) for part in parts)
