"""A service's copy of the workspaces: name, zone, settings and the clock of a sandbox."""

from pydantic_core import to_json
from sqlalchemy import text

from shared.events.accounts import WorkspaceChanged
from shared.uow import UnitOfWork

_COPY = text(
    """
    insert into workspaces (workspace_id, name, time_zone, currency, sandbox, frozen_at, settings,
                            version)
    values (:workspace_id, :name, :time_zone, :currency, :sandbox, :frozen_at,
            cast(:settings as jsonb), :version)
    on conflict (workspace_id) do update
    set name = excluded.name, time_zone = excluded.time_zone, currency = excluded.currency,
        sandbox = excluded.sandbox, frozen_at = excluded.frozen_at, settings = excluded.settings,
        version = excluded.version, updated_at = clock_timestamp()
    where workspaces.version < excluded.version
    """
)


_ZONE = text("select time_zone from workspaces where workspace_id = :workspace_id")


async def known_zone(uow: UnitOfWork) -> str | None:
    """The zone that our copy has; None before the first."""
    return await uow.value(str, _ZONE)


async def copy_workspace(uow: UnitOfWork, event: WorkspaceChanged) -> None:
    """Handles `WorkspaceChanged` in every service but its publisher. An older version changes
    nothing, so a repeated or late event is harmless.
    """
    await uow.run(
        _COPY,
        name=event.title,
        time_zone=event.time_zone,
        currency=event.currency,
        sandbox=event.sandbox,
        frozen_at=event.frozen_at,
        settings=to_json(event.settings).decode(),
        version=event.version,
    )
    uow.wake_worker()
