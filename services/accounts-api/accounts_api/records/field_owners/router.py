from typing import Annotated, Any

from accounts_api.records.field_owners import service
from accounts_api.records.field_owners.schemas import OwnedFields
from shared.auth import Caller
from shared.schemas import Slug
from shared.web.routing import Uow, api_router, require

router = api_router("/v1/field-owners", "Traits")


@router.get("", summary="List fields that connections own", response_model=OwnedFields)
async def list_field_owners(
    caller: Annotated[Caller, require("traits:read")], uow: Uow, record_type: Slug | None = None
) -> dict[str, Any]:
    """Lists the fields to show as read-only on records whose `source` is theirs. Local edits of a
    field can be allowed in the mapping of its connection.
    """
    return {"data": await service.list_owned(uow, record_type)}
