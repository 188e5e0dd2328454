"""What a handover may say."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts_api.automation.assignments.rules import Choice
from shared.errors import Fault


@dataclass(frozen=True, slots=True)
class Plan:
    """Who takes each key role; None: nobody."""

    by_role: Mapping[str, Choice | None]

    @property
    def named(self) -> frozenset[UUID]:
        return frozenset(
            member for choice in self.by_role.values() if choice for member in choice.named
        )


def choice_of(successor: Mapping[str, Any]) -> Choice | None:
    if successor["unassigned"]:
        return None
    member, pool = successor["member_id"], successor["pool"]
    named = tuple(dict.fromkeys(UUID(str(one)) for one in pool))
    return Choice(None if member is None else UUID(str(member)), successor["algorithm"], named)


def faults_of(
    successor: Mapping[str, Any], pointer: str, leaver: UUID, active: Collection[UUID]
) -> Iterator[Fault]:
    ways = [
        successor["member_id"] is not None,
        successor["algorithm"] is not None,
        bool(successor["unassigned"]),
    ]
    if sum(ways) != 1:
        message = "Say one of `member_id`, `algorithm` with a `pool`, or `unassigned`."
        yield Fault(pointer, "one_successor", message)
    if successor["algorithm"] is not None and not successor["pool"]:
        yield Fault(f"{pointer}/pool", "required", "An algorithm chooses among these.")
    if successor["algorithm"] is None and successor["pool"]:
        yield Fault(f"{pointer}/pool", "no_algorithm", "A pool goes with an algorithm.")
    named = {f"{pointer}/pool/{place}": one for place, one in enumerate(successor["pool"])}
    if successor["member_id"] is not None:
        named[f"{pointer}/member_id"] = successor["member_id"]
    for where, one in named.items():
        if one == leaver:
            yield Fault(where, "is_leaving", "This is who hands over.")
        elif one not in active:
            yield Fault(where, "unknown_member", "There is no such active member.")
