"""OpenAPI 3.1 of one service, with what FastAPI does not say by itself: permissions, bearer
security, errors as problem+json, and under `x-problems` every error code there is.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from shared.openapi.words import (
    describe_answers,
    describe_fields,
    describe_pages,
    describe_parameters,
)
from shared.web.problems import PROBLEM_CONTENT, Problem, problem_catalog
from shared.web.routing import permission_of


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Every documented operation of the app, however its routers are nested."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    return [r for r in routes if isinstance(r, APIRoute) and r.include_in_schema]


def install_openapi(app: FastAPI) -> None:
    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _finish(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    description=app.description,
                    routes=app.routes,
                    tags=app.openapi_tags,
                    webhooks=app.webhooks.routes,
                ),
                app,
            )
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]  # FastAPI's documented way


def _finish(document: dict[str, Any], app: FastAPI) -> dict[str, Any]:
    document.setdefault("components", {})["securitySchemes"] = {
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: `tnr_live_…`. Its scopes and role decide what it may do.",
        }
    }
    permissions = {
        (method.lower(), route.path_format): permission_of(route)
        for route in api_routes(app)
        for method in route.methods or ()
    }
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            permission = permissions.get((method, path))
            if permission is not None:
                operation["security"] = [{"api_key": []}]
                operation["x-permission"] = permission
            for response in operation.get("responses", {}).values():
                content = response.get("content", {})
                if "application/problem+json" in content and "application/json" in content:
                    content["application/problem+json"] = content.pop("application/json")
            validation = operation.get("responses", {}).get("422", {}).get("content", {})
            if "HTTPValidationError" in str(validation):
                validation.clear()
                validation.update(PROBLEM_CONTENT)
    schemas = document["components"].setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's; ours are problems
        schemas.pop(unused, None)
    _add_problem(schemas)
    describe_pages(schemas)
    describe_fields(schemas)
    describe_parameters(document)
    describe_answers(document)
    _restore_nulls(document)
    packages = {route.endpoint.__module__.partition(".")[0] for route in api_routes(app)}
    document["x-problems"] = problem_catalog({"shared", *packages})
    return document


def _add_problem(schemas: dict[str, Any]) -> None:
    """What every route's errors refer to. As a model of each of its ten responses, FastAPI would
    prepare it 3,500 times, which is a quarter of what a process does when it starts.
    """
    problem = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas.update(problem.pop("$defs"))
    del problem["properties"]["detail"]["default"]  # null, as FastAPI leaves it out
    schemas["Problem"] = problem
    ordered = sorted(schemas.items())
    schemas.clear()
    schemas.update(ordered)


def _restore_nulls(document: dict[str, Any]) -> None:
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
