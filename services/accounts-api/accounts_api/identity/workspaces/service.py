from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.identity.api_keys import service as api_keys
from accounts_api.identity.api_keys.schemas import ApiKeyIn
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.identity.calendars import service as calendars
from accounts_api.identity.members import service as members
from accounts_api.identity.members.schemas import MemberIn
from accounts_api.identity.workspaces import queries
from accounts_api.identity.workspaces.queries import has_feature
from accounts_api.identity.workspaces.rows import Workspace
from accounts_api.identity.workspaces.rules import merge_patch
from accounts_api.identity.workspaces.schemas import WorkspacePatch, WorkspaceSettings
from shared.auth import ROLES
from shared.errors import Conflict, Forbidden, NotFound, check_version
from shared.events.accounts import WorkspaceChanged
from shared.events.base import Cause
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork

__all__ = ["has_feature"]


class NotASandbox(Conflict):
    code = "not_a_sandbox"
    title = "Only a sandbox has a clock that can be set"


class ClockMovesForward(Conflict):
    code = "clock_moves_forward"
    title = "A sandbox's clock only moves forward"


class FeatureDisabled(Forbidden):
    code = "feature_disabled"
    title = "This part of Tenure is switched off in this workspace"


@dataclass(frozen=True)
class Clock:
    now: datetime
    frozen_at: datetime | None
    sandbox: bool
    time_zone: str


@dataclass(frozen=True, slots=True)
class WorkspaceHooks:
    on_calendar_change: Sequence[Callable[[UnitOfWork], Awaitable[None]]]
    """Called when the zone or the fiscal year has become another."""


async def get_workspace(uow: UnitOfWork) -> Workspace:
    return _found(await queries.workspace(uow))


async def must_have(uow: UnitOfWork, feature: str) -> None:
    """Raises `FeatureDisabled` unless the workspace has switched it on."""
    if not await queries.has_feature(uow, feature):
        raise FeatureDisabled(
            f"An admin switches it on: PATCH /v1/workspace with settings.features.{feature} true.",
            feature=feature,
        )


async def update_workspace(uow: UnitOfWork, data: WorkspacePatch, version: int | None) -> Workspace:
    workspace = _found(await queries.workspace(uow, lock=True))
    check_version(version, workspace.version)
    calendar = _calendar(workspace.time_zone, workspace.settings)
    changes = data.changes()
    if "settings" in changes:
        changes["settings"] = merge_patch(workspace.settings, changes["settings"])
    before = {name: getattr(workspace, name) for name in changes}
    was, becomes = audit_log.difference(before, changes)
    if not becomes:
        return workspace
    changed = await queries.change_workspace(uow, becomes)
    await audit_log.record(
        uow, "workspace.updated", "workspace", uow.workspace_id, before=was, after=becomes
    )
    _tell(uow, changed)
    if _calendar(changed.time_zone, changed.settings) != calendar:
        for follow in uow.wired(WorkspaceHooks).on_calendar_change:
            await follow(uow)
    return changed


def _calendar(time_zone: str, settings: Mapping[str, object]) -> tuple[Any, ...]:
    """What a day is here, as far as rules ask."""
    return (time_zone, *(settings.get(name) for name in _CALENDAR))


_CALENDAR = ("fiscal_year_start_month",)


async def read_clock(uow: UnitOfWork) -> Clock:
    workspace = await get_workspace(uow)
    return Clock(
        now=await uow.now(),
        frozen_at=workspace.frozen_at,
        sandbox=workspace.sandbox,
        time_zone=workspace.time_zone,
    )


async def set_clock(uow: UnitOfWork, frozen_at: datetime | None) -> Clock:
    """Stop a sandbox's clock at an instant, or let it run. It never goes back: what has happened
    there has happened.
    """
    workspace = _found(await queries.workspace(uow, lock=True))
    if not workspace.sandbox:
        raise NotASandbox("This workspace lives in real time.")
    now = await uow.fresh_now()
    machine = await uow.machine_now()
    if (frozen_at or machine) < now:
        raise ClockMovesForward(f"It is {now.isoformat()} there already.", now=now.isoformat())
    if frozen_at != workspace.frozen_at:
        was = workspace.frozen_at
        changed = await queries.change_workspace(uow, {"frozen_at": frozen_at})
        await audit_log.record(
            uow,
            "workspace.clock_set",
            "workspace",
            uow.workspace_id,
            before={"frozen_at": was},
            after={"frozen_at": frozen_at},
        )
        _tell(uow, changed)
        await uow.fresh_now()
    return await read_clock(uow)


def _found(workspace: Workspace | None) -> Workspace:
    if workspace is None:
        raise NotFound("There is no such workspace.")
    return workspace


def _tell(uow: UnitOfWork, workspace: Workspace) -> None:
    uow.publish(
        WorkspaceChanged(
            title=workspace.name,
            time_zone=workspace.time_zone,
            currency=workspace.currency,
            sandbox=workspace.sandbox,
            frozen_at=workspace.frozen_at,
            settings=workspace.settings,
            version=workspace.version,
        )
    )
    # Its own worker may have something due by the new clock or zone.
    uow.wake_worker()


@dataclass(frozen=True)
class NewWorkspace:
    """A workspace that was just made, with the only sight of its secrets."""

    workspace_id: UUID
    admin_id: UUID
    observer_id: UUID
    api_key: str
    observer_api_key: str
    keys: dict[str, str]
    """By role."""


async def make_workspace(
    service: Service,
    name: str,
    *,
    sandbox: bool,
    time_zone: str = "UTC",
    frozen_at: datetime | None = None,
    settings: WorkspaceSettings | None = None,
) -> NewWorkspace:
    """A workspace with an admin, an observer and a key for each role, all or nothing.

    The admin's and the observer's keys are their own; the other two belong to the workspace, so
    that no paid seat is taken for them.
    """
    workspace_id = new_id()
    cause = (Cause(type="system", id="bootstrap"),)
    async with service.units.begin(workspace_id, cause) as uow:
        given = {
            "name": name,
            "time_zone": time_zone,
            "sandbox": sandbox,
            "frozen_at": frozen_at,
        }
        stored = (settings or WorkspaceSettings()).model_dump()
        workspace = await queries.insert_workspace(uow, {**given, "settings": stored})
        await audit_log.record(uow, "workspace.created", "workspace", workspace_id, after=given)
        _tell(uow, workspace)
        await calendars.make_default(uow)
        admin = await members.add_member(
            uow, MemberIn(full_name="Ada Admin", email="admin@example.com", role="admin")
        )
        observer = await members.add_member(
            uow, MemberIn(full_name="Olga Observer", email="observer@example.com", role="observer")
        )
        own = {"admin": admin.id, "observer": observer.id}
        keys: dict[str, str] = {}
        for role in ROLES:
            holder = {"member_id": own[role]} if role in own else {"role": role}
            made = await api_keys.add_key(uow, ApiKeyIn(name=f"Bootstrap {role}", **holder))
            keys[role] = made.secret
    return NewWorkspace(
        workspace_id=workspace_id,
        admin_id=admin.id,
        observer_id=observer.id,
        api_key=keys["admin"],
        observer_api_key=keys["observer"],
        keys=keys,
    )
