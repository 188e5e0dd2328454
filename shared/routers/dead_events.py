"""`/v1/dead-events/<service>`: what that service could not take in, and another chance for it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from shared.auth import Caller
from shared.feed import dead_events
from shared.feed.subscriptions import Subscriptions
from shared.paging import BEGINNING, CursorParam, Limit, Page, page_of
from shared.settings import ServiceName
from shared.web.routing import ServiceDep, Uow, api_router, require


class DeadEvent(BaseModel):
    """An event that a service failed to handle five times and set aside; the events behind it went
    on.
    """

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01",
                    "publisher": "accounts",
                    "name": "account.updated",
                    "reason": "It does not have the form that this release reads. Look at: email.",
                    "envelope": {"payload": {"id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d"}},
                    "died_at": "2026-11-02T09:00:00Z",
                    "replayed_at": None,
                }
            ]
        },
    )

    id: UUID = Field(description="The id of the event.")
    publisher: ServiceName = Field(description="The service that published it.")
    name: str = Field(description="Its name among services, such as `tasks.task_opened.v1`.")
    reason: str = Field(description="What the last of five attempts failed with.")
    envelope: dict[str, Any] = Field(description="The event as it was published.")
    died_at: datetime = Field(description="When it was set aside.")
    replayed_at: datetime | None = Field(
        description="When a replay handled it; null while it waits for one."
    )


def dead_events_router(service_name: ServiceName, subscriptions: Subscriptions) -> APIRouter:
    router = api_router(f"/v1/dead-events/{service_name}", "Status")

    @router.get(
        "",
        name=f"list_{service_name}_dead_events",
        summary=f"List dead events of the {service_name} service",
        response_model=Page[DeadEvent],
    )
    async def list_dead_events(
        caller: Annotated[Caller, require("workspace:read")],
        uow: Uow,
        service: ServiceDep,
        limit: Limit = 50,
        cursor: CursorParam = None,
    ) -> dict[str, Any]:
        """Events that failed five times and were not replayed yet, the longest dead first."""
        shape = ["dead events", service_name]
        after = service.cursors.read_time(cursor, uow.workspace_id, shape) or BEGINNING
        rows = await dead_events.dead_events(uow, after, limit + 1)
        return page_of(rows, limit, service.cursors, uow.workspace_id, shape, ("died_at", "id"))

    @router.post(
        "/{id}/replay",
        name=f"replay_{service_name}_dead_event",
        summary=f"Replay a dead event of the {service_name} service",
        response_model=DeadEvent,
    )
    async def replay_dead_event(
        event_id: Annotated[UUID, Path(alias="id", description="The id of the event.")],
        caller: Annotated[Caller, require("workspace:write")],
        uow: Uow,
    ) -> Any:
        """Handles the event again. It takes effect before the answer, and once however often this
        is called. While its cause lasts the answer is 409 and says the reason; nothing is changed
        then.
        """
        return await dead_events.replay(uow, event_id, subscriptions)

    return router
