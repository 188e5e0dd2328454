"""The web door."""

from fastapi import FastAPI

from accounts_api.api_keys import router as api_keys
from accounts_api.api_keys.service import introspection
from accounts_api.audit_log import router as audit_log
from accounts_api.members import router as members
from accounts_api.workspaces import router as workspaces
from shared.settings import Settings
from shared.web.app import build_app
from shared.web.status import STATUS_TAG, status_router

MIGRATION_HEAD = "0001a"

TAGS = [
    {"name": "Workspace", "description": "The tenant: name, zone, settings, a sandbox's clock."},
    {"name": "Members", "description": "The people of the workspace, their roles and seats."},
    {"name": "API keys", "description": "Credentials of programs: scoped, expiring, revocable."},
    {"name": "Audit log", "description": "Who changed which setting, and when."},
    STATUS_TAG,
]


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(
        "accounts",
        title="Tenure accounts",
        summary="Who our customers are and how they are doing.",
        routers=[
            workspaces.router,
            members.router,
            api_keys.router,
            api_keys.internal,
            audit_log.router,
            status_router("accounts"),
        ],
        tags=TAGS,
        settings=settings,
        migration_head=MIGRATION_HEAD,
        introspect=introspection,
    )
