"""Rows as a pull would write them, without writing any."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.service import Service
from sync_worker.connections.service import Opened
from sync_worker.pulls import queries
from sync_worker.pulls.rules import body_of, folded, users_in, with_accounts
from sync_worker.salesforce import service as salesforce
from sync_worker.salesforce.rules import soql
from sync_worker.salesforce.rules.mapping import ObjectMap, fields_to_read, hidden_fields
from sync_worker.salesforce.service import Salesforce


@dataclass(frozen=True)
class SampledRow:
    external_id: str
    source: dict[str, Any]
    row: dict[str, Any] | None
    reason: str | None


@dataclass(frozen=True)
class Sample:
    rows: list[SampledRow]
    hidden: list[str]
    """Mapped fields that the connected user cannot see."""


async def sample(
    service: Service, connection: Opened, client: Salesforce, mapping: ObjectMap, limit: int
) -> Sample:
    """The rows that changed last. Raises `SalesforceError` or `OutgoingError`."""
    described = await salesforce.fields_of(service, connection, client, mapping.object)
    visible = [each["name"] for each in described or ()]
    if not visible:
        return Sample([], sorted({field.source for field in mapping.fields}))
    fields = fields_to_read(mapping, visible)
    found = await client.rows(soql.sample(mapping.object, fields, limit), deleted=False)
    rows = [await _sampled(service, connection, mapping, row) for row in found]
    return Sample(rows, hidden_fields(mapping, visible))


async def _sampled(
    service: Service, connection: Opened, mapping: ObjectMap, row: Mapping[str, Any]
) -> SampledRow:
    item = folded(mapping, row, connection.currency)
    source = {name: value for name, value in row.items() if name != "attributes"}
    if item.trouble is not None:
        return SampledRow(item.external_id, source, None, item.trouble)
    async with service.units.begin(
        connection.workspace_id, [connection.cause], read_only=True
    ) as uow:
        at = uow.session, uow.workspace_id, connection.id
        if mapping.object == "Contact":
            relations = await queries.relations_of(*at, [item.external_id])
            item = with_accounts(item, relations.get(item.external_id, ()))
        members = await queries.members_by_user(*at, users_in(item.content))
    body, strangers = body_of(item.external_id, item.content, members)
    reason = f"No member here yet for {', '.join(strangers)}." if strangers else None
    return SampledRow(item.external_id, source, body, reason)
