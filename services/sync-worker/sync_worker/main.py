"""The web process."""

from typing import Any

from fastapi import FastAPI

from shared.app import build_app
from shared.routers.dead_events import dead_events_router
from shared.routers.status import STATUS_TAG, status_router
from shared.routers.usages import usages_router
from shared.settings import Settings
from sync_worker.checks import router as checks
from sync_worker.connections import router as connections
from sync_worker.crm_sync.inbound import router as inbound
from sync_worker.crm_sync.mappings import router as mappings
from sync_worker.crm_sync.mappings import service as mappings_service
from sync_worker.crm_sync.source_records import router as source_records
from sync_worker.crm_sync.write_backs import router as write_backs
from sync_worker.mail.mailbox import router as mailbox
from sync_worker.partners.partner_events import router as partner_events
from sync_worker.partners.partner_events.documented import webhooks_router
from sync_worker.partners.partner_events.unions import with_unions
from sync_worker.partners.webhook_deliveries import router as webhook_deliveries
from sync_worker.partners.webhook_sending import router as webhook_sending
from sync_worker.partners.webhooks import router as webhooks
from sync_worker.runner.runs import router as runs
from sync_worker.status import due_work
from sync_worker.subscriptions import SUBSCRIPTIONS

MIGRATION_HEAD = "0016"

TAGS = (
    {"name": "Connections", "description": "Links to outside systems, their mapping and health."},
    {"name": "Sync runs", "description": "What each pull read, wrote and set aside."},
    {"name": "Events", "description": "Everything that happened, gapless and in order."},
    {"name": "Webhooks", "description": "Events sent to your own systems, signed and retried."},
    STATUS_TAG,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    app = build_app(
        "sync",
        title="Tenure sync worker",
        summary="Connections to other systems, webhooks and the event feed.",
        routers=[
            connections.router,
            checks.router,
            mappings.router,
            runs.router,
            inbound.router,
            source_records.router,
            mailbox.router,
            partner_events.router,
            webhooks.router,
            webhook_sending.router,
            webhook_deliveries.router,
            write_backs.router,
            status_router("sync", due_work),
            usages_router(mappings_service.uses),
            dead_events_router("sync", SUBSCRIPTIONS),
        ],
        tags=TAGS,
        settings=settings,
        migration_head=MIGRATION_HEAD,
    )
    app.webhooks.include_router(webhooks_router())
    _describe_events(app)
    return app


def _describe_events(app: FastAPI) -> None:
    finished = app.openapi

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = with_unions(finished())
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]  # FastAPI's documented way
