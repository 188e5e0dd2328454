"""How far each service has heard the others, asked of the database in one round trip."""

import asyncio
from dataclasses import dataclass

import asyncpg

from deploy.roles import async_url
from shared.events.routes import SUBSCRIBES_TO
from shared.settings import SERVICES, ServiceName

Place = tuple[int, ...]
"""Of an event in its publisher's feed; empty before the first."""

_ENDS = " union all ".join(
    f"(select '{name}', '', xid::text || '.' || seq from {name}.events"
    " order by xid desc, seq desc limit 1)"
    for name in SERVICES
)
_HEARD = " union all ".join(
    f"select publisher, '{name}', cursor from {name}.checkpoints where shard = '0/1'"
    for name in SERVICES
)
_UNPUBLISHED = (
    "select 'partners', '', null from sync.partner_events"
    " where xid >= pg_snapshot_xmin(pg_current_snapshot())"
)
_STATE = f"select * from ({_ENDS} union all {_HEARD} union all {_UNPUBLISHED}) as feed (a, b, c)"


@dataclass(frozen=True, slots=True)
class Progress:
    ends: dict[str, Place]
    """By publisher, its last committed event."""
    heard: dict[tuple[str, str], Place]
    """By publisher and subscriber, the subscriber's checkpoint."""
    all_public: bool
    """Whether a partner's page would hold every event that was kept for partners. What was kept
    waits there, too, while an older transaction is open.
    """

    def is_behind(self, subscriber: ServiceName, publisher: ServiceName) -> bool:
        return self.heard.get((publisher, subscriber), ()) < self.ends.get(publisher, ())

    @property
    def behind(self) -> list[tuple[ServiceName, ServiceName]]:
        """Subscribers and publishers."""
        return [
            (subscriber, publisher)
            for subscriber, publishers in SUBSCRIBES_TO.items()
            for publisher in publishers
            if self.is_behind(subscriber, publisher)
        ]


class Feeds:
    """Asks as the administrator, who alone sees all schemas."""

    def __init__(self, admin_url: str, database: str) -> None:
        url = async_url(admin_url).set(drivername="postgresql", database=database)
        self._url = url.render_as_string(hide_password=False)
        self._connection: asyncpg.Connection | None = None
        self._asking = asyncio.Lock()
        """Two may wait for quiet at once, and a connection answers one question at a time."""

    async def progress(self) -> Progress:
        async with self._asking:
            if self._connection is None:
                self._connection = await asyncpg.connect(self._url)
            rows = await self._connection.fetch(_STATE)
        return Progress(
            ends={publisher: _place(at) for publisher, subscriber, at in rows if not subscriber},
            heard={
                (publisher, subscriber): _place(at)
                for publisher, subscriber, at in rows
                if subscriber
            },
            all_public=all(publisher != "partners" for publisher, _, _ in rows),
        )

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _place(cursor: str | None) -> Place:
    return tuple(map(int, cursor.split("."))) if cursor else ()
