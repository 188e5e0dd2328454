from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from starlette.responses import Response

from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.key_or_id import Rename, by_key_or_id
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch
from sync_worker.partners.webhooks import service
from sync_worker.partners.webhooks.schemas import (
    EndpointCreated,
    EndpointIn,
    EndpointOut,
    EndpointPatch,
    RotatedSecret,
)
from sync_worker.partners.webhooks.service import WebhookEndpoint

router = api_router("/v1/webhook-endpoints", "Webhooks")

Reader = Annotated[Caller, require("webhooks:read")]
Writer = Annotated[Caller, require("webhooks:write")]
EndpointId = Annotated[UUID, by_key_or_id(service.KEYS, service.EndpointNotFound)]


async def _checked(the_service: ServiceDep, data: EndpointIn) -> EndpointIn:
    """Its address is looked up before the transaction opens."""
    await service.check_address(the_service, data)
    return data


async def _checked_patch(the_service: ServiceDep, data: EndpointPatch) -> EndpointPatch:
    await service.check_address(the_service, data)
    return data


@router.get("", summary="List webhook endpoints", response_model=Page[EndpointOut])
async def list_webhook_endpoints(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> dict[str, Any]:
    """Endpoints of the workspace, oldest first."""
    shape = ["webhook_endpoints"]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_endpoints(uow, UUID(after[0]) if after else None, limit)
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.post(
    "", status_code=201, summary="Create a webhook endpoint", response_model=EndpointCreated
)
async def create_webhook_endpoint(
    caller: Writer,
    data: Annotated[EndpointIn, Depends(_checked)],
    uow: Uow,
    the_service: ServiceDep,
    response: Response,
) -> dict[str, Any]:
    """Adds an endpoint, which hears what happens from now on. Keep the secret: it is not shown
    again.
    """
    endpoint, secret = await service.create_endpoint(uow, the_service.secrets, data)
    response.headers["cache-control"] = "no-store"
    return {**EndpointOut.model_validate(endpoint).model_dump(), "secret": secret}


@router.get("/{id}", summary="Get a webhook endpoint", response_model=EndpointOut)
async def get_webhook_endpoint(
    endpoint_id: EndpointId,
    caller: Reader,
    uow: Uow,
) -> WebhookEndpoint:
    """One endpoint and how it is doing. Its secret and the values of its headers are not shown."""
    return await service.get_endpoint(uow, endpoint_id)


@router.patch("/{id}", summary="Update a webhook endpoint", response_model=EndpointOut)
async def update_webhook_endpoint(
    endpoint_id: EndpointId,
    version: IfMatch,
    caller: Writer,
    data: Annotated[EndpointPatch, Depends(_checked_patch)],
    uow: Uow,
    the_service: ServiceDep,
) -> WebhookEndpoint:
    """Changes an endpoint; `types` and `headers` replace what was there."""
    return await service.update_endpoint(uow, the_service.secrets, endpoint_id, data, version)


@router.post("/{id}/rename", summary="Rename a webhook endpoint", response_model=EndpointOut)
async def rename_webhook_endpoint(
    endpoint_id: EndpointId, data: Rename, caller: Writer, uow: Uow
) -> WebhookEndpoint:
    """Gives an endpoint another key. The one before leads to it for ninety days more. 409 answers a
    key that leads to another endpoint.
    """
    return await service.rename_endpoint(uow, endpoint_id, data.key)


@router.delete("/{id}", status_code=204, summary="Delete a webhook endpoint")
async def delete_webhook_endpoint(endpoint_id: EndpointId, caller: Writer, uow: Uow) -> None:
    """Deletes the endpoint: nothing is sent there any more; its log goes with it."""
    await service.remove_endpoint(uow, endpoint_id)


@router.post(
    "/{id}/rotate-secret",
    summary="Rotate the secret of a webhook endpoint",
    response_model=RotatedSecret,
)
async def rotate_webhook_secret(
    endpoint_id: EndpointId,
    caller: Writer,
    uow: Uow,
    the_service: ServiceDep,
    response: Response,
) -> dict[str, Any]:
    """Gives it a new secret. For 24 hours every delivery is signed by the old secret and by the new
    one.
    """
    response.headers["cache-control"] = "no-store"
    secret, until = await service.rotate_secret(uow, the_service.secrets, endpoint_id)
    return {"secret": secret, "previous_valid_until": until}


@router.post("/{id}/enable", summary="Enable a webhook endpoint", response_model=EndpointOut)
async def enable_webhook_endpoint(
    endpoint_id: EndpointId,
    caller: Writer,
    uow: Uow,
) -> WebhookEndpoint:
    """Sends events there again: what was waiting goes out at once. What happened meanwhile can be
    replayed.
    """
    return await service.enable_endpoint(uow, endpoint_id)


@router.post("/{id}/disable", summary="Disable a webhook endpoint", response_model=EndpointOut)
async def disable_webhook_endpoint(
    endpoint_id: EndpointId,
    caller: Writer,
    uow: Uow,
) -> WebhookEndpoint:
    """Stops deliveries: nothing is sent there until it is enabled again."""
    return await service.disable_endpoint(uow, endpoint_id)
