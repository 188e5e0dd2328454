from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from starlette.responses import Response

from accounts_api.identity.members import service
from accounts_api.identity.members.rows import Member
from accounts_api.identity.members.schemas import MemberIn, MemberOut, MemberPatch, MemberUpsert
from shared.auth import Caller
from shared.events.accounts import MemberRole
from shared.paging import CursorParam, Limit, Page, page_of
from shared.schemas import ExternalId
from shared.web.routing import ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch

router = api_router("/v1/members", "Members")

Reader = Annotated[Caller, require("members:read")]
Writer = Annotated[Caller, require("members:write")]
MemberId = Annotated[UUID, Path(alias="id", description="The id of the member.")]
Force = Annotated[
    bool, Query(description="True ends their access although they still hold key roles.")
]


@router.get("", summary="List members", response_model=Page[MemberOut])
async def list_members(
    caller: Reader,
    uow: Uow,
    the_service: ServiceDep,
    limit: Limit = 50,
    cursor: CursorParam = None,
    email: Annotated[
        str | None,
        Query(
            max_length=254, description="Only the member with exactly this address, in any case."
        ),
    ] = None,
    role: Annotated[MemberRole | None, Query(description="Only members of this role.")] = None,
    active: Annotated[
        bool | None,
        Query(description="Only active members, or only deactivated ones; without it, both."),
    ] = None,
) -> dict[str, Any]:
    """Lists members by name, deactivated ones included unless `active` says otherwise."""
    shape = ["members", email, role, active]
    after = the_service.cursors.read(cursor, caller.workspace_id, shape) if cursor else None
    rows = await service.list_members(
        uow,
        after=(after[0], UUID(after[1])) if after else None,
        email=email,
        role=role,
        active=active,
        limit=limit,
    )
    return page_of(
        rows, limit, the_service.cursors, caller.workspace_id, shape, ["full_name", "id"]
    )


@router.post("", status_code=201, summary="Create a member", response_model=MemberOut)
async def create_member(data: MemberIn, caller: Writer, uow: Uow) -> Member:
    """Adds a person. Observers are free; every other role takes a paid seat, and 409 says when all
    are taken.
    """
    return await service.create_member(uow, caller, data)


@router.get("/{id}", summary="Get a member", response_model=MemberOut)
async def get_member(member_id: MemberId, caller: Reader, uow: Uow) -> Member:
    """Returns a member, active or deactivated."""
    return await service.get_member(uow, member_id)


@router.patch("/{id}", summary="Update a member", response_model=MemberOut)
async def update_member(
    member_id: MemberId,
    data: MemberPatch,
    version: IfMatch,
    caller: Writer,
    uow: Uow,
) -> Member:
    """Changes what is sent. 409 answers a role that needs a seat when all are taken, an address
    that another member has, and whatever would leave the workspace without an admin.
    """
    return await service.update_member(uow, caller, member_id, data, version)


@router.post("/{id}/deactivate", summary="Deactivate a member", response_model=MemberOut)
async def deactivate_member(
    member_id: MemberId,
    caller: Writer,
    uow: Uow,
    *,
    force: Force = False,
) -> Member:
    """Ends the member's access and their API keys, and frees their seat; their history stays. 409
    names the key roles that they still hold: hand them over first.
    """
    return await service.deactivate_member(uow, caller, member_id, force=force)


@router.post("/{id}/reactivate", summary="Reactivate a member", response_model=MemberOut)
async def reactivate_member(
    member_id: MemberId,
    caller: Writer,
    uow: Uow,
) -> Member:
    """Lets a deactivated member in again, with the role they had. Their API keys stay revoked, and
    409 says when all paid seats are taken.
    """
    return await service.reactivate_member(uow, caller, member_id)


@router.put(
    "/by-external-id/{external_id:path}",
    summary="Create or update the member with an external id",
    response_model=MemberOut,
    responses={201: {"model": MemberOut, "description": "It did not exist."}},
)
async def put_member(
    external_id: ExternalId,
    data: MemberUpsert,
    caller: Writer,
    uow: Uow,
    response: Response,
    *,
    force: Force = False,
) -> Member:
    """Creates or changes the member whom your system knows by this id; what is left out stays. A
    member with the same e-mail address and no external id yet is taken for the same person.
    `active` false is a 409 that names the key roles that they still hold, unless `force`, and
    changes nothing.
    """
    member, made = await service.upsert_member(uow, caller, external_id, data, force=force)
    if made:
        response.status_code = 201
    return member
