import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from shared.auth import Caller
from shared.errors import Conflict, Fault, Unavailable
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage, UsageTarget
from shared.web.problems import not_stored
from sync_worker.connections import service as connections
from sync_worker.connections.service import Opened
from sync_worker.connectors import registry
from sync_worker.connectors.base import Field, RecordConnector, SystemTrouble
from sync_worker.crm_sync.mappings.sampling import sample
from sync_worker.crm_sync.mappings.schemas import (
    ConnectionMappingOut,
    MappingIn,
    MappingPreviewIn,
    MappingPreviewOut,
    MappingPreviewRow,
)
from sync_worker.crm_sync.records.fits import targets_of
from sync_worker.crm_sync.records.service import AccountsAway, Records
from sync_worker.crm_sync.translation.document import (
    MappedRecordType,
    ObjectMapping,
    becomes,
    hidden_fields,
    mapping_of,
    owned_fields,
    readable_mapping,
)
from sync_worker.crm_sync.translation.faults import (
    key_role_faults,
    structural_faults,
    visibility_faults,
)
from sync_worker.crm_sync.translation.fitting import Targets, type_faults
from sync_worker.links.service import HttpLink
from sync_worker.runner.streams import service as streams

_PATIENCE = 10.0
"""Seconds that a person waits for the other system, all its repetitions together."""


class NoMapping(Conflict):
    code = "no_mapping"
    title = "A connection of this system has no field mapping"


class OtherSystemFailed(Unavailable):
    code = "other_system_failed"
    title = "The other system did not answer as it should"


async def uses(
    uow: UnitOfWork, what: UsageTarget, record_type: str | None, key: str
) -> Sequence[Usage]:
    """Traits and key roles are used by the connections that write them. One whose mapping cannot be
    read any more may write any.
    """
    if what not in {"trait", "key_role"}:
        return ()
    types = {record_type} if what == "trait" else {"account"}
    target = f"traits.{key}" if what == "trait" else f"key_roles.{key}"
    return [
        Usage("connection", str(connection.id), connection.title)
        for connection in await connections.connections_of_systems(uow, registry.record_systems())
        if (mapping := _readable(connection)) is None or _writes(mapping, types, target)
    ]


def _readable(connection: connections.Connection) -> ObjectMapping | None:
    spec = registry.record_connector(connection.system).spec
    return readable_mapping(spec, connection.mapping)


def _writes(mapping: ObjectMapping, types: Collection[str | None], target: str) -> bool:
    return any(
        field.target == target
        for mapped in mapping.objects
        if mapped.record_type in types
        for field in mapped.fields
    )


async def get_mapping(
    service: Service, caller: Caller, connection_id: UUID
) -> ConnectionMappingOut:
    opened = await _opened(service, caller, connection_id)
    return _shown(opened, _mapping_of(opened), await _warnings(service, opened))


async def check_mapping(
    service: Service, caller: Caller, connection_id: UUID, mapping: MappingIn
) -> None:
    """Against what the other system describes. Not within a transaction. Raises `Invalid` with
    every fault.
    """
    opened = await _opened(service, caller, connection_id)
    await _check(service, opened, mapping)


async def replace_mapping(
    uow: UnitOfWork,
    service: Service,
    connection_id: UUID,
    mapping: MappingIn,
    version: int | None,
) -> ConnectionMappingOut:
    """Put a mapping in force. Everything is read again under it, by the next run."""
    stored = mapping.model_dump(mode="json", exclude_none=True)
    await connections.store_mapping(uow, connection_id, stored, version)
    await streams.read_everything(uow, connection_id)
    opened = await connections.open_connection(uow, service.secrets, connection_id)
    spec = registry.record_connector(opened.system).spec
    await connections.tell_owners(uow, connection_id, owned_fields(spec, mapping))
    return _shown(opened, mapping, [])


async def preview_mapping(
    service: Service, caller: Caller, connection_id: UUID, data: MappingPreviewIn
) -> MappingPreviewOut:
    """The newest rows of an object as they would be written. Nothing is."""
    opened = await _opened(service, caller, connection_id)
    if data.mapping is not None:
        await _check(service, opened, data.mapping, within="/mapping")
    mapping = data.mapping or _mapping_of(opened)
    mapped = mapping.of(data.object)
    if mapped is None:
        return MappingPreviewOut(
            object=data.object, warnings=["This object is not mapped."], data=[]
        )
    connector = registry.record_connector(opened.system)
    link = HttpLink(service, opened, connector)
    async with _asking():
        found = await sample(service, opened, connector, link, mapped, data.limit)
    return MappingPreviewOut(
        object=data.object,
        warnings=found.warnings,
        data=[MappingPreviewRow(**vars(row)) for row in found.rows],
    )


async def _opened(service: Service, caller: Caller, connection_id: UUID) -> Opened:
    async with service.units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        opened = await connections.open_connection(uow, service.secrets, connection_id)
    if opened.system not in registry.record_systems():
        raise NoMapping(f"The connection {opened.title!r} is one to {opened.system}.")
    return opened


@asynccontextmanager
async def _asking() -> AsyncIterator[None]:
    """Somebody waits for this: what the other system does not say soon is not waited for."""
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except (SystemTrouble, OutgoingError, AccountsAway) as error:
        raise OtherSystemFailed(str(error)) from error
    except TimeoutError as error:
        raise OtherSystemFailed(f"It did not answer within {_PATIENCE:.0f} seconds.") from error


async def _check(
    service: Service, opened: Opened, mapping: ObjectMapping, *, within: str = ""
) -> None:
    connector = registry.record_connector(opened.system)
    link = HttpLink(service, opened, connector)
    records = Records(service, opened.workspace_id, [opened.cause])
    described: dict[str, Sequence[Field]] = {}
    targets: dict[MappedRecordType, Targets] = {}
    async with _asking():
        for each in mapping.objects:
            if each.object not in becomes(connector.spec):
                continue
            schema = await streams.schema_of(
                service, opened, connector, link, each.object, anew=True
            )
            described[each.object] = schema.fields if schema is not None else ()
            targets[each.record_type] = await targets_of(records, each.record_type)
        key_roles = await records.key_roles()
    names = {key: [field.name for field in each] for key, each in described.items()}
    found: dict[str, Fault] = {}
    for pointer, code, message in (
        *structural_faults(connector.spec, mapping),
        *visibility_faults(mapping, names),
        *type_faults(mapping, targets, described),
        *key_role_faults(mapping, key_roles),
    ):
        # What a place is told first is why it is told anything.
        found.setdefault(pointer, Fault(f"{within}{pointer}", code, message))
    if found:
        raise not_stored(list(found.values()))


async def _warnings(service: Service, opened: Opened) -> list[str]:
    """What the mapping names and our user could not see when the system was last asked."""
    found: list[str] = []
    for each in _mapping_of(opened).in_order():
        schema = await streams.remembered_schema(service, opened, each.object)
        if schema is not None:
            hidden = hidden_fields(each, schema.names)
            found += [f"{each.object}.{field} is hidden or gone." for field in hidden]
    return found


async def hidden_everywhere(
    service: Service, opened: Opened, connector: RecordConnector, link: HttpLink
) -> list[str]:
    """Ask for every mapped object anew: what the mapping names and our user cannot see."""
    hidden: list[str] = []
    for each in _mapping_of(opened).objects:
        schema = await streams.schema_of(service, opened, connector, link, each.object, anew=True)
        names = schema.names if schema is not None else ()
        hidden += [f"{each.object}.{name}" for name in hidden_fields(each, names)]
    return hidden


def _mapping_of(opened: Opened) -> ObjectMapping:
    return mapping_of(registry.record_connector(opened.system).spec, opened.mapping)


def _shown(opened: Opened, mapping: ObjectMapping, warnings: list[str]) -> ConnectionMappingOut:
    return ConnectionMappingOut(
        objects=list(mapping.objects),
        plan_roles=mapping.plan_roles,
        write_back=list(mapping.write_back),
        is_default=opened.mapping is None,
        version=opened.mapping_version,
        warnings=warnings,
    )
