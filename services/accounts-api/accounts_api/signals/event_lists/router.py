from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query

from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT
from accounts_api.signals.event_lists import service
from accounts_api.signals.event_lists.schemas import ProductEventOut
from shared.auth import Caller
from shared.lists.schemas import CountedPage, ListParams, SearchBody
from shared.lists.service import ListQuery
from shared.web.routing import ServiceDep, Uow, api_router, require

router = api_router("/v1", "Product events")

Reader = Annotated[Caller, require("product_events:read")]
Params = Annotated[ListParams, Query()]

_SEARCH: Any = {
    "exports": {
        "summary": "What two accounts exported in the last 90 days",
        "value": {
            "filter": 'name = "Report Exported" and happened_at within last 90 days and account_id'
            ' in ("0198c0de-0001-7a3b-8c4d-5e6f708192a3", "0198c0de-0001-7a3b-8c4d-5e6f708192a4")',
            "count": "estimate",
        },
    }
}


@router.get(
    "/product-events",
    summary="List product events",
    response_model=CountedPage[ProductEventOut],
)
async def list_product_events(
    caller: Reader, uow: Uow, tenure: ServiceDep, params: Params
) -> dict[str, Any]:
    """What people did in the product, newest first unless `sort` says otherwise, and those that
    `filter` finds if there is one: `name = "login" and happened_at within last 7 days`.
    """
    return await service.list_events(uow, ListQuery(**params.model_dump()), tenure.cursors)


@router.post(
    "/product-events/search",
    summary="Search product events",
    response_model=CountedPage[ProductEventOut],
)
async def search_product_events(
    data: Annotated[SearchBody, Body(openapi_examples=_SEARCH)],
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
) -> dict[str, Any]:
    """Finds product events by a rule, as the list does; a rule that is too long for an address fits
    here.
    """
    query = ListQuery(**data.model_dump(), pointers="")
    return await service.list_events(uow, query, tenure.cursors)


@router.get(
    "/accounts/{account_id}/product-events",
    summary="List product events of an account",
    response_model=CountedPage[ProductEventOut],
)
async def list_account_product_events(
    account_id: UUID, caller: Reader, uow: Uow, tenure: ServiceDep, params: Params
) -> dict[str, Any]:
    """Lists what the people of an account did in the product, newest first unless `sort` says
    otherwise.
    """
    query = ListQuery(**params.model_dump())
    return await service.list_events_of(uow, ACCOUNT, account_id, query, tenure.cursors)


@router.get(
    "/contacts/{contact_id}/product-events",
    summary="List product events of a contact",
    response_model=CountedPage[ProductEventOut],
)
async def list_contact_product_events(
    contact_id: UUID, caller: Reader, uow: Uow, tenure: ServiceDep, params: Params
) -> dict[str, Any]:
    """Lists what a contact did in the product, newest first unless `sort` says otherwise."""
    query = ListQuery(**params.model_dump())
    return await service.list_events_of(uow, CONTACT, contact_id, query, tenure.cursors)
