from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.audit import attributes, difference
from shared.db import refuse
from shared.encryption import SecretBox
from shared.errors import Conflict, NotFound, check_version
from shared.events.base import Cause
from shared.events.sync import ConnectionNeedsReauth, FieldOwnersChanged
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.audit import audit
from sync_worker.connections import queries
from sync_worker.connections.queries import Claim
from sync_worker.connections.rows import RECOVERED, Connection, ConnectionChanges, Opened
from sync_worker.connections.rules import health_after, refuse_unknown_fields, seconds_until_next
from sync_worker.connections.schemas import ConnectionIn, ConnectionPatch
from sync_worker.connections.sealing import (
    SecretsLost,
    finished,
    revealed,
    sealed_secrets,
    secrets_of,
    settings_of,
    unsealed,
)
from sync_worker.connectors import registry

__all__ = ["Claim", "Connection", "Opened"]

_AUDITED = ("title", "every_seconds", "settings")
_STATE = ("status", "reason")


class ConnectionNotFound(NotFound):
    title = "There is no such connection"


class TitleTaken(Conflict):
    code = "title_taken"
    title = "Another connection has this title"


class NotReadable(Conflict):
    code = "connection_stopped"
    title = "The connection is paused or must be signed in again"


async def create_connection(uow: UnitOfWork, box: SecretBox, data: ConnectionIn) -> Connection:
    connector = registry.connector(data.system)
    given = revealed(data.model_dump())
    secret, kept = secrets_of(connector.spec), settings_of(connector.spec)
    secrets = {k: v for k, v in given.items() if k in secret and v is not None}
    settings = {k: v for k, v in given.items() if k in kept}
    connection_id = new_id()
    async with _title_free(data.title):
        connection = await queries.insert_connection(
            uow,
            {
                "id": connection_id,
                "system": data.system,
                "title": data.title,
                "every_seconds": data.every_seconds,
                "settings": finished(connector, settings, secrets),
                "credentials": sealed_secrets(box, uow.workspace_id, connection_id, secrets),
            },
        )
    after = attributes(connection, "system", *_AUDITED)
    audit.record(uow, "connection.created", connection.id, after=after)
    uow.wake_worker()
    return connection


async def get_connection(uow: UnitOfWork, connection_id: UUID, *, lock: bool = False) -> Connection:
    connection = await queries.connection_by_id(uow, connection_id, lock=lock)
    if connection is None:
        raise ConnectionNotFound("Look at GET /v1/connections for those there are.")
    return connection


async def list_connections(uow: UnitOfWork, after: UUID | None, limit: int) -> Sequence[Connection]:
    return await queries.connections_page(uow, after, limit)


async def connections_of_systems(uow: UnitOfWork, systems: Sequence[str]) -> Sequence[Connection]:
    return await queries.connections_of_systems(uow, systems)


async def update_connection(
    uow: UnitOfWork,
    box: SecretBox,
    connection_id: UUID,
    data: ConnectionPatch,
    version: int | None,
) -> Connection:
    """New secrets or a new address end the session we hold, and whatever stood against the old."""
    connection = await get_connection(uow, connection_id, lock=True)
    check_version(version, connection.version)
    before = attributes(connection, *_AUDITED)
    changes = revealed(data.changes())
    connector = registry.connector(connection.system)
    spec = connector.spec
    refuse_unknown_fields(spec, changes)
    new_secrets = {k: v for k, v in changes.items() if k in secrets_of(spec)}
    try:
        secrets = unsealed(box, connection) | new_secrets
    except SecretsLost:
        if not new_secrets:
            raise
        secrets = new_secrets
    kept = {k: v for k, v in changes.items() if k in settings_of(spec)}
    title = changes.get("title", connection.title)
    change: ConnectionChanges = {
        "title": title,
        "every_seconds": changes.get("every_seconds", connection.every_seconds),
        "settings": finished(connector, connection.settings | kept, secrets),
        "credentials": sealed_secrets(box, uow.workspace_id, connection.id, secrets),
        "version": connection.version + 1,
    }
    if new_secrets or kept.keys() & spec.signs_in_by:
        await queries.forget_token(uow, connection.id)
        if connection.status == "needs_reauth":
            change |= RECOVERED
    async with _title_free(title):
        changed = await queries.change_connection(uow, connection.id, change)
    was, becomes = difference(before, attributes(changed, *_AUDITED))
    becomes |= dict.fromkeys(new_secrets, "set")
    if becomes:
        audit.record(uow, "connection.updated", connection.id, before=was, after=becomes)
    uow.wake_worker()
    return changed


async def remove_connection(uow: UnitOfWork, connection_id: UUID) -> None:
    """Gone for its users now; its rows go in small steps. The records that came by it stay."""
    connection = await get_connection(uow, connection_id, lock=True)
    version = connection.version + 1
    await _publish_owners(uow, connection, {}, version + connection.mapping_version)
    before = attributes(connection, "system", *_AUDITED)
    audit.record(uow, "connection.deleted", connection.id, before=before)
    await queries.change_connection(
        uow,
        connection.id,
        {"removed_at": await uow.machine_now(), "credentials": b"", "version": version},
    )
    await queries.forget_token(uow, connection.id)


async def pause_connection(uow: UnitOfWork, connection_id: UUID) -> Connection:
    """A read under way stops at its next step."""
    connection = await get_connection(uow, connection_id, lock=True)
    if connection.status == "paused":
        return connection
    paused: ConnectionChanges = {"status": "paused", "reason": "Paused by a person."}
    return await _change_state(uow, connection, "connection.paused", paused)


async def resume_connection(uow: UnitOfWork, connection_id: UUID) -> Connection:
    connection = await get_connection(uow, connection_id, lock=True)
    if connection.status not in {"paused", "needs_reauth"}:
        return connection
    resumed = await _change_state(uow, connection, "connection.resumed", RECOVERED)
    uow.wake_worker()
    return resumed


async def _change_state(
    uow: UnitOfWork, connection: Connection, action: str, changes: ConnectionChanges
) -> Connection:
    changed = await queries.change_connection(
        uow, connection.id, {**changes, "version": connection.version + 1}
    )
    before = attributes(connection, *_STATE)
    audit.record_difference(uow, action, connection.id, before, changed)
    return changed


async def make_due(uow: UnitOfWork, connection_id: UUID) -> Connection:
    """Ask for a read now. Raises `NotReadable` for a connection that stands still."""
    connection = await get_connection(uow, connection_id, lock=True)
    if connection.status not in {"ok", "failing"}:
        raise NotReadable(connection.reason or "Resume it first.", status_of=connection.status)
    due = await queries.change_connection(
        uow, connection.id, {"next_run_at": await uow.machine_now()}
    )
    uow.wake_worker()
    return due


async def tell_owners(
    uow: UnitOfWork, connection_id: UUID, fields: Mapping[str, Sequence[str]]
) -> None:
    """Let others know which fields only this connection writes, unless they know already."""
    connection = await get_connection(uow, connection_id, lock=True)
    version = connection.version + connection.mapping_version
    await _publish_owners(uow, connection, fields, version)


async def _publish_owners(
    uow: UnitOfWork, connection: Connection, fields: Mapping[str, Sequence[str]], version: int
) -> None:
    if connection.owners_told == version:
        return
    await queries.change_connection(uow, connection.id, {"owners_told": version})
    uow.publish(
        FieldOwnersChanged(
            connection_id=connection.id,
            system=connection.system,
            title=connection.title,
            fields={name: list(each) for name, each in fields.items()},
            version=version,
        )
    )


# For workers


async def claim_due(
    service: Service, systems: Sequence[str], limit: int, seconds: float
) -> list[Claim]:
    async with service.units.across_workspaces() as scope:
        return await queries.claim_due(scope, systems, limit, seconds)


async def renew_lease(uow: UnitOfWork, claim: Claim, seconds: float) -> bool:
    return await queries.renew_lease(uow, claim, seconds)


async def open_connection(uow: UnitOfWork, box: SecretBox, connection_id: UUID) -> Opened:
    connection = await get_connection(uow, connection_id)
    defaults = await queries.workspace_defaults(uow)
    return Opened(
        workspace_id=uow.workspace_id,
        id=connection.id,
        system=connection.system,
        title=connection.title,
        settings=connection.settings,
        secrets=unsealed(box, connection),
        every_seconds=connection.every_seconds,
        failures=connection.failures,
        mapping=connection.mapping,
        mapping_version=connection.mapping_version,
        currency=connection.settings.get("currency") or defaults.currency,
        time_zone=defaults.time_zone,
    )


async def release(
    uow: UnitOfWork,
    claim: Claim,
    *,
    trouble: str | None,
    remark: str | None = None,
    again: bool = False,
    full: bool = False,
    asked: float | None = None,
) -> float | None:
    """End our turn: schedule the next one, at once when `again`; in how many seconds it comes.
    A `remark` is shown while there is no trouble. Does nothing if the lease went to another worker.
    """
    connection = await queries.connection_by_id(uow, claim.connection_id, lock=True)
    if connection is None or connection.lease_token != claim.token:
        return None
    now = await uow.machine_now()
    failures = connection.failures + 1 if trouble else 0
    seconds = seconds_until_next(connection.every_seconds, failures, asked)
    changes: ConnectionChanges = {
        "lease_token": None,
        "lease_until": None,
        "failures": failures,
        "next_run_at": now if again else now + timedelta(seconds=seconds),
    }
    if connection.status in {"ok", "failing"}:
        changes |= {"status": health_after(failures), "reason": trouble or remark}
    if not trouble:
        changes |= {"synced_at": now}
        if full:
            changes |= {"full_sync_at": now}
    await queries.change_connection(uow, connection.id, changes)
    if again:
        uow.wake_worker()
    return 0.0 if again else seconds


async def count_troubled(
    uow: UnitOfWork, connection_id: UUID, *, rejected: int, warned: int
) -> None:
    """Show how many records were set aside, and how many are here without some value."""
    await queries.count_troubled(uow, connection_id, rejected, warned)


async def is_readable(uow: UnitOfWork, connection_id: UUID) -> bool:
    connection = await queries.connection_by_id(uow, connection_id)
    return connection is not None and connection.status in {"ok", "failing"}


async def signed_in(uow: UnitOfWork, connection_id: UUID) -> None:
    """Signing in has worked: whatever stood against it is over."""
    connection = await get_connection(uow, connection_id, lock=True)
    if connection.status == "needs_reauth":
        now, version = await uow.machine_now(), connection.version + 1
        await queries.change_connection(
            uow, connection.id, {**RECOVERED, "next_run_at": now, "version": version}
        )
        uow.wake_worker()


async def needs_reauth(uow: UnitOfWork, connection_id: UUID, reason: str) -> None:
    """Stop until a person signs in again. Told once."""
    connection = await queries.connection_by_id(uow, connection_id, lock=True)
    if connection is None or connection.status in {"needs_reauth", "paused"}:
        return
    version = connection.version + 1
    await queries.change_connection(
        uow, connection.id, {"status": "needs_reauth", "reason": reason, "version": version}
    )
    uow.publish(
        ConnectionNeedsReauth(connection_id=connection.id, system=connection.system, reason=reason)
    )


async def full_sync_at(uow: UnitOfWork, connection_id: UUID) -> datetime | None:
    """When all records were read last; None: never, or not since the mapping has changed."""
    return (await get_connection(uow, connection_id)).full_sync_at


async def store_mapping(
    uow: UnitOfWork, connection_id: UUID, mapping: dict[str, Any], version: int | None
) -> Connection:
    connection = await get_connection(uow, connection_id, lock=True)
    check_version(version, connection.mapping_version)
    changed = await queries.change_connection(
        uow,
        connection.id,
        {
            "mapping": mapping,
            "mapping_version": connection.mapping_version + 1,
            # What the new mapping reads has to be read of every record, also of those that do not
            # change.
            "full_sync_at": None,
        },
    )
    before = attributes(connection, "mapping")
    audit.record_difference(uow, "connection.mapping_replaced", connection.id, before, changed)
    return changed


async def remove_purged(service: Service) -> bool:
    """Clear away what removed connections left behind, a step at a time."""
    async with service.units.across_workspaces() as scope:
        removed = await queries.removed_connections(scope)
    more = False
    for connection in removed:

        async def purge(uow: UnitOfWork, gone: UUID = connection.id) -> bool:
            return await queries.purge_connection(uow, gone)

        by = [Cause(type="system", id="sync")]
        more |= bool(
            await service.units.attempt(
                connection.workspace_id, by, purge, what="removed connection"
            )
        )
    return more


# Within


def _title_free(title: str) -> AbstractAsyncContextManager[None]:
    taken = TitleTaken(f"There is another connection named {title!r}.")
    return refuse("uq_connections_workspace_id_title", taken)
