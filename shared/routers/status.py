"""`GET /v1/status` of a service: what time it is there, how far it has heard, what is due."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from shared.auth import Caller
from shared.routers.internal import feed_state
from shared.settings import ServiceName
from shared.uow import UnitOfWork
from shared.web.routing import ServiceDep, Uow, api_router, require

STATUS_TAG = {"name": "Status", "description": "How far each service is with its work."}

DueWork = Callable[[UnitOfWork], Awaitable[dict[str, int]]]
"""Counts the caller's workspace's rows that a worker should take now, by kind of work."""

_DEAD = text(
    "select count(*) from dead_events where workspace_id = :workspace_id and replayed_at is null"
)


class FeedCheckpoint(BaseModel):
    """How far the service has read one publisher's feed."""

    publisher: ServiceName = Field(description="The service whose events it reads.")
    shard: str = Field(
        description="Which part of the feed a worker reads, such as `0/4`: the first of four."
    )
    cursor: str = Field(description="The last event that it handled, as in `feed_end`.")
    failures: int = Field(
        description="Failed attempts since it last moved on; 0 while it reads without trouble."
    )


class FeedState(BaseModel):
    """How far the service has published its events and read those of others."""

    feed_end: str = Field(description="Cursor of the last event this service published.")
    checkpoints: list[FeedCheckpoint] = Field(
        description="How far it has read the other services' feeds."
    )
    dead_events: int = Field(description="Events of this workspace that were set aside.")


class ServiceStatus(BaseModel):
    """What a service has still to do for the workspace, and how far it has read its feeds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "accounts",
                    "now": "2026-11-02T09:00:00Z",
                    "due_work": {"due_rechecks": 0},
                    "held": {},
                    "feed": {
                        "feed_end": "88412.1031",
                        "checkpoints": [
                            {
                                "publisher": "sequencer",
                                "shard": "0/1",
                                "cursor": "88409.77",
                                "failures": 0,
                            }
                        ],
                        "dead_events": 0,
                    },
                }
            ]
        }
    )

    service: ServiceName = Field(description="The service that answers.")
    now: datetime = Field(description="Workspace time.")
    due_work: dict[str, int] = Field(description="Rows waiting for a worker, by kind of work.")
    held: dict[str, int] = Field(
        description="Single items that failed, by kind of work. `/v1/held-work/<service>` says why,"
        " of held mails `/v1/messages?state=held`."
    )
    feed: FeedState = Field(description="Its events, and those that it reads.")


async def nothing(uow: UnitOfWork) -> dict[str, int]:
    """For a service whose worker only hears others, or that holds nothing back."""
    return {}


def status_router(
    service_name: ServiceName, due_work: DueWork = nothing, held: DueWork = nothing
) -> APIRouter:
    router = api_router("/v1/status", "Status")

    @router.get(
        "",
        name=f"get_{service_name}_status",
        summary=f"Get the status of the {service_name} service",
        response_model=ServiceStatus,
    )
    async def get_status(
        caller: Annotated[Caller, require("workspace:read")], uow: Uow, service: ServiceDep
    ) -> dict[str, Any]:
        """What waits for the service, and how far it has read its feeds. It is quiet when
        `due_work` is all zeros and every service has heard the others to the end.
        """
        feed = await feed_state(service)
        return {
            "service": service.name,
            "now": await uow.now(),
            "due_work": await due_work(uow),
            "held": await held(uow),
            "feed": {**feed, "dead_events": await _dead_events(uow)},
        }

    return router


async def _dead_events(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _DEAD)
