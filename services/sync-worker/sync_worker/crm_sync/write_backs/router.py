from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require
from sync_worker.crm_sync.write_backs import service
from sync_worker.crm_sync.write_backs.rules import WriteBackState
from sync_worker.crm_sync.write_backs.schemas import WriteBackOut

router = api_router("/v1/connections/{id}/write-backs", "Connections")

Reader = Annotated[Caller, require("connections:read")]
Writer = Annotated[Caller, require("connections:write")]


class WriteBacksRetried(BaseModel):
    """How many values are written again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"retried": 3}]})

    retried: int = Field(description="Values that had been refused and are pending again.")


@router.get("", summary="List write-backs", response_model=Page[WriteBackOut])
async def list_write_backs(
    id: UUID,  # noqa: A002
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    state: Annotated[WriteBackState | None, Query(description="Only values in this state.")] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """The newest value of each field that was to go to the other system. `rejected` ones were
    refused for good, in its own words.
    """
    shape = ["write_backs", str(id), state]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_write_backs(
        uow, id, state, (after[0], after[1], after[2]) if after else None, limit
    )
    keys = ["object", "external_id", "field"]
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, keys)


@router.post(
    "/retry", status_code=202, summary="Retry write-backs", response_model=WriteBacksRetried
)
async def retry_write_backs(id: UUID, caller: Writer, uow: Uow) -> WriteBacksRetried:  # noqa: A002
    """Writes refused values again, after what stood in the way there is gone."""
    return WriteBacksRetried(retried=await service.retry_rejected(uow, id))
