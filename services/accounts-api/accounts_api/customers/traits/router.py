from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from accounts_api.customers.formulas.schemas import FormulaPreviewIn, FormulaPreviewOut
from accounts_api.customers.traits import drafts, service
from accounts_api.customers.traits.errors import TraitNotFound
from accounts_api.customers.traits.schemas import (
    TraitIn,
    TraitOut,
    TraitPatch,
    TraitRecordType,
    TypeIn,
    TypePreview,
)
from accounts_api.records.schema.trait_keys import TRAIT_KEYS
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.routers.key_or_id import by_key_or_id
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, refuses, require
from shared.web.versions import IfMatch

router = api_router("/v1/traits", "Traits")

Reader = Annotated[Caller, require("traits:read")]
Writer = Annotated[Caller, require("traits:write")]
TraitId = Annotated[UUID, by_key_or_id(TRAIT_KEYS, TraitNotFound)]
Force = Annotated[
    bool, Query(description="True goes on although something is in use or would be lost.")
]


@router.get("", summary="List traits", response_model=Page[TraitOut])
async def list_traits(
    caller: Reader,
    uow: Uow,
    tenure: ServiceDep,
    record_type: TraitRecordType | None = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Any:
    """Lists the traits of a record type, or of all of them, by record type and key."""
    return await service.list_traits(uow, tenure.cursors, record_type, cursor, limit)


@router.post("", status_code=201, summary="Create a trait", response_model=TraitOut)
@all_faults_at_once
async def create_trait(data: TraitIn, caller: Writer, uow: Uow) -> Any:
    """Defines a trait. Its values then stand in `traits` of the records, and rules know it as
    `traits.<key>`; those of a formula are computed in batches, as `progress` shows.
    """
    return await _shown(uow, await service.create_trait(uow, data))


@router.post(
    "/formula-preview",
    summary="Preview a formula",
    response_model=FormulaPreviewOut,
    responses=refuses(404),
)
async def preview_formula(data: FormulaPreviewIn, caller: Reader, uow: Uow) -> Any:
    """Returns what a draft gives for some records, or every fault of it; nothing is stored. A
    faulty draft is an answer, not an error.
    """
    return await drafts.preview_formula(uow, data)


@router.get("/{id}", summary="Get a trait", response_model=TraitOut)
async def get_trait(trait_id: TraitId, caller: Reader, uow: Uow) -> Any:
    """Returns a trait, with the progress of its values if it is a formula."""
    return await _shown(uow, await service.get_trait(uow, trait_id))


@router.patch("/{id}", summary="Update a trait", response_model=TraitOut)
@all_faults_at_once
async def update_trait(
    trait_id: TraitId,
    data: TraitPatch,
    version: IfMatch,
    caller: Writer,
    tenure: ServiceDep,
    begin: BeginUow,
    force: Force = False,  # noqa: FBT002
) -> Any:
    """Changes what is sent. A new `type` converts every value; what cannot be converted is a 409,
    or cleared by `force`. Values of tasks and notes follow within seconds.
    """
    asked = None if force else await service.ask_of_change(tenure, caller, trait_id, data)
    uow = await begin()
    changed = await service.change_trait(uow, trait_id, version, data, asked, force=force)
    return await _shown(uow, changed)


@router.post(
    "/{id}/preview-type",
    summary="Preview another type of a trait",
    response_model=TypePreview,
)
async def preview_trait_type(
    trait_id: TraitId, data: TypeIn, caller: Reader, tenure: ServiceDep
) -> Any:
    """Counts the values that another type could hold, and shows some that it could not; nothing is
    stored.
    """
    return await service.preview_type(tenure, caller, trait_id, data)


async def _shown(uow: Uow, trait: Any) -> Any:
    return (await service.shown(uow, [trait]))[0]
