"""Whether a service has read the feed of another one up to a place."""

from dataclasses import dataclass

from sqlalchemy import text

from shared.feed.reader import parse_cursor
from shared.settings import ServiceName
from shared.uow import UnitOfWork

_CHECKPOINTS = text(
    """
    select cursor, shard, abs(hashtext(cast(:workspace_id as uuid)::text)::bigint) as hashed
    from checkpoints where publisher = :publisher
    """
)


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    cursor: str
    shard: str
    hashed: int

    @property
    def reads_workspace(self) -> bool:
        """Shards are `number/of`; one of another group, which has a name before, does not count."""
        number, _, shards = self.shard.partition("/")
        return number.isdigit() and self.hashed % int(shards) == int(number)


async def has_read(uow: UnitOfWork, publisher: ServiceName, place: str) -> bool:
    """Of this workspace. Raises `BadRequest` for what is no place."""
    wanted = parse_cursor(place)
    known = await uow.rows(_Checkpoint, _CHECKPOINTS, publisher=publisher)
    return any(one.reads_workspace and parse_cursor(one.cursor) >= wanted for one in known)
