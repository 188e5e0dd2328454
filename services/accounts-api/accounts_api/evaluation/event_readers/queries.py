from typing import Final

from sqlalchemy import text

from shared.uow import UnitOfWork

_KEY: Final = "hashtextextended('event_readers:' || cast(cast(:workspace_id as uuid) as text), 0)"
HELD: Final = f"pg_advisory_xact_lock_shared({_KEY})"
_LOCK = text(f"select pg_advisory_xact_lock({_KEY})")
_HOLD = text(f"select {HELD}")


async def lock(uow: UnitOfWork) -> None:
    await uow.run(_LOCK)


async def hold(uow: UnitOfWork) -> None:
    await uow.run(_HOLD)
