from typing import Annotated, Any
from uuid import UUID

from accounts_api.records.schema.record_schemas import ACCOUNT, CONTACT, ORGANIZATION
from accounts_api.signals.metric_values import service
from accounts_api.signals.metric_values.schemas import MetricValuesOut
from shared.auth import Caller
from shared.web.routing import Uow, api_router, require

router = api_router("/v1", "Metrics")

Reader = Annotated[Caller, require("records:read")]


@router.get(
    "/accounts/{account_id}/metrics",
    summary="List metrics of an account",
    response_model=MetricValuesOut,
)
async def list_account_metrics(account_id: UUID, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists what each metric of accounts comes to for this one, by title, with both sides and, of
    one without a value, the reason.
    """
    return {"data": await service.of_record(uow, ACCOUNT, account_id)}


@router.get(
    "/contacts/{contact_id}/metrics",
    summary="List metrics of a contact",
    response_model=MetricValuesOut,
)
async def list_contact_metrics(contact_id: UUID, caller: Reader, uow: Uow) -> dict[str, Any]:
    """Lists what each metric of contacts comes to for this one, by title."""
    return {"data": await service.of_record(uow, CONTACT, contact_id)}


@router.get(
    "/organizations/{organization_id}/metrics",
    summary="List metrics of an organization",
    response_model=MetricValuesOut,
)
async def list_organization_metrics(
    organization_id: UUID, caller: Reader, uow: Uow
) -> dict[str, Any]:
    """Lists what each metric of organizations comes to for this one, by title."""
    return {"data": await service.of_record(uow, ORGANIZATION, organization_id)}
