"""Parameters as an address holds them."""

from typing import Any


def simplify_parameters(document: dict[str, Any]) -> None:
    """Take out what a model of Python has and an address cannot: an address has no null, and the
    description of a parameter need not be said twice.
    """
    for operations in document.get("paths", {}).values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = _without_null(parameter["schema"])
                parameter["schema"].pop("description", None)


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    parts = [part for part in schema.get("anyOf", []) if part.get("type") != "null"]
    if len(parts) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**rest, **parts[0]}
