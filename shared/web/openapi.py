"""OpenAPI 3.1 of one service, with what FastAPI does not say by itself: permissions, bearer
security, errors as problem+json.
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.web.routing import Require


def permission_of(route: APIRoute) -> str | None:
    """The permission that `route` declares, None for a public one."""
    for dependency in _walk(route.dependant):
        if isinstance(dependency.call, Require):
            return dependency.call.permission
    return None


def _walk(dependant: Dependant) -> Iterator[Dependant]:
    for inner in dependant.dependencies:
        yield inner
        yield from _walk(inner)


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Every documented operation of the app, however its routers are nested."""
    found: list[APIRoute] = []

    def visit(routes: list[Any]) -> None:
        for route in routes:
            if isinstance(route, APIRoute):
                if route.include_in_schema:
                    found.append(route)
            elif hasattr(route, "routes"):
                visit(list(route.routes))

    visit(list(app.routes))
    return found


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
                validation["application/problem+json"] = {
                    "schema": {"$ref": "#/components/schemas/Problem"}
                }
    return document
