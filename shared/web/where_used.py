"""`/internal/where-used` of a service: who there uses a trait, a segment, a key role or a member.

The accounts service asks every other one before it deletes such a thing, and when somebody wants to
know. A service that has nothing to do with it says so by an empty list.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request

from shared.errors import Unauthorized
from shared.uow import UnitOfWork
from shared.web.internal import Peer
from shared.web.routing import service_of

What = Literal["trait", "segment", "key_role", "member"]
MOST = 100
"""Users that a service names."""


class Use(dict[str, str]):
    """`type`, `id` and `title` of something that uses the thing asked for."""

    def __init__(self, type_: str, id_: object, title: str) -> None:
        super().__init__(type=type_, id=str(id_), title=title)


FindUses = Callable[[UnitOfWork, What, str | None, str], Awaitable[Sequence[Use]]]
"""(uow, what, record type of a trait, key of a trait or key role or else an id) to who uses it."""


def where_used_router(*finders: FindUses) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/internal/where-used")
    async def where_used(
        request: Request,
        peer: Peer,
        what: What,
        key: Annotated[str, Query(max_length=200)],
        record_type: Annotated[str | None, Query(max_length=100)] = None,
    ) -> dict[str, Any]:
        async with peers_unit(request, peer.workspace_id) as uow:
            found = [use for find in finders for use in await find(uow, what, record_type, key)]
        return {"users": first(found)}

    return router


def peers_unit(request: Request, workspace_id: UUID | Literal["*"]) -> Any:
    """A transaction that only reads, in the one workspace that a service's token is for."""
    if workspace_id == "*":
        raise Unauthorized("This is asked of one workspace.")
    return service_of(request).units.begin(workspace_id, (), read_only=True)


def first(uses: Iterable[Use]) -> list[Use]:
    return list(islice(uses, MOST))
