from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT, RecordSchema
from accounts_api.signals.product_events import service
from accounts_api.signals.product_events.schemas import ProductEventOut
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.service import Service
from shared.uow import UnitOfWork
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1", "Product events")

Reader = Annotated[Caller, require("product_events:read")]
Name = Annotated[
    str | None, Query(max_length=200, description="Only events of this name.", alias="event")
]


@router.get(
    "/accounts/{account_id}/product-events",
    summary="List product events of an account",
    response_model=Page[ProductEventOut],
)
async def list_account_product_events(
    account_id: UUID,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    event: Name = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Lists what the people of an account did in the product, newest first."""
    return await _page(uow, tenure, ACCOUNT, account_id, event, cursor, limit)


@router.get(
    "/contacts/{contact_id}/product-events",
    summary="List product events of a contact",
    response_model=Page[ProductEventOut],
)
async def list_contact_product_events(
    contact_id: UUID,
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    event: Name = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Lists what a contact did in the product, newest first."""
    return await _page(uow, tenure, CONTACT, contact_id, event, cursor, limit)


async def _page(
    uow: UnitOfWork,
    tenure: Service,
    schema: RecordSchema,
    record_id: UUID,
    name: str | None,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    shape = ["product events", schema.record_type, record_id, name]
    after = tenure.cursors.read_time(cursor, uow.workspace_id, shape)
    found = await service.list_events(uow, schema, record_id, name=name, after=after, limit=limit)
    keys = ["happened_at", "id"]
    return page_of(found, limit, tenure.cursors, uow.workspace_id, shape, keys)
