"""OpenAPI 3.1 of one service, and under `x-problems` every error code there is."""

import hashlib
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic_core import to_json

from shared.openapi.components import (
    CREDENTIAL_SCHEMES,
    CREDENTIALS,
    HEADERS,
    problem_schemas,
    refusal_components,
)
from shared.openapi.examples import restore_nulls
from shared.openapi.operations import complete_operation
from shared.openapi.parameters import simplify_parameters
from shared.openapi.schemas import finish_schemas
from shared.openapi.words import (
    describe_answers,
    describe_fields,
    describe_pages,
    describe_parameters,
)
from shared.web.problems import problem_catalog

Document = dict[str, Any]


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Every documented operation of the app, however its routers are nested."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    return [r for r in routes if isinstance(r, APIRoute) and r.include_in_schema]


def digest_of_document(app: FastAPI) -> str:
    """Names what the code publishes: another build of it has another digest."""
    digest: str | None = getattr(app.state, "digest_of_document", None)
    if digest is None:
        digest = hashlib.sha256(to_json(app.openapi())).hexdigest()
        app.state.digest_of_document = digest
    return digest


def install_openapi(app: FastAPI) -> None:
    def build() -> Document:
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


def _finish(document: Document, app: FastAPI) -> Document:
    routes = api_routes(app)
    packages = {route.endpoint.__module__.partition(".")[0] for route in routes}
    problems = problem_catalog({"shared", *packages})
    components = document.setdefault("components", {})
    document.setdefault("webhooks", {})
    components["securitySchemes"] = dict(CREDENTIAL_SCHEMES)
    components["headers"] = {name: dict(header) for name, header in HEADERS.items()}
    components["responses"] = refusal_components()
    schemas = components.setdefault("schemas", {})
    schemas.update(problem_schemas([problem["code"] for problem in problems]))
    by_operation = {
        (method.lower(), route.path_format): route
        for route in routes
        for method in route.methods or ()
    }
    for path, operations in document.get("paths", {}).items():
        for method, operation in operations.items():
            complete_operation(operation, method, by_operation[method, path])
    for item in document["webhooks"].values():
        for operation in item.values():
            operation["security"] = []  # a signature: `info.description` of the merged document
    document["security"] = CREDENTIALS
    restore_nulls(document)
    simplify_parameters(document)
    describe_pages(schemas)
    describe_fields(schemas)
    finish_schemas(document)
    describe_parameters(document)
    describe_answers(document)
    document["x-problems"] = problems
    return document
