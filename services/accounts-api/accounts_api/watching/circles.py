"""What watches give others to see, and the circles that this must not close.

Segments and statuses may look at each other: membership settles. A formula in the circle would be
worked out for ever, each time from its own last value.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts_api.rules.depends import Sight
from accounts_api.watching import queries
from shared.errors import Fault, Invalid
from shared.uow import UnitOfWork

FORMULA: Final = "formula"


@dataclass(frozen=True, slots=True)
class Given:
    """What follows from a watch, as others see it."""

    name: str
    sights: frozenset[Sight]


Gives = Callable[[UnitOfWork], Awaitable[Mapping[UUID, Given]]]
Links = Mapping[UUID, AbstractSet[UUID]]
"""Watch to those whose outcome it looks at."""


async def circle_of(
    uow: UnitOfWork, watch_id: UUID, givers: Mapping[str, Gives]
) -> list[str] | None:
    """The names along a circle through this watch and a formula, if it is in one."""
    formulas = await givers[FORMULA](uow) if FORMULA in givers else {}
    if not formulas:
        return None
    given = dict(formulas)
    for kind, gives in givers.items():
        if kind != FORMULA:
            given |= await gives(uow)
    by_sight: dict[Sight, set[UUID]] = defaultdict(set)
    for giver, one in given.items():
        for sight in one.sights:
            by_sight[sight].add(giver)
    links: dict[UUID, set[UUID]] = defaultdict(set)
    wanted = sorted({sight.what for sight in by_sight})
    for seer, sight in await queries.sights_of(uow.session, uow.workspace_id, wanted):
        links[seer] |= by_sight.get(sight, set())
    circle = find_circle(watch_id, links, formulas.keys())
    return [given[one].name for one in circle] if circle else None


def find_circle(start: UUID, links: Links, through: AbstractSet[UUID]) -> list[UUID] | None:
    """The shortest way from `start` back to it that passes one of `through`; both ends are in it.

    A way that has passed and one that has not are two states of the same place.
    """
    first = (start, start in through)
    came_from: dict[tuple[UUID, bool], tuple[UUID, bool]] = {}
    waiting = [first]
    for place in waiting:
        one, passed = place
        for following in sorted(links.get(one, ())):
            reached = (following, passed or following in through)
            if following == start and reached[1]:
                return [*_way_to(place, first, came_from), start]
            if reached not in came_from and reached != first:
                came_from[reached] = place
                waiting.append(reached)
    return None


def _way_to(
    place: tuple[UUID, bool],
    first: tuple[UUID, bool],
    came_from: Mapping[tuple[UUID, bool], tuple[UUID, bool]],
) -> list[UUID]:
    way = [place]
    while way[-1] != first:
        way.append(came_from[way[-1]])
    return [one for one, _ in reversed(way)]


def refused(circle: list[str], pointer: str) -> Invalid:
    message = f"It would depend on itself: {', '.join(circle)}."
    return Invalid(faults=[Fault(pointer, "circular_formula", message, {"path": circle})])
