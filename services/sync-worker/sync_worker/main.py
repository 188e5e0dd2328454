"""The web door."""

from fastapi import FastAPI

from shared.settings import Settings
from shared.web.app import build_app
from shared.web.status import STATUS_TAG, status_router

MIGRATION_HEAD = "0002"


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "sync",
        title="Tenure sync worker",
        summary="",
        routers=[status_router("sync")],
        tags=[STATUS_TAG],
        settings=settings,
        migration_head=MIGRATION_HEAD,
    )
