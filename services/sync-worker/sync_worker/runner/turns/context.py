"""One worker's turn at one connection: what it may use, and the fence around what it writes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.events.base import Cause
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.connections import service as connections
from sync_worker.connections.service import Claim, Opened
from sync_worker.connectors.base import RecordSource
from sync_worker.links.service import HttpLink
from sync_worker.runner.runs.rows import SyncRunKind
from sync_worker.runner.runs.schemas import SyncProgress

LEASE_SECONDS = 30.0


class LostLease(Exception):
    """The connection was paused or removed, or went to another worker: stop without a trace."""


@dataclass(kw_only=True)
class RunContext:
    service: Service
    claim: Claim
    run_id: UUID
    kind: SyncRunKind
    approved: bool
    started_at: datetime
    connection: Opened
    connector: RecordSource
    link: HttpLink
    cause: list[Cause]
    progress: dict[str, SyncProgress] = field(default_factory=dict)
    """By stream."""

    @asynccontextmanager
    async def commit(self) -> AsyncIterator[UnitOfWork]:
        """A transaction that takes effect only while the lease is ours. Raises `LostLease`."""
        async with self.service.units.begin(self.connection.workspace_id, self.cause) as uow:
            if not await connections.renew_lease(uow, self.claim, LEASE_SECONDS):
                raise LostLease
            yield uow

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[UnitOfWork]:
        workspace_id = self.connection.workspace_id
        async with self.service.units.begin(workspace_id, self.cause, read_only=True) as uow:
            yield uow

    def of(self, stream: str) -> SyncProgress:
        return self.progress.setdefault(stream, SyncProgress())
