"""The customer records, which belong to the accounts service: written in batches, with a word back
for each row.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from shared.events.base import Cause
from shared.logging import get_logger
from shared.service import Service
from sync_worker.crm_sync.records import client
from sync_worker.crm_sync.records.client import (
    AccountsAway,
    AccountsFailed,
    QuietBatch,
    RowResult,
    Trait,
)
from sync_worker.crm_sync.records.rules import Row, trimmed, without

__all__ = ["AccountsAway", "QuietBatch", "Records", "RowResult", "Trait", "without"]

log = get_logger(__name__)

RecordType = Literal["member", "account", "contact", "opportunity"]
BATCH = 500
_PLURALS: Mapping[str, client.Plural] = {
    "account": "accounts",
    "contact": "contacts",
    "opportunity": "opportunities",
}
_TRIES = 4
_MEMBERS_AT_ONCE = 4
_MOST_FAILURES = 200
"""Of batches in one write: when more fail, it is not for their rows."""
_MOST_ROUNDS = 4
"""How often a row is written again without what did not fit: a first fault can hide others."""

_NOT_OF_MEMBERS: Final = frozenset({"external_id", "source", "effective_at"})
"""What they were is not kept: the service would refuse to be told since when they are so."""

DELETED_BY_PERSON = "deleted_by_person"
"""What a person deleted stays away until a person brings it back."""

Send = Callable[[Sequence[Row]], Awaitable[list[RowResult]]]


@dataclass(frozen=True)
class Records:
    """The records of a workspace, for one who writes them on behalf of `cause`."""

    service: Service
    workspace_id: UUID
    cause: Sequence[Cause]
    quiet: QuietBatch | None = None

    async def write(self, record_type: RecordType, rows: Sequence[Row]) -> list[RowResult]:
        """Upsert rows by their `external_id`; one result each. A value that does not fit is left
        out, a row that the accounts service fails on is refused: neither costs another row.

        Writing the same again changes nothing, so a batch whose answer was lost is simply sent
        again. Raises `AccountsAway`.
        """
        send = self._members if record_type == "member" else self._bulk(record_type)
        return await _without_misfits(send, rows)

    async def preview(self, record_type: RecordType, rows: Sequence[Row]) -> list[RowResult]:
        """What `write` would answer; nothing is stored. Of members nothing is known before."""
        if record_type == "member":
            return [RowResult(status="unchanged") for _ in rows]
        return await _without_misfits(self._bulk(record_type, dry_run=True), rows)

    async def traits(self, record_type: RecordType) -> dict[str, Trait]:
        if record_type == "member":
            return {}
        found = await client.traits(self.service, self.workspace_id, self.cause, record_type)
        return {each.key: each for each in found}

    async def key_roles(self) -> frozenset[str]:
        return frozenset(await client.key_roles(self.service, self.workspace_id, self.cause))

    async def add_traits(self, traits: Sequence[Mapping[str, Any]]) -> None:
        """One that cannot be made shows at the rows."""
        for trait in traits:
            try:
                args = self.service, self.workspace_id, self.cause, trait
                refusal = await client.add_trait(*args)
            except AccountsFailed as error:
                refusal = str(error)
            if refusal is not None:
                log.warning("trait not made", key=trait["key"], reason=refusal)

    def _bulk(self, record_type: RecordType, *, dry_run: bool = False) -> Send:
        args = self.service, self.workspace_id, self.cause, _PLURALS[record_type]
        return _Bulk(*args, dry_run=dry_run, quiet=self.quiet).send

    async def _members(self, rows: Sequence[Row]) -> list[RowResult]:
        turns = asyncio.Semaphore(_MEMBERS_AT_ONCE)

        async def one(row: Row) -> RowResult:
            fields = {k: v for k, v in row.items() if k not in _NOT_OF_MEMBERS}
            args = self.service, self.workspace_id, self.cause, row["external_id"], fields
            async with turns:
                try:
                    return await client.put_member(*args)
                except AccountsFailed as error:
                    return RowResult(status="rejected", message=str(error))

        return list(await asyncio.gather(*(one(row) for row in rows)))


@dataclass
class _Bulk:
    """Sends rows in batches, and finds the row that the accounts service fails on."""

    service: Service
    workspace_id: UUID
    cause: Sequence[Cause]
    plural: client.Plural
    dry_run: bool
    quiet: QuietBatch | None
    failures: int = 0

    async def send(self, rows: Sequence[Row]) -> list[RowResult]:
        results: list[RowResult] = []
        for at in range(0, len(rows), BATCH):
            results += await self._batch(rows[at : at + BATCH])
        return results

    async def _batch(self, rows: Sequence[Row]) -> list[RowResult]:
        try:
            return await self._patiently(rows)
        except AccountsFailed as error:
            self.failures += 1
            if self.failures > _MOST_FAILURES:
                raise
            if len(rows) == 1:
                return [RowResult(status="rejected", message=str(error))]
        middle = len(rows) // 2
        return await self._batch(rows[:middle]) + await self._batch(rows[middle:])

    async def _patiently(self, rows: Sequence[Row]) -> list[RowResult]:
        args = self.service, self.workspace_id, self.cause, self.plural, rows
        for attempt in range(1, _TRIES):
            try:
                return await client.bulk(*args, dry_run=self.dry_run, quiet=self.quiet)
            except AccountsFailed:
                raise
            except AccountsAway:
                pause = self.service.settings.outside_retry_seconds * 2 ** (attempt - 1)
                await asyncio.sleep(pause)
        return await client.bulk(*args, dry_run=self.dry_run, quiet=self.quiet)


async def _without_misfits(send: Send, rows: Sequence[Row]) -> list[RowResult]:
    results = await send(rows)
    rest = dict(enumerate(rows))
    for _ in range(_MOST_ROUNDS):
        again = {
            place: made
            for place, row in rest.items()
            if results[place].status == "rejected"
            and (made := trimmed(row, results[place].errors)) is not None
        }
        if not again:
            return results
        said = await send([made.row for made in again.values()])
        for (place, made), result in zip(again.items(), said, strict=True):
            result.left_out = {**results[place].left_out, **made.left_out, **result.left_out}
            results[place], rest[place] = result, made.row
        rest = {place: rest[place] for place in again}
    return results
