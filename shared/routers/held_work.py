"""`/v1/held-work/<service>`: single items that it failed on, and another try."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from shared import held_work
from shared.auth import Caller
from shared.paging import BEGINNING, CursorParam, Limit, Page, page_of
from shared.settings import ServiceName
from shared.uow import UnitOfWork
from shared.web.routing import ServiceDep, Uow, api_router, require


class HeldWork(BaseModel):
    """One item whose work failed for itself alone, so that it is held back and tried again."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a01",
                    "step": "rules",
                    "about": {
                        "kind": "segment",
                        "rule_id": "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d",
                        "record_id": "0198c0de-0000-7000-8000-000000000001",
                    },
                    "reason": "It failed with DataError; the log of this service says more.",
                    "attempts": 3,
                    "held_at": "2026-11-02T09:00:00Z",
                    "retry_at": "2026-11-02T09:07:00Z",
                }
            ]
        },
    )

    id: UUID
    step: str = Field(description="What was being done.")
    about: dict[str, Any] = Field(description="Of what it was to be done.")
    reason: str = Field(description="What the last attempt failed with.")
    attempts: int = Field(description="How often it was tried.")
    held_at: datetime = Field(description="When it first failed.")
    retry_at: datetime | None = Field(
        description="It is tried again then, and from now on ever later. Null: a person must act"
        " first, as its task says."
    )


class HeldItems(Protocol):
    """Where a service keeps what it holds; `shared.held_work` unless it has a table of its own."""

    async def page(
        self, uow: UnitOfWork, after: tuple[datetime, UUID], limit: int
    ) -> Sequence[Any]: ...

    async def retry(self, uow: UnitOfWork, held_id: UUID) -> Any: ...


def held_work_router(service_name: ServiceName, items: HeldItems = held_work) -> APIRouter:
    router = api_router(f"/v1/held-work/{service_name}", "Status")

    @router.get(
        "",
        name=f"list_{service_name}_held_work",
        summary=f"List held work of the {service_name} service",
        response_model=Page[HeldWork],
    )
    async def list_held_work(
        caller: Annotated[Caller, require("workspace:read")],
        uow: Uow,
        service: ServiceDep,
        limit: Limit = 50,
        cursor: CursorParam = None,
    ) -> dict[str, Any]:
        """Items that failed for themselves alone and are tried again, the longest held first."""
        shape = ["held work", service_name]
        after = service.cursors.read_time(cursor, uow.workspace_id, shape) or BEGINNING
        rows = await items.page(uow, after, limit + 1)
        return page_of(rows, limit, service.cursors, uow.workspace_id, shape, ("held_at", "id"))

    @router.post(
        "/{id}/retry",
        name=f"retry_{service_name}_held_work",
        summary=f"Retry held work of the {service_name} service",
        response_model=HeldWork,
    )
    async def retry_held_work(
        held_id: Annotated[UUID, Path(alias="id", description="The id of the held item.")],
        caller: Annotated[Caller, require("workspace:write")],
        uow: Uow,
    ) -> Any:
        """Has the item tried again now. The worker does so soon after the answer; what succeeds
        leaves the list.
        """
        return await items.retry(uow, held_id)

    return router
