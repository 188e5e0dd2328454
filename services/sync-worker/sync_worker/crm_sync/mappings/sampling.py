"""Rows as a run would write them, without writing any: by the same conversions, and judged by the
accounts service as it would judge them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.service import Service
from sync_worker.connections.service import Opened
from sync_worker.connectors.base import RecordConnector, Row, Stream
from sync_worker.crm_sync.inbound.rules import (
    Item,
    body_of,
    folded,
    folded_or_rejected,
    refused_values,
    users_in,
    with_accounts,
)
from sync_worker.crm_sync.records.fits import fit_mapping
from sync_worker.crm_sync.records.service import Records, without
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.crm_sync.translation.document import (
    ObjectMap,
    hidden_fields,
    stream_of_members,
)
from sync_worker.crm_sync.translation.fold import LeftOut
from sync_worker.crm_sync.translation.traits import traits_of
from sync_worker.crm_sync.translation.transforms import locale_of
from sync_worker.links.service import HttpLink
from sync_worker.runner.streams import service as streams

_LINKS = frozenset({"account_external_id", "account_id", "accounts"})
"""They name records that a run would have brought before."""


@dataclass(frozen=True)
class SampledRow:
    external_id: str
    source: dict[str, Any]
    row: dict[str, Any] | None
    left_out: Sequence[LeftOut]
    reason: str | None


@dataclass(frozen=True)
class Sample:
    rows: list[SampledRow]
    warnings: list[str]
    """Mapped fields that the connected user cannot see, or that can never be written."""


async def sample(
    service: Service,
    connection: Opened,
    connector: RecordConnector,
    link: HttpLink,
    mapping: ObjectMap,
    limit: int,
) -> Sample:
    """The rows that changed last. Raises `SystemTrouble` or `AccountsAway`."""
    schema = await streams.schema_of(service, connection, connector, link, mapping.object)
    visible = schema.names if schema is not None else ()
    hidden = [
        f"{mapping.object}.{each} is hidden or gone." for each in hidden_fields(mapping, visible)
    ]
    kind = connector.spec.stream(mapping.object)
    if schema is None or kind is None or not visible:
        return Sample([], hidden)
    records = Records(service, connection.workspace_id, [connection.cause])
    fit = await fit_mapping(records, mapping, schema, currency=connection.currency)
    wanted = dict.fromkeys(each.source for each in fit.mapping.fields)
    stream = Stream(kind, schema, tuple(each for each in wanted if each in visible))
    rows = await connector.newest(link, stream, limit)
    locale = locale_of(connection.currency, connection.time_zone)

    def fold(row: Row) -> Item:
        return folded(fit.mapping, kind, row, locale)

    items = await _with_accounts(
        service, connection, connector, mapping, [folded_or_rejected(fold, row) for row in rows]
    )
    shown = await _shown(service, connection, connector, records, fit.mapping, rows, items)
    return Sample(shown, hidden + [message for _, _, message in fit.faults])


async def _with_accounts(
    service: Service,
    connection: Opened,
    connector: RecordConnector,
    mapping: ObjectMap,
    items: Sequence[Item],
) -> list[Item]:
    if mapping.record_type != "contact":
        return list(items)
    joining = [each.name for each in connector.spec.streams if each.joins == mapping.object]
    async with service.units.begin(
        connection.workspace_id, [connection.cause], read_only=True
    ) as uow:
        associations = await source_records.associations_of(
            uow,
            connection.id,
            joining,
            [each.external_id for each in items],
        )
    return [with_accounts(item, associations.get(item.external_id, ())) for item in items]


async def _shown(
    service: Service,
    connection: Opened,
    connector: RecordConnector,
    records: Records,
    mapping: ObjectMap,
    rows: Sequence[Row],
    items: Sequence[Item],
) -> list[SampledRow]:
    users = sorted({user for item in items for user in users_in(item.content)})
    async with service.units.begin(
        connection.workspace_id, [connection.cause], read_only=True
    ) as uow:
        where = uow, connection.id
        stream = stream_of_members(connector.spec)
        members = await source_records.members_by_user(*where, stream, users) if stream else {}
    bodies = [
        body_of(item.external_id, item.content, members, source=connection.system) for item in items
    ]
    known = await records.traits(mapping.record_type)
    made = {each["key"] for each in traits_of(mapping, {}, connection.currency)} - known.keys()
    tried = [place for place, item in enumerate(items) if item.trouble is None]
    results = await records.preview(
        mapping.record_type, [_judged(bodies[place][0], made) for place in tried]
    )
    said = dict(zip(tried, results, strict=True))
    shown = []
    for place, (item, row, (body, unknown_users)) in enumerate(
        zip(items, rows, bodies, strict=True)
    ):
        source = dict(row.source)
        result = said.get(place)
        if result is None or result.status == "rejected":
            reason = item.trouble if result is None else result.reason()
            shown.append(SampledRow(item.external_id, source, None, item.left_out, reason))
            continue
        left_out = item.left_out + refused_values(mapping, item.content, result.left_out)
        reason = f"No member here yet for {', '.join(unknown_users)}." if unknown_users else None
        kept = without(body, result.left_out)
        shown.append(SampledRow(item.external_id, source, kept, left_out, reason))
    return shown


def _judged(body: Mapping[str, Any], made: set[str]) -> dict[str, Any]:
    """What can be judged of a row before its run: not what that brings first."""
    row = {name: value for name, value in body.items() if name not in _LINKS}
    if "traits" in row:
        row["traits"] = {key: value for key, value in row["traits"].items() if key not in made}
    return row
