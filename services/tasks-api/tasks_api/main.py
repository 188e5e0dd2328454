"""The web door."""

from fastapi import FastAPI

from shared.settings import Settings
from shared.web.app import build_app
from shared.web.status import STATUS_TAG, status_router

MIGRATION_HEAD = "0001"


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "tasks",
        title="Tenure tasks",
        summary="",
        routers=[status_router("tasks")],
        tags=[STATUS_TAG],
        settings=settings,
        migration_head=MIGRATION_HEAD,
    )
