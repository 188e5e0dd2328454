from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from accounts_api.signals.event_properties import service
from accounts_api.signals.event_properties.schemas import (
    EventPropertiesOut,
    EventPropertyIn,
    EventPropertyOut,
    EventPropertyPatch,
)
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/product-event-properties", "Product events")

Reader = Annotated[Caller, require("product_events:read")]
Writer = Annotated[Caller, require("traits:write")]
PropertyId = Annotated[UUID, Path(alias="id", description="The id of the declared property.")]


@router.get(
    "", summary="List declared properties of product events", response_model=EventPropertiesOut
)
async def list_product_event_properties(caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists the declared properties by key."""
    return {"data": await service.list_properties(uow)}


@router.post(
    "",
    status_code=201,
    summary="Create a declared property of product events",
    response_model=EventPropertyOut,
)
async def create_product_event_property(data: EventPropertyIn, caller: Writer, uow: Uow) -> Any:
    """Declares a property of some events. Rules may then count by it:
    `count(events "login" where properties.plan_name = "pro" within 30 days) > 3`. Events that came
    before are counted by it in batches, and `filled_at` says when they were.
    """
    return await service.create_property(uow, data)


@router.get(
    "/{id}",
    summary="Get a declared property of product events",
    response_model=EventPropertyOut,
)
async def get_product_event_property(property_id: PropertyId, caller: Reader, uow: Uow) -> Any:
    """Returns a declared property, with the day from which counts by it are whole."""
    return await service.get_property(uow, property_id)


@router.patch(
    "/{id}",
    summary="Update a declared property of product events",
    response_model=EventPropertyOut,
)
async def update_product_event_property(
    property_id: PropertyId, data: EventPropertyPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Any:
    """Changes what is sent. Other `events` are counted by it in batches, as when it was declared.
    One that rules read keeps the events that it has: 409 names them.
    """
    return await service.change_property(uow, property_id, version, data)


@router.delete("/{id}", status_code=204, summary="Delete a declared property of product events")
async def delete_product_event_property(
    property_id: PropertyId, version: IfMatch, caller: Writer, uow: Uow
) -> None:
    """Deletes a declared property that no rule reads; else it is a 409 that names them. Events keep
    what was sent.
    """
    await service.delete_property(uow, property_id, version)
