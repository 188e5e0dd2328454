from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.identity.api_keys import service
from accounts_api.identity.api_keys.rows import ApiKey
from accounts_api.identity.api_keys.schemas import (
    ApiKeyIn,
    ApiKeyOut,
    ApiKeyRoll,
    ApiKeyWithSecret,
    Introspection,
    SubjectNamed,
)
from accounts_api.identity.api_keys.service import MadeKey
from shared.auth import Caller, Subject
from shared.errors import NotFound, Unauthorized
from shared.paging import CursorParam, Limit, Page, page_of
from shared.routers.internal import Peer
from shared.web.authenticate import SubjectDetails
from shared.web.routing import ServiceDep, Uow, api_router, require, service_of

router = api_router("/v1/api-keys", "API keys")
internal = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, require("api_keys:read")]
Writer = Annotated[Caller, require("api_keys:write")]
KeyId = Annotated[UUID, Path(alias="id", description="The id of the API key.")]


def _shown_once(made: MadeKey, response: Response) -> dict[str, Any]:
    response.headers["cache-control"] = "no-store"
    return {**ApiKeyOut.model_validate(made.key).model_dump(), "secret": made.secret}


@router.get("", summary="List API keys", response_model=Page[ApiKeyOut])
async def list_api_keys(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    member_id: Annotated[
        UUID | None, Query(description="Only the own keys of the member with this id.")
    ] = None,
) -> dict[str, Any]:
    """Lists keys in the order in which they were created, those that are revoked or expired
    included. Secrets are never shown.
    """
    shape = ["api_keys", member_id]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_api_keys(
        uow, after_id=UUID(after[0]) if after else None, member_id=member_id, limit=limit
    )
    return page_of(rows, limit, the_service.cursors, caller.workspace_id, shape, ["id"])


@router.post("", status_code=201, summary="Create an API key", response_model=ApiKeyWithSecret)
async def create_api_key(
    data: ApiKeyIn, caller: Writer, uow: Uow, response: Response
) -> dict[str, Any]:
    """Creates a key and shows its secret, in this answer and nowhere else. A key cannot do more
    than whoever creates it: 403 names the permissions that it would have beyond theirs.
    """
    return _shown_once(await service.create_api_key(uow, caller, data), response)


@router.get("/{id}", summary="Get an API key", response_model=ApiKeyOut)
async def get_api_key(key_id: KeyId, caller: Reader, uow: Uow) -> ApiKey:
    """Returns a key without its secret; `last_used_at` shows whether it is still in use."""
    return await service.get_api_key(uow, key_id)


@router.post("/{id}/roll", summary="Roll the secret of an API key", response_model=ApiKeyWithSecret)
async def roll_api_key(
    key_id: KeyId,
    data: ApiKeyRoll,
    caller: Writer,
    uow: Uow,
    response: Response,
) -> dict[str, Any]:
    """Gives the key a new secret; it keeps its id, name and rights. The old secret stays valid for
    `overlap_seconds`, and one that was still overlapping from the roll before ends now.
    """
    made = await service.roll_api_key(uow, caller, key_id, data.overlap_seconds)
    return _shown_once(made, response)


@router.post("/{id}/revoke", summary="Revoke an API key", response_model=ApiKeyOut)
async def revoke_api_key(key_id: KeyId, caller: Writer, uow: Uow) -> ApiKey:
    """Ends the key for good. Every service refuses it within five seconds."""
    return await service.revoke_api_key(uow, key_id)


@internal.post("/internal/api-keys/introspect")
async def introspect_key(data: Introspection, peer: Peer, request: Request) -> SubjectDetails:
    if peer.workspace_id != "*":
        raise Unauthorized("Keys of all workspaces need a token for all workspaces.")
    details = await service.key_details(service_of(request), data.digest)
    if details is None:
        raise NotFound("No valid key has this digest.")
    return details


@internal.post("/internal/subjects/introspect")
async def introspect_subject(data: SubjectNamed, peer: Peer, request: Request) -> SubjectDetails:
    if peer.workspace_id == "*":
        raise Unauthorized("A subject is one of one workspace.")
    subject = Subject(data.type, data.id)
    details = await service.subject_details(service_of(request), peer.workspace_id, subject)
    if details is None:
        raise NotFound("This subject may nothing here, or not any more.")
    return details
