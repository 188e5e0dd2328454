from typing import Annotated, Any

from accounts_api.signals.event_names import service
from accounts_api.signals.event_names.schemas import EventNameOut, MessageTypesOut
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1", "Product events")

Reader = Annotated[Caller, require("product_events:read")]


@router.get(
    "/product-event-names",
    summary="List names of product events",
    response_model=Page[EventNameOut],
)
async def list_product_event_names(
    caller: Reader, uow: Uow, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> dict[str, Any]:
    """Lists the names that rules can count, in their order, with how many events came and how many
    were refused.
    """
    shape = ["product event names"]
    after = tenure.cursors.read(cursor, caller.workspace_id, shape)[0] if cursor else None
    found = await service.list_names(uow, after, limit)
    return page_of(found, limit, tenure.cursors, caller.workspace_id, shape, ["name"])


@router.get(
    "/product-message-types",
    summary="List types of product messages",
    response_model=MessageTypesOut,
)
async def list_product_message_types(caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists what SDKs have sent by type: how many messages were accepted, and how many refused.
    Pages, screens and aliases are counted here and used for nothing else.
    """
    return {"data": await service.list_types(uow)}
