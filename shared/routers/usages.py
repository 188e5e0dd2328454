"""`/internal/usages` of a service: who there uses a trait, a segment, a key role or a member.

The accounts service asks every other one before it deletes such a thing, and when somebody wants to
know. A service that has nothing to do with it says so by an empty list.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from shared.auth import Caller
from shared.routers.internal import Acting
from shared.uow import UnitOfWork
from shared.usages import MOST_USAGES, Usage, UsageTarget
from shared.web.routing import service_of

_READS: Mapping[UsageTarget, str] = {
    "trait": "traits:read",
    "segment": "segments:read",
    "key_role": "records:read",
    "member": "members:read",
    "survey": "surveys:read",
    "metric": "metrics:read",
}
"""The permission to read a target is the permission to learn who uses it."""

FindUsages = Callable[[UnitOfWork, UsageTarget, str | None, str], Awaitable[Sequence[Usage]]]
"""(uow, target, record type of a trait, key of a trait or key role or else an id) to its users."""


async def _reader(target: UsageTarget, caller: Acting) -> Caller:
    caller.must(_READS[target])
    return caller


def usages_router(*finders: FindUsages) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/internal/usages")
    async def find_usages(
        request: Request,
        caller: Annotated[Caller, Depends(_reader)],
        target: UsageTarget,
        key: Annotated[str, Query(max_length=200)],
        record_type: Annotated[str | None, Query(max_length=100)] = None,
    ) -> dict[str, Any]:
        async with peer_transaction(request, caller) as uow:
            usages = [
                usage for find in finders for usage in await find(uow, target, record_type, key)
            ]
        return {"usages": usages[:MOST_USAGES]}

    return router


def peer_transaction(request: Request, caller: Caller) -> Any:
    """A read-only transaction for the caller that a service acts for."""
    begin = service_of(request).units.begin
    return begin(caller.workspace_id, caller.cause, read_only=True)
