"""The web door."""

from fastapi import FastAPI

from shared.settings import Settings
from shared.web.app import build_app

MIGRATION_HEAD = "0001"


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "accounts",
        title="Tenure accounts",
        summary="",
        routers=[],
        tags=[],
        settings=settings,
        migration_head=MIGRATION_HEAD,
    )
