"""Lets rows of other systems have their effect, for the runner that reads them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.uow import UnitOfWork
from sync_worker.connectors.base import BY_IDS, Row, Stream
from sync_worker.crm_sync.inbound.apply_rows import apply_rows
from sync_worker.crm_sync.inbound.context import SyncRunContext
from sync_worker.crm_sync.records.fits import fit_mapping
from sync_worker.crm_sync.source_records import service as source_records
from sync_worker.crm_sync.source_records.rules import State
from sync_worker.crm_sync.translation.document import hidden_fields
from sync_worker.runner.streams import service as streams
from sync_worker.runner.streams.service import KeepPlace


@dataclass(frozen=True)
class RecordTaker:
    context: SyncRunContext

    async def stream(self, name: str, *, anew: bool) -> Stream | None:
        """A stream that our user cannot see is noted in the run."""
        context = self.context
        progress = context.of(name)
        schema = await streams.schema_of(
            context.service, context.connection, context.connector, context.link, name, anew=anew
        )
        if schema is None:
            title = context.connector.spec.title
            progress.note = f"{title} does not show this object to the connected user."
            progress.done = True
            return None
        kind = context.type_of(name)
        mapping = context.mapping.of(name)
        if mapping is None:
            return Stream(kind, schema)
        fit = await fit_mapping(
            context.records,
            mapping,
            schema,
            make=context.kind == "full",
            currency=context.connection.currency,
        )
        context.fitted[name] = fit.mapping
        notes = [message for _, _, message in fit.faults]
        hidden = hidden_fields(fit.mapping, schema.names)
        if hidden:
            notes.append(f"Hidden or gone, left as they are here: {', '.join(hidden)}.")
        progress.note = " ".join(notes) or progress.note
        seen = set(schema.names)
        wanted = dict.fromkeys(each.source for each in fit.mapping.fields)
        return Stream(kind, schema, tuple(each for each in wanted if each in seen))

    async def take(
        self, stream: Stream, rows: Sequence[Row], scan_id: UUID | None, keep: KeepPlace
    ) -> None:
        await apply_rows(self.context, stream, rows, scan_id=scan_id, keep=keep)

    async def mark_absent(self, uow: UnitOfWork, stream: str, scan_id: UUID) -> None:
        """Members are not ended: who left says so."""
        if self.context.becomes(stream) == "member":
            return
        where = uow, self.context.connection.id, stream
        joined = await source_records.mark_absent_for_deletion(
            *where, scan_id, self._state_of_gone(stream)
        )
        await self._make_joined_stale(uow, stream, joined)

    async def mark_gone(self, uow: UnitOfWork, stream: str, ids: Sequence[str]) -> None:
        where = uow, self.context.connection.id, stream
        joined = await source_records.mark_for_deletion(*where, ids, self._state_of_gone(stream))
        await self._make_joined_stale(uow, stream, joined)

    async def read_again(self, name: str) -> None:
        """Rows that were refused before and whose time has come, and rows whose surroundings
        changed: read anew, each by its id.
        """
        context = self.context
        stream = await self.stream(name, anew=False)
        if stream is None:
            return
        seen: set[str] = set()
        while True:
            async with context.read_only() as uow:
                where = uow, context.connection.id, name
                found = await source_records.records_to_read_again(
                    *where, context.started_at, BY_IDS
                )
            ids = [each for each in found if each not in seen]
            if not ids:
                return
            seen.update(ids)
            rows = await context.connector.by_ids(context.link, stream, ids)
            await apply_rows(context, stream, rows, again=True)
            purged = set(ids) - {row.id for row in rows}
            if purged:
                async with context.commit() as uow:
                    where = uow, context.connection.id, name
                    await source_records.mark_for_deletion(
                        *where, sorted(purged), "pending_deletion"
                    )

    def _state_of_gone(self, stream: str) -> State:
        """A record ends after the run has seen how many do; an association just ends."""
        return "pending_deletion" if self.context.type_of(stream).joins is None else "deleted"

    async def _make_joined_stale(self, uow: UnitOfWork, stream: str, joined: Sequence[str]) -> None:
        other = self.context.type_of(stream).joins
        if other is not None:
            where = uow, self.context.connection.id, other
            await source_records.make_stale(*where, joined)
