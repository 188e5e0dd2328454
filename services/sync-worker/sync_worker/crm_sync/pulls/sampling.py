"""Rows as a pull would write them, without writing any: by the same conversions, and judged by the
accounts service as it would judge them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from shared.service import Service
from sync_worker.connections.service import Opened
from sync_worker.connectors.salesforce import service as salesforce
from sync_worker.connectors.salesforce.rules import soql
from sync_worker.connectors.salesforce.rules.mapping import (
    LeftOut,
    ObjectMap,
    fields_to_read,
    hidden_fields,
)
from sync_worker.connectors.salesforce.service import Salesforce
from sync_worker.crm_sync.pulls import queries
from sync_worker.crm_sync.pulls.fits import fit_mapping
from sync_worker.crm_sync.pulls.rules import (
    Item,
    at_its_own_risk,
    body_of,
    folded,
    readable,
    refused_values,
    traits_of,
    users_in,
    with_accounts,
)
from sync_worker.crm_sync.records.service import Records, without

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
    service: Service, connection: Opened, client: Salesforce, mapping: ObjectMap, limit: int
) -> Sample:
    """The rows that changed last. Raises `SalesforceError` or `AccountsAway`."""
    described = await salesforce.fields_of(service, connection, client, mapping.object) or []
    visible = [each["name"] for each in described]
    hidden = [
        f"{mapping.object}.{each} is hidden or gone." for each in hidden_fields(mapping, visible)
    ]
    if not visible:
        return Sample([], hidden)
    records = Records(service, connection.workspace_id, [connection.cause])
    fit = await fit_mapping(records, mapping, described, currency=connection.currency)
    fields = fields_to_read(fit.mapping, visible)
    found = await client.rows(soql.sample(mapping.object, fields, limit), deleted=False)
    rows = readable(found)
    fold = partial(folded, fit.mapping, locale=salesforce.locale_of(connection))
    items = await _with_accounts(
        service, connection, mapping, [at_its_own_risk(fold, row) for row in rows]
    )
    shown = await _shown(service, connection, records, fit.mapping, rows, items)
    return Sample(shown, hidden + [message for _, _, message in fit.faults])


async def _with_accounts(
    service: Service, connection: Opened, mapping: ObjectMap, items: Sequence[Item]
) -> list[Item]:
    if mapping.object != "Contact":
        return list(items)
    async with service.units.begin(
        connection.workspace_id, [connection.cause], read_only=True
    ) as uow:
        relations = await queries.relations_of(
            uow.session, uow.workspace_id, connection.id, [each.external_id for each in items]
        )
    return [with_accounts(item, relations.get(item.external_id, ())) for item in items]


async def _shown(
    service: Service,
    connection: Opened,
    records: Records,
    mapping: ObjectMap,
    rows: Sequence[Mapping[str, Any]],
    items: Sequence[Item],
) -> list[SampledRow]:
    users = sorted({user for item in items for user in users_in(item.content)})
    async with service.units.begin(
        connection.workspace_id, [connection.cause], read_only=True
    ) as uow:
        members = await queries.members_by_user(uow.session, uow.workspace_id, connection.id, users)
    bodies = [body_of(item.external_id, item.content, members) for item in items]
    known = await records.traits(mapping.record_type)
    made = {each["key"] for each in traits_of(mapping, {}, connection.currency)} - known.keys()
    tried = [place for place, item in enumerate(items) if item.trouble is None]
    results = await records.preview(
        mapping.record_type, [_judged(bodies[place][0], made) for place in tried]
    )
    said = dict(zip(tried, results, strict=True))
    shown = []
    for place, (item, row, (body, strangers)) in enumerate(zip(items, rows, bodies, strict=True)):
        source = {name: value for name, value in row.items() if name != "attributes"}
        result = said.get(place)
        if result is None or result.status == "rejected":
            reason = item.trouble if result is None else result.reason()
            shown.append(SampledRow(item.external_id, source, None, item.left_out, reason))
            continue
        left_out = item.left_out + refused_values(mapping, item.content, result.left_out)
        reason = f"No member here yet for {', '.join(strangers)}." if strangers else None
        kept = without(body, result.left_out)
        shown.append(SampledRow(item.external_id, source, kept, left_out, reason))
    return shown


def _judged(body: Mapping[str, Any], made: set[str]) -> dict[str, Any]:
    """What can be judged of a row before its run: not what that brings first."""
    row = {name: value for name, value in body.items() if name not in _LINKS}
    if "traits" in row:
        row["traits"] = {key: value for key, value in row["traits"].items() if key not in made}
    return row
