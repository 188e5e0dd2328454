"""What holds for the components of our OpenAPI documents, and for how operations use them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.checks.documents import Document, operations

_NAME = re.compile(r"[A-Z][A-Za-z0-9]*")
_OF_EVERY_SERVICE = {"ErrorCode"}
"""Each service has its own part of it; the merged document has the whole."""
_FOR_RECEIVERS = {"WebhookPayload"}
"""What whoever receives webhooks reads; no operation of ours answers it."""
_FIRST_REFUSAL = 400
_SCHEMAS = "#/components/schemas/"


def ambiguous_components(documents: Mapping[str, Document]) -> Iterator[str]:
    """A name that means one thing in one service and another in the next would be renamed in the
    merged document, and generated clients with it.
    """
    known: dict[tuple[str, str], tuple[str, Any]] = {}
    for package, document in documents.items():
        for section, components in document.get("components", {}).items():
            for name, component in components.items():
                owner, meant = known.setdefault((section, name), (package, component))
                if meant != component and name not in _OF_EVERY_SERVICE:
                    yield f"{package}: {section} {name} is something else in {owner}"


def component_faults(document: Document) -> Iterator[str]:
    """Of one document."""
    schemas = document.get("components", {}).get("schemas", {})
    for name, schema in schemas.items():
        if not _NAME.fullmatch(name):
            yield f"schema {name}: its name is no word of letters and digits"
        if schema.get("title") != name:
            yield f"schema {name}: its title is not its name, and generators name models by titles"
        for key, field in schema.get("properties", {}).items():
            if "default" in field:
                yield f"schema {name}: property {key} has a default, which generators call required"
            if "anyOf" in field and key.replace("_", "") == name.lower():
                yield f"schema {name}: property {key} has its name, which generators give one thing"
    for name in schemas.keys() - set(_referred(document)) - _FOR_RECEIVERS:
        yield f"schema {name}: nothing refers to it"
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            if int(status) >= _FIRST_REFUSAL and "$ref" not in answer:
                yield f"{name}: response {status} is not the shared one"
            elif int(status) < _FIRST_REFUSAL and "X-Request-Id" not in answer.get("headers", {}):
                yield f"{name}: response {status} tells of no headers"


def _referred(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_SCHEMAS)
        for inner in part.values():
            yield from _referred(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _referred(inner)
