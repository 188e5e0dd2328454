"""One OpenAPI 3.1 document out of the services' own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.gateway.groups import tag_groups
from deploy.gateway.problems import of_the_gateway
from shared.openapi.components import CREDENTIALS

Document = dict[str, Any]

_DESCRIPTION = (Path(__file__).parent / "description.md").read_text(encoding="utf-8")
STATUS = "/v1/status"
WORKSPACE_DOCUMENT = "/v1/openapi.json"
_OVERLAY = "/v1/openapi/overlay"
_ERROR_CODE = "ErrorCode"
_SECTIONS = ("schemas", "responses", "parameters", "examples", "requestBodies", "headers")


def merge(documents: Mapping[str, Document], public_url: str, *, version: str) -> Document:
    """Operations keep their ids and paths. Where two services give one component name to different
    things, the later service's is renamed after the service.
    """
    merged: Document = {
        "openapi": "3.1.0",
        "info": {
            "title": "Tenure",
            "version": version,
            "summary": "An open-source customer success platform, API first.",
            "description": _DESCRIPTION,
            "contact": {"name": "Tenure", "url": f"{public_url}/docs"},
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "security": CREDENTIALS,
        "servers": [{"url": public_url}],
        "tags": [],
        "paths": {},
        "webhooks": {},
        "components": {},
    }
    statuses = {}
    problems = {
        each["code"]: each
        for known in (of_the_gateway(), *(d.get("x-problems", []) for d in documents.values()))
        for each in known
    }
    every_code = sorted(problems)
    for service, document in documents.items():
        renamed = _without_clashes(merged, _with_codes(document, every_code), service)
        paths = dict(renamed.get("paths", {}))
        if STATUS in paths:
            statuses[service] = paths.pop(STATUS)["get"]
        _add(merged, {**renamed, "paths": paths})
    if statuses:
        merged["paths"][STATUS] = {"get": _status_of_all(statuses)}
    if _OVERLAY in merged["paths"]:
        overlay = merged["paths"][_OVERLAY]["get"]
        merged["paths"][WORKSPACE_DOCUMENT] = {"get": _document_of_a_workspace(overlay)}
    merged["x-tagGroups"] = tag_groups(tag["name"] for tag in merged["tags"])
    merged["x-problems"] = [problems[code] for code in sorted(problems)]
    if not merged["webhooks"]:
        del merged["webhooks"]
    return merged


def _with_codes(document: Document, codes: list[str]) -> Document:
    """Every service lists the error codes that it has; to a client they are one list."""
    components = document.get("components", {})
    schemas = components.get("schemas", {})
    if _ERROR_CODE not in schemas:
        return document
    schemas = {**schemas, _ERROR_CODE: {**schemas[_ERROR_CODE], "enum": codes}}
    return {**document, "components": {**components, "schemas": schemas}}


def _document_of_a_workspace(overlay: dict[str, Any]) -> dict[str, Any]:
    """The gateway answers it with what the overlay's operation answers, and refuses alike."""
    schema = {"type": "object", "description": "An OpenAPI 3.1 document."}
    example = {"openapi": "3.1.0", "info": {"title": "Tenure", "version": "1.0.0"}, "paths": {}}
    content = {"application/json": {"schema": schema, "example": example}}
    answer = {**overlay["responses"]["200"], "description": "The document.", "content": content}
    return {
        **overlay,
        "operationId": "get_openapi_document",
        "summary": "Get the document of this workspace's API",
        "description": "`/openapi.json` with the traits and object types of the credential's"
        " workspace: generate a client from it. Its ETag changes when they do, or with a release.",
        "responses": {**overlay["responses"], "200": answer},
    }


def _status_of_all(statuses: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The one path that every service has, and the gateway answers for all of them."""
    one = next(iter(statuses.values()))
    answers = {
        service: operation["responses"]["200"]["content"]["application/json"]["schema"]
        for service, operation in statuses.items()
    }
    away = {
        "type": "object",
        "properties": {"status": {"const": "unavailable"}},
        "required": ["status"],
    }
    services = {service: {"anyOf": [schema, away]} for service, schema in answers.items()}
    schema = {
        "type": "object",
        "properties": {
            "services": {"type": "object", "properties": services, "required": list(services)}
        },
        "required": ["services"],
    }
    answer = {"description": "By service.", "content": {"application/json": {"schema": schema}}}
    return {
        **one,
        "operationId": "get_status",
        "summary": "How far each service is",
        "responses": {**one["responses"], "200": answer},
    }


def _add(merged: Document, document: Document) -> None:
    known = {tag["name"] for tag in merged["tags"]}
    merged["tags"] += [tag for tag in document.get("tags", []) if tag["name"] not in known]
    for path, item in document.get("paths", {}).items():
        merged["paths"].setdefault(path, {}).update(item)
    merged["webhooks"].update(document.get("webhooks", {}))
    for section, components in document.get("components", {}).items():
        merged["components"].setdefault(section, {}).update(components)


def _without_clashes(merged: Document, document: Document, service: str) -> Document:
    """The document with other names for components that are known by theirs as something else."""
    renamed = {
        f"#/components/{section}/{name}": f"#/components/{section}/{service.capitalize()}{name}"
        for section in _SECTIONS
        for name, component in document.get("components", {}).get(section, {}).items()
        if merged["components"].get(section, {}).get(name, component) != component
    }
    if not renamed:
        return document
    document = json.loads(json.dumps(document), object_hook=lambda part: _point(part, renamed))
    for section in _SECTIONS:
        components = document.get("components", {}).get(section, {})
        for old, new in renamed.items():
            name, other = old.rpartition("/")[2], new.rpartition("/")[2]
            if old == f"#/components/{section}/{name}" and name in components:
                components[other] = components.pop(name)
                if section == "schemas":
                    components[other]["title"] = other
    return document


def _point(part: dict[str, Any], renamed: Mapping[str, str]) -> dict[str, Any]:
    if part.get("$ref") in renamed:
        return {**part, "$ref": renamed[part["$ref"]]}
    mapping = part.get("mapping")
    if isinstance(mapping, dict) and "propertyName" in part:  # a discriminator
        return {**part, "mapping": {k: renamed.get(v, v) for k, v in mapping.items()}}
    return part
