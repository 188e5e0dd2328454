"""Our side of a connector under test: a real connection, and what is asked over its link."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sync_worker.connections import service as connections
from sync_worker.connectors.base import (
    Checkpoint,
    Mode,
    Page,
    RecordConnector,
    Row,
    Stream,
    StreamSchema,
)
from sync_worker.links.service import HttpLink
from tests.connectors.conformance.far import Case, Far
from tests.harness import Tenure, Workspace


@dataclass
class Near:
    tenure: Tenure
    ws: Workspace
    case: Case
    far: Far
    connection_id: UUID
    link: HttpLink
    stream: Stream = field(init=False)

    @classmethod
    async def connected(cls, tenure: Tenure, case: Case, far: Far) -> "Near":
        ws = await tenure.workspace()
        service = tenure.workers["sync"]
        data = case.connector.spec.settings.model_validate(far.settings)
        async with service.units.begin(ws.id, []) as uow:
            made = await connections.create_connection(uow, service.secrets, data)
            opened = await connections.open_connection(uow, service.secrets, made.id)
        near = cls(tenure, ws, case, far, made.id, HttpLink(service, opened, case.connector))
        near.stream = await near.looked_at()
        return near

    @property
    def connector(self) -> RecordConnector:
        return self.case.connector

    async def looked_at(self) -> Stream:
        """The stream as it looks now, every field of it wanted."""
        schema = await self.connector.describe(self.link, self.far.stream, None)
        kind = self.connector.spec.stream(self.far.stream)
        assert isinstance(schema, StreamSchema)
        assert kind is not None
        return Stream(kind, schema, schema.names)

    async def let_time_pass(self) -> None:
        """Until what happened there shows, and the link has heard their clock since."""
        self.far.let_time_pass()
        await self.looked_at()

    async def pages(self, at: Checkpoint | None, mode: Mode) -> list[Page]:
        return [page async for page in self.connector.read(self.link, self.stream, at, mode)]

    async def everything(self) -> tuple[dict[str, str], Checkpoint]:
        """The name of each live row by a backfill, and where it ended."""
        pages = await self.pages(None, "backfill")
        return names_of(self, rows_of(pages)), pages[-1].checkpoint

    async def changed(self, at: Checkpoint) -> tuple[dict[str, Row], Checkpoint]:
        """The last row of each record that changed since, and where to go on."""
        pages = await self.pages(at, "changes")
        found = {row.id: row for row in rows_of(pages)}
        return found, pages[-1].checkpoint if pages else at

    async def pause(self) -> None:
        service = self.tenure.workers["sync"]
        async with service.units.begin(self.ws.id, []) as uow:
            await connections.pause_connection(uow, self.connection_id)


def rows_of(pages: Sequence[Page]) -> list[Row]:
    return [row for page in pages for row in page.rows]


def names_of(near: Near, rows: Sequence[Row]) -> dict[str, str]:
    """Of those that are there; a later row of a record counts."""
    found: dict[str, str] = {}
    for row in rows:
        found.pop(row.id, None)
        if row.state == "live":
            found[row.id] = str(row.values.get(near.case.name_field))
    return found
