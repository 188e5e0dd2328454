"""The customer records, which belong to the accounts service: written in batches, with a word back
for each row.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from shared.events.base import Cause
from shared.service import Service
from sync_worker.records import client
from sync_worker.records.client import AccountsAway, RowResult

__all__ = ["AccountsAway", "RowResult"]

RecordType = Literal["member", "account", "contact", "opportunity"]
BATCH = 500
_PLURALS: Mapping[str, client.Plural] = {
    "account": "accounts",
    "contact": "contacts",
    "opportunity": "opportunities",
}
_TRIES = 4
_MEMBERS_AT_ONCE = 4

DELETED_BY_PERSON = "deleted_by_person"
"""What a person deleted stays away until a person brings it back."""


async def write(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    record_type: RecordType,
    rows: Sequence[Mapping[str, Any]],
) -> list[RowResult]:
    """Upsert rows by their `external_id`; one result each. Writing the same again changes nothing,
    so a batch whose answer was lost is simply sent again. Raises `AccountsAway`.
    """
    if record_type == "member":
        return await _write_members(service, workspace_id, cause, rows)
    plural = _PLURALS[record_type]
    results: list[RowResult] = []
    for at in range(0, len(rows), BATCH):
        batch = rows[at : at + BATCH]
        results += await _patiently(service, workspace_id, cause, plural, batch)
    return results


async def _patiently(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    plural: client.Plural,
    rows: Sequence[Mapping[str, Any]],
) -> list[RowResult]:
    for attempt in range(_TRIES - 1):
        try:
            return await client.bulk(service, workspace_id, cause, plural, rows)
        except AccountsAway:
            await asyncio.sleep(service.settings.outside_retry_seconds * 2**attempt)
    return await client.bulk(service, workspace_id, cause, plural, rows)


async def _write_members(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    rows: Sequence[Mapping[str, Any]],
) -> list[RowResult]:
    turns = asyncio.Semaphore(_MEMBERS_AT_ONCE)

    async def one(row: Mapping[str, Any]) -> RowResult:
        fields = {k: v for k, v in row.items() if k not in {"external_id", "source"}}
        async with turns:
            return await client.put_member(service, workspace_id, cause, row["external_id"], fields)

    return list(await asyncio.gather(*(one(row) for row in rows)))


async def ensure_traits(
    service: Service,
    workspace_id: UUID,
    cause: Sequence[Cause],
    traits: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Make trait definitions that are missing; what stood in the way, if anything did."""
    refusals = []
    for trait in traits:
        refusal = await client.add_trait(service, workspace_id, cause, trait)
        if refusal is not None:
            refusals.append(f"{trait['record_type']} trait {trait['key']}: {refusal}")
    return refusals
