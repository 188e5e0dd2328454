"""What rules give others to see, and the cycles that this must not close.

A cycle of segments is refused where segments are written. A formula, a status or a deactivation in
a cycle would be worked out for ever, each time from its own last value. Such a cycle may lead by
key roles that rules always assign; among themselves these rules come to rest.
"""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from accounts_api.evaluation.engine import queries
from accounts_api.evaluation.rule_kinds.evaluators import (
    DECIDING,
    FORMULA,
    HEALTH,
    Evaluators,
    Output,
)
from shared.errors import Fault, Invalid
from shared.rules.interpreter.depends import Dependency
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Cycle:
    names: list[str]
    """From one and back to it."""
    of_formulas: bool


Links = Mapping[UUID, AbstractSet[UUID]]
"""Rule to those whose results it reads."""


async def formulas_giving(uow: UnitOfWork, what: AbstractSet[str]) -> list[UUID]:
    """The formulas whose values are among `what`."""
    outputs = uow.wired(Evaluators).by_kind[FORMULA].outputs
    given = await outputs(uow) if outputs is not None and what else {}
    return [
        rule_id
        for rule_id, output in given.items()
        if any(dependency.what in what for dependency in output.dependencies)
    ]


async def cycle_of(uow: UnitOfWork, rule_id: UUID) -> Cycle | None:
    """A cycle through this rule and one that decides a value, if it is in one."""
    given: dict[UUID, Output] = {}
    kinds: dict[UUID, str] = {}
    for kind, evaluator in uow.wired(Evaluators).by_kind.items():
        found = await evaluator.outputs(uow) if evaluator.outputs is not None else {}
        given |= found
        kinds |= dict.fromkeys(found, kind)
    by_dependency: dict[Dependency, set[UUID]] = defaultdict(set)
    for giver, one in given.items():
        for dependency in one.dependencies:
            by_dependency[dependency].add(giver)
    links: dict[UUID, set[UUID]] = defaultdict(set)
    wanted = sorted({dependency.what for dependency in by_dependency})
    for seer, dependency in await queries.dependencies_on(uow, wanted):
        # What formulas and scores do by mistake, others do to keep what they decided.
        own = {seer} if kinds.get(seer) not in {FORMULA, HEALTH} else set()
        links[seer] |= by_dependency.get(dependency, set()) - own
    deciding = {one for one, kind in kinds.items() if kind in DECIDING}
    cycle = find_cycle(rule_id, links, deciding)
    if cycle is None:
        return None
    of_formulas = any(kinds[one] == FORMULA for one in cycle)
    return Cycle([given[one].name for one in cycle], of_formulas)


def find_cycle(start: UUID, links: Links, through: AbstractSet[UUID]) -> list[UUID] | None:
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


def refused(cycle: Cycle, pointer: str) -> Invalid:
    message = f"It would depend on itself: {', '.join(cycle.names)}."
    code = "formula_cycle" if cycle.of_formulas else "rule_cycle"
    return Invalid(faults=[Fault(pointer, code, message, {"path": cycle.names})])
