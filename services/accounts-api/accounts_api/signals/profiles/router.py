from typing import Annotated, Any
from uuid import UUID

from fastapi import Path

from accounts_api.signals.profiles import service
from accounts_api.signals.profiles.schemas import (
    ProductTraitOut,
    TraitMappingIn,
    TraitMappingOut,
    TraitMappingPatch,
)
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page, page_of
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1", "Product events")

Reader = Annotated[Caller, require("product_events:read")]
Writer = Annotated[Caller, require("traits:write")]
MappingId = Annotated[UUID, Path(alias="id", description="The id of the mapping.")]


@router.get(
    "/product-traits", summary="List traits of product users", response_model=Page[ProductTraitOut]
)
async def list_product_traits(
    caller: Reader, uow: Uow, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> dict[str, Any]:
    """Lists the traits that SDKs have said of users and groups, by kind and name: what each is
    mapped to, and which values could not be written.
    """
    shape = ["product traits"]
    after = tenure.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    found = await service.list_names(uow, after, limit)
    return page_of(found, limit, tenure.cursors, caller.workspace_id, shape, ["kind", "name"])


@router.get(
    "/product-trait-mappings",
    summary="List mappings of product traits",
    response_model=Page[TraitMappingOut],
)
async def list_product_trait_mappings(
    caller: Reader, uow: Uow, tenure: ServiceDep, cursor: CursorParam = None, limit: Limit = 50
) -> dict[str, Any]:
    """Lists the mappings by kind and name."""
    shape = ["product trait mappings"]
    after = tenure.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    found = await service.list_mappings(uow, after, limit)
    return page_of(found, limit, tenure.cursors, caller.workspace_id, shape, ["kind", "name"])


@router.post(
    "/product-trait-mappings",
    status_code=201,
    summary="Create a mapping of a product trait",
    response_model=TraitMappingOut,
)
async def create_product_trait_mapping(data: TraitMappingIn, caller: Writer, uow: Uow) -> Any:
    """Maps a trait of the product's users or groups to a field. What was said of it before is
    written, too, to the records that are there.
    """
    return await service.create_mapping(uow, data)


@router.get(
    "/product-trait-mappings/{id}",
    summary="Get a mapping of a product trait",
    response_model=TraitMappingOut,
)
async def get_product_trait_mapping(mapping_id: MappingId, caller: Reader, uow: Uow) -> Any:
    """Returns a mapping."""
    return await service.get_mapping(uow, mapping_id)


@router.patch(
    "/product-trait-mappings/{id}",
    summary="Update a mapping of a product trait",
    response_model=TraitMappingOut,
)
async def update_product_trait_mapping(
    mapping_id: MappingId, data: TraitMappingPatch, version: IfMatch, caller: Writer, uow: Uow
) -> Any:
    """Maps the trait to another field, which is then written. The field it was written to before
    keeps its values.
    """
    return await service.change_mapping(uow, mapping_id, version, data)


@router.delete(
    "/product-trait-mappings/{id}",
    status_code=204,
    summary="Delete a mapping of a product trait",
)
async def delete_product_trait_mapping(
    mapping_id: MappingId, version: IfMatch, caller: Writer, uow: Uow
) -> None:
    """Deletes a mapping. The field keeps its values; what is said from then on is kept and not
    written.
    """
    await service.delete_mapping(uow, mapping_id, version)
