"""Examples as clients see them."""

from typing import Any


def restore_nulls(document: dict[str, Any]) -> None:
    """FastAPI drops every null of a document, those of examples included."""
    for schema in document["components"].get("schemas", {}).values():
        for example in schema.get("examples", []):
            _add_nulls(document, schema, example)


def _add_nulls(document: dict[str, Any], schema: dict[str, Any], example: Any) -> None:
    parts = [part for part in schema.get("anyOf", []) if part.get("type") != "null"]
    if len(parts) == 1:
        schema = parts[0]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(example, list):
        for item in example:
            _add_nulls(document, schema.get("items", {}), item)
    if not isinstance(example, dict):
        return
    properties = schema.get("properties", {})
    for name in schema.get("required", []):
        kinds = [part.get("type") for part in properties.get(name, {}).get("anyOf", [])]
        if "null" in kinds:
            example.setdefault(name, None)
    for name, value in example.items():
        _add_nulls(document, properties.get(name, {}), value)
