"""`/internal/where-used` of a service: who there uses a trait, a segment, a key role or a member.

The accounts service asks every other one before it deletes such a thing, and when somebody wants to
know. A service that has nothing to do with it says so by an empty list.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from shared.auth import Caller
from shared.uow import UnitOfWork
from shared.web.internal import Acting
from shared.web.routing import service_of

What = Literal["trait", "segment", "key_role", "member"]
MOST = 100
"""Users that a service names."""
_READS: Mapping[What, str] = {
    "trait": "traits:read",
    "segment": "segments:read",
    "key_role": "records:read",
    "member": "members:read",
}
"""What it takes to read the thing takes it to hear who uses it."""


class Use(dict[str, str]):
    """`type`, `id` and `title` of something that uses the thing asked for."""

    def __init__(self, type_: str, id_: object, title: str) -> None:
        super().__init__(type=type_, id=str(id_), title=title)


FindUses = Callable[[UnitOfWork, What, str | None, str], Awaitable[Sequence[Use]]]
"""(uow, what, record type of a trait, key of a trait or key role or else an id) to who uses it."""


async def _reader(what: What, caller: Acting) -> Caller:
    caller.must(_READS[what])
    return caller


def where_used_router(*finders: FindUses) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/internal/where-used")
    async def where_used(
        request: Request,
        caller: Annotated[Caller, Depends(_reader)],
        what: What,
        key: Annotated[str, Query(max_length=200)],
        record_type: Annotated[str | None, Query(max_length=100)] = None,
    ) -> dict[str, Any]:
        async with peers_unit(request, caller) as uow:
            found = [use for find in finders for use in await find(uow, what, record_type, key)]
        return {"users": first(found)}

    return router


def peers_unit(request: Request, caller: Caller) -> Any:
    """A transaction that only reads, for whom a service asks."""
    begin = service_of(request).units.begin
    return begin(caller.workspace_id, caller.cause, read_only=True)


def first(uses: Iterable[Use]) -> list[Use]:
    return list(islice(uses, MOST))
