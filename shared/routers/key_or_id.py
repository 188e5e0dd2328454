"""Lets a path or a query name what a workspace configures by its key as well as by its id."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import ConfigDict, Field
from starlette.requests import Request

from shared.auth import Caller
from shared.errors import NotFound
from shared.keys import Keys, id_or_none
from shared.schemas import KEY_OR_ID, LONGEST_KEY, In, Slug
from shared.uow import UnitOfWork
from shared.web.routing import service_of


def by_key_or_id(keys: Keys, not_found: Callable[[str], NotFound], *, alias: str = "id") -> Any:
    """`SegmentId = Annotated[UUID, by_key_or_id(...)]`: the id of what the path names. An id is
    looked up by its endpoint, a key here, in a transaction of its own.
    """
    what = keys.kind.replace("_", " ")

    async def resolved(
        request: Request,
        named: Annotated[
            str,
            Path(
                alias=alias,
                max_length=LONGEST_KEY,
                description=f"The id or the key of the {what}.",
                json_schema_extra={"format": KEY_OR_ID},
            ),
        ],
    ) -> UUID:
        known = id_or_none(named)
        if known is not None:
            return known
        async with _begin(request) as uow:
            found = (await keys.ids(uow, [named])).get(named)
        if found is None:
            raise not_found(f"There is no {what} with this key.")
        return found

    return Depends(resolved)


def query_by_key_or_id(keys: Keys, name: str, description: str, *, required: bool = False) -> Any:
    """The same for a parameter of the query: `Annotated[UUID | None, query_by_key_or_id(...)]`. A
    key that leads to nothing is refused, as there is nothing to look for; an id that does finds
    nothing.
    """
    parameter: Any = Query(
        default=... if required else None,
        alias=name,
        max_length=LONGEST_KEY,
        description=description,
        json_schema_extra={"format": KEY_OR_ID},
    )

    async def resolved(request: Request, named: str | None = parameter) -> UUID | None:
        if named is None:
            return None
        async with _begin(request) as uow:
            return await keys.named(uow, named, f"/query/{name}")

    return Depends(resolved)


def _begin(request: Request) -> AbstractAsyncContextManager[UnitOfWork]:
    caller: Caller = request.state.caller
    begin = service_of(request).units.begin
    return begin(caller.workspace_id, caller.cause, read_only=True)


class Rename(In):
    """Another key for something. The one before leads to it for ninety days more."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"key": "enterprise"}]})

    key: Annotated[Slug, Field(description="The key that it has from now on.")]
