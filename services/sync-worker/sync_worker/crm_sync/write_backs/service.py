from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from shared.batches import is_transient, isolate_failures, reason_of
from shared.events.accounts import OpportunityChanged
from shared.feed import dead_events
from shared.logging import get_logger
from shared.net.answers import OutgoingError
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.connections.service import Connection, Opened
from sync_worker.connectors import registry
from sync_worker.connectors.base import (
    Field,
    Intent,
    Json,
    Link,
    RecordConnector,
    SystemTrouble,
    Trouble,
    Unencodable,
    Value,
)
from sync_worker.connectors.kit.waits import QUOTA_PAUSE
from sync_worker.crm_sync.translation.document import WriteBackMap, readable_mapping
from sync_worker.crm_sync.write_backs import queries
from sync_worker.crm_sync.write_backs.queries import Due, Verdict, WriteBack
from sync_worker.crm_sync.write_backs.rules import WriteBackState, fitting, pause_after
from sync_worker.links.service import HttpLink
from sync_worker.runner.runs import service as runs
from sync_worker.runner.streams import service as streams

log = get_logger(__name__)

_TOGETHER = 200
"""Values that one worker claims at a time."""
_LEASE_SECONDS = 300.0
"""Longer than one request with all its retries may take."""


@dataclass(frozen=True)
class Batch:
    """Values for one connection."""

    workspace_id: UUID
    connection_id: UUID
    values: tuple[Due, ...]


@dataclass(frozen=True)
class Record:
    """Everything that is due for one record goes in one piece."""

    object: str
    external_id: str
    values: tuple[Due, ...]


async def want_written(uow: UnitOfWork, event: OpportunityChanged) -> None:
    """Note what each connection that the record came from should hear of a change. Nobody is
    called here: the value is a row of this transaction.
    """
    external_id = event.record.external_id
    if external_id is None or event.change in {"deleted", "merged"}:
        return
    changed = set(event.changed)

    async def want(connection: Connection) -> None:
        spec = registry.record_connector(connection.system).spec
        mapping = readable_mapping(spec, connection.mapping)
        wanted = [each for each in mapping.write_back if each.field in changed] if mapping else []
        for sobject, fields in groupby(sorted(wanted, key=_object), key=_object):
            record = event.record.model_dump(mode="json")
            asked = await queries.ask(
                uow,
                connection.id,
                sobject=sobject,
                external_id=external_id,
                values={each.target: record[each.field] for each in fields},
                version=event.revision,
                cause=uow.cause,
            )
            if asked:
                uow.wake_worker()

    found = await connections.connections_of_systems(uow, registry.record_systems())
    await dead_events.apply_to_each(uow, found, want)


def _object(mapped: WriteBackMap) -> str:
    return mapped.object


async def claim(service: Service, free: int) -> list[Batch]:
    """What is due, by connection."""
    async with service.units.across_workspaces() as scope:
        due = await queries.claim_due(scope, _TOGETHER * free, _LEASE_SECONDS)
    due.sort(key=lambda each: (str(each.workspace_id), str(each.connection_id)))
    return [
        Batch(workspace_id, connection_id, tuple(values))
        for (workspace_id, connection_id), values in groupby(
            due, key=lambda each: (each.workspace_id, each.connection_id)
        )
    ]


async def push(service: Service, batch: Batch) -> None:
    """Write the values there, then note what came of each. What nobody foresaw is their reason, and
    they are tried again later.
    """
    try:
        await _push(service, batch)
    except Exception as error:
        if is_transient(error):
            raise
        log.exception("values not written back", connection_id=str(batch.connection_id))
        trouble = Trouble("retry", reason_of(error))
        async with service.units.begin(batch.workspace_id, []) as uow:
            await _record_verdicts(
                uow, batch.connection_id, [_verdict(v, trouble) for v in batch.values]
            )


async def _push(service: Service, batch: Batch) -> None:
    """The network is between two transactions; a value written twice is the same value."""
    async with service.units.begin(batch.workspace_id, []) as uow:
        opened = await connections.open_connection(uow, service.secrets, batch.connection_id)
    connector = registry.record_connector(opened.system)
    link = HttpLink(service, opened, connector)
    verdicts: list[Verdict] = []
    ended: Trouble | None = None
    for records in _requests(batch, connector.spec.can.batch):
        if ended is None:
            said = await _write(service, opened, connector, link, records)
            ended = next((t for _, t in said if t is not None and t.meaning == "reauth"), None)
        else:
            said = [(record, ended) for record in records]
        verdicts += [each for record, trouble in said for each in _verdicts(record, trouble)]
    async with service.units.begin(batch.workspace_id, [opened.cause]) as uow:
        await _record_verdicts(uow, opened.id, verdicts)
        if ended is not None:
            await connections.needs_reauth(uow, opened.id, ended.detail)
        await runs.record_push(
            uow,
            opened.id,
            opened.system,
            read=len(verdicts),
            written=sum(each.state == "done" for each in verdicts),
            rejected=sum(each.state == "rejected" for each in verdicts),
            reason=next((each.reason for each in verdicts if each.reason), None),
            requests=link.requests,
        )


async def _record_verdicts(
    uow: UnitOfWork, connection_id: UUID, verdicts: Sequence[Verdict]
) -> None:
    """One that cannot be noted is tried again when its lease is over."""

    async def record(some: Sequence[Verdict]) -> None:
        await queries.record_verdicts(uow, connection_id, some)

    async def leave(_: Verdict, __: Exception) -> None:
        pass

    await isolate_failures(uow, verdicts, record, leave)


def _requests(batch: Batch, together: int) -> list[list[Record]]:
    values = sorted(batch.values, key=lambda each: (each.object, each.external_id, each.field))
    records = [
        Record(sobject, external_id, tuple(each))
        for (sobject, external_id), each in groupby(
            values, key=lambda each: (each.object, each.external_id)
        )
    ]
    by_object = [list(each) for _, each in groupby(records, key=lambda record: record.object)]
    return [each[at : at + together] for each in by_object for at in range(0, len(each), together)]


async def _write(
    service: Service,
    opened: Opened,
    connector: RecordConnector,
    link: HttpLink,
    records: Sequence[Record],
) -> list[tuple[Record, Trouble | None]]:
    """Each record with what is wrong with it, if anything is."""
    sobject = records[0].object
    try:
        schema = await streams.schema_of(service, opened, connector, link, sobject)
        fields = {each.name: each for each in schema.fields} if schema else {}
        intents = [_intent(connector, record, fields) for record in records]
        fit = [each for each in intents if isinstance(each, Intent)]
        said = iter(await _written(connector, link, fit) if fit else ())
        troubles = [each if isinstance(each, Trouble) else next(said) for each in intents]
    except SystemTrouble as error:
        troubles = [error.trouble] * len(records)
    except OutgoingError as error:
        troubles = [Trouble("retry", str(error))] * len(records)
    return list(zip(records, troubles, strict=True))


def _intent(
    connector: RecordConnector, record: Record, fields: Mapping[str, Field]
) -> Intent | Trouble:
    """As it goes there; of one that cannot be made ready, why."""
    try:
        values = {
            each.field: _encoded(connector, fields.get(each.field), each.value)
            for each in record.values
        }
    except Unencodable as error:
        return Trouble("refused", str(error))
    except Exception as error:
        log.exception("a value cannot be written back", external_id=record.external_id)
        return Trouble("refused", reason_of(error))
    return Intent(record.object, record.external_id, values)


def _encoded(connector: RecordConnector, field: Field | None, value: Value) -> Json:
    """A field that our user may not see is told of by the system itself."""
    return value if field is None else connector.encode(field, fitting(value, field.length))


async def _written(
    connector: RecordConnector, link: Link, intents: Sequence[Intent]
) -> list[Trouble | None]:
    """What is wrong with each. When all are refused as one, the one that is to blame is found by
    halves.
    """
    try:
        return list(await connector.write(link, intents))
    except SystemTrouble as error:
        if error.trouble.meaning != "refused":
            raise
        if len(intents) == 1:
            return [error.trouble]
    middle = len(intents) // 2
    first = await _written(connector, link, intents[:middle])
    return first + await _written(connector, link, intents[middle:])


def _verdicts(record: Record, trouble: Trouble | None) -> list[Verdict]:
    return [_verdict(value, trouble) for value in record.values]


def _verdict(value: Due, trouble: Trouble | None) -> Verdict:
    about = (value.object, value.external_id, value.field, value.revision)
    if trouble is None:
        return Verdict(*about, "done")
    match trouble.meaning:
        case "refused" | "config":
            return Verdict(*about, "rejected", trouble.detail)
        case "reauth":
            # It waits with the connection, and goes on when that does.
            return Verdict(*about, "pending", trouble.detail, 0.0)
        case "quota":
            return Verdict(*about, "pending", trouble.detail, QUOTA_PAUSE)
        case _:
            pause = pause_after(value.attempts + 1, trouble.wait)
            return Verdict(*about, "pending", trouble.detail, pause)


async def list_write_backs(
    uow: UnitOfWork,
    connection_id: UUID,
    state: WriteBackState | None,
    after: tuple[str, str, str] | None,
    limit: int,
) -> Sequence[WriteBack]:
    await connections.get_connection(uow, connection_id)
    return await queries.write_backs_page(uow, connection_id, state, after or ("", "", ""), limit)


async def retry_rejected(uow: UnitOfWork, connection_id: UUID) -> int:
    await connections.get_connection(uow, connection_id)
    uow.wake_worker()
    return await queries.retry_rejected(uow, connection_id)


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_due(uow)
