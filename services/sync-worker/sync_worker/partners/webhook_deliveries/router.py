from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Query

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import by_key_or_id, query_by_key_or_id
from shared.web.routing import ServiceDep, Uow, api_router, require
from sync_worker.partners.webhook_deliveries import service
from sync_worker.partners.webhook_deliveries.queries import DeliveryFilter
from sync_worker.partners.webhook_deliveries.rows import WebhookDelivery
from sync_worker.partners.webhook_deliveries.rules import DeliveryStatus
from sync_worker.partners.webhook_deliveries.schemas import (
    REPLAY_EXAMPLES,
    DeliveryDetails,
    DeliveryOut,
    ReplayIn,
    ReplayOut,
)
from sync_worker.partners.webhooks import service as webhooks

router = api_router("/v1", "Webhooks")

Reader = Annotated[Caller, require("webhooks:read")]
Writer = Annotated[Caller, require("webhooks:write")]


@router.post(
    "/webhook-endpoints/{id}/replay",
    status_code=202,
    summary="Replay webhooks",
    response_model=ReplayOut,
)
async def replay_webhooks(
    endpoint_id: Annotated[UUID, by_key_or_id(webhooks.KEYS, webhooks.EndpointNotFound)],
    caller: Writer,
    data: Annotated[ReplayIn, Body(openapi_examples=REPLAY_EXAMPLES)],
    uow: Uow,
    the_service: ServiceDep,
) -> dict[str, Any]:
    """Sends events again. Each goes out with the `webhook-id` it had before, so what already
    arrived is recognised. Up to 5,000 at a time, of the last 30 days.
    """
    return await service.replay(uow, the_service.cursors, endpoint_id, data)


@router.get(
    "/webhook-deliveries", summary="List webhook deliveries", response_model=Page[DeliveryOut]
)
async def list_webhook_deliveries(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    endpoint_id: Annotated[
        UUID | None,
        query_by_key_or_id(
            webhooks.KEYS, "endpoint_id", "Only deliveries to this endpoint, by its id or key."
        ),
    ],
    event_id: Annotated[UUID | None, Query(description="Only deliveries of this event.")] = None,
    status: Annotated[
        DeliveryStatus | None, Query(description="Only deliveries of this status.")
    ] = None,
    type: Annotated[  # noqa: A002
        str | None,
        Query(description="Only deliveries of this type of event.", examples=["account.updated"]),
    ] = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Deliveries to every endpoint, newest first, of the last 30 days."""
    filters: DeliveryFilter = {
        "endpoint_id": endpoint_id,
        "event_id": event_id,
        "status": status,
        "type": type,
    }
    shape = ["webhook_deliveries", *(str(value) for value in filters.values())]
    before = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_deliveries(uow, filters, UUID(before[0]) if before else None, limit)
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.get(
    "/webhook-deliveries/{id}", summary="Get a webhook delivery", response_model=DeliveryDetails
)
async def get_webhook_delivery(
    id: UUID,  # noqa: A002
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
) -> dict[str, Any]:
    """One delivery with every attempt and what was answered."""
    delivery = await service.get_delivery(uow, id)
    return {
        **DeliveryOut.model_validate(delivery).model_dump(),
        "body": await service.body_to_show(uow, delivery, the_service.settings.public_url),
        "log": await service.attempts_of(uow, id),
    }


@router.post(
    "/webhook-deliveries/{id}/retry",
    status_code=202,
    summary="Retry a webhook delivery",
    response_model=DeliveryOut,
)
async def retry_webhook_delivery(id: UUID, caller: Writer, uow: Uow) -> WebhookDelivery:  # noqa: A002
    """Sends it again now, also one that has failed for good or has succeeded."""
    return await service.retry_delivery(uow, id)
