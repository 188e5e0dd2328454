"""What watches give others to see, and the circles that this must not close.

A circle of segments is refused where segments are written. A formula, a status or a deactivation in
a circle would be worked out for ever, each time from its own last value. Such a circle may lead by
key roles that rules always assign; among themselves these rules come to rest.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts_api.evaluation.engine import queries
from accounts_api.language.rules.depends import Sight
from shared.errors import Fault, Invalid
from shared.uow import UnitOfWork

FORMULA: Final = "formula"
DECIDING: Final = frozenset({FORMULA, "lifecycle", "deactivation"})
"""Kinds of watches that decide a value of a record."""


@dataclass(frozen=True, slots=True)
class Given:
    """What follows from a watch, as others see it."""

    name: str
    sights: frozenset[Sight]


@dataclass(frozen=True, slots=True)
class Circle:
    names: list[str]
    """From one and back to it."""
    of_formulas: bool


Gives = Callable[[UnitOfWork], Awaitable[Mapping[UUID, Given]]]
Links = Mapping[UUID, AbstractSet[UUID]]
"""Watch to those whose outcome it looks at."""


async def circle_of(uow: UnitOfWork, rule_id: UUID, givers: Mapping[str, Gives]) -> Circle | None:
    """A circle through this watch and one that decides a value, if it is in one."""
    given: dict[UUID, Given] = {}
    kinds: dict[UUID, str] = {}
    for kind, gives in givers.items():
        found = await gives(uow)
        given |= found
        kinds |= dict.fromkeys(found, kind)
    by_sight: dict[Sight, set[UUID]] = defaultdict(set)
    for giver, one in given.items():
        for sight in one.sights:
            by_sight[sight].add(giver)
    links: dict[UUID, set[UUID]] = defaultdict(set)
    wanted = sorted({sight.what for sight in by_sight})
    for seer, sight in await queries.sights_of(uow.session, uow.workspace_id, wanted):
        # What only a formula does by mistake, others do to keep what they decided.
        own = {seer} if kinds.get(seer) != FORMULA else set()
        links[seer] |= by_sight.get(sight, set()) - own
    deciding = {one for one, kind in kinds.items() if kind in DECIDING}
    circle = find_circle(rule_id, links, deciding)
    if circle is None:
        return None
    of_formulas = any(kinds[one] == FORMULA for one in circle)
    return Circle([given[one].name for one in circle], of_formulas)


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


def refused(circle: Circle, pointer: str) -> Invalid:
    message = f"It would depend on itself: {', '.join(circle.names)}."
    code = "formula_cycle" if circle.of_formulas else "rule_cycle"
    return Invalid(faults=[Fault(pointer, code, message, {"path": circle.names})])
