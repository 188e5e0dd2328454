"""What must happen when a workspace changes the shape of its records, without the features that
change it knowing whose need it is: `wiring.py` names those above.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class ShapeHooks:
    on_change: Sequence[Callable[[UnitOfWork], Awaitable[None]]]
    """Called after a trait or an object type was made, changed or removed."""


async def notify_of_shape(uow: UnitOfWork) -> None:
    for follow in uow.wired(ShapeHooks).on_change:
        await follow(uow)
