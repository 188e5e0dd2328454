from collections.abc import Mapping

from sqlalchemy import func, insert, select, text, update

from accounts_api.db import FOUNDATION
from accounts_api.identity.workspaces.rows import Workspace
from shared.data import WORKSPACE
from shared.uow import UnitOfWork

_workspaces = FOUNDATION.workspaces
_OWN = select(_workspaces).where(_workspaces.c.workspace_id == WORKSPACE)


async def workspace(uow: UnitOfWork, *, lock: bool = False) -> Workspace | None:
    return await uow.row(Workspace, _OWN.with_for_update(key_share=True) if lock else _OWN)


async def insert_workspace(uow: UnitOfWork, values: Mapping[str, object]) -> Workspace:
    return await uow.one(Workspace, insert(_workspaces).values(**values).returning(_workspaces))


async def change_workspace(uow: UnitOfWork, changes: Mapping[str, object]) -> Workspace:
    changed = (
        update(_workspaces)
        .where(_workspaces.c.workspace_id == uow.workspace_id)
        .values(**changes, version=_workspaces.c.version + 1, updated_at=func.clock_timestamp())
        .returning(_workspaces)
    )
    return await uow.one(Workspace, changed)


_HAS_FEATURE = text(
    "select coalesce((settings -> 'features' ->> :feature)::boolean, false) from workspaces"
    " where workspace_id = :workspace_id"
)


async def has_feature(uow: UnitOfWork, feature: str) -> bool:
    return bool(await uow.value(bool, _HAS_FEATURE, feature=feature))
