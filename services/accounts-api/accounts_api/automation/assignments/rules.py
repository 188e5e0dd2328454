"""Whom a pool gives next: plain values in, a member out, the same for the same values."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

AssignmentAlgorithm = TypeAliasType(
    "AssignmentAlgorithm",
    Annotated[
        Literal["fewest_accounts", "least_managed_revenue", "round_robin"],
        Field(description="How one of several members is chosen for an account."),
    ],
)
AssignmentPolicy = TypeAliasType(
    "AssignmentPolicy",
    Annotated[
        Literal["when_empty", "always"],
        Field(
            description="When an assignment rule decides: only where nobody holds the key role, or"
            " always."
        ),
    ],
)


@dataclass(slots=True)
class Load:
    """What a member who can be chosen carries in one key role. `revenue` is in minor units."""

    member_id: UUID
    name: str
    accounts: int = 0
    revenue: int = 0

    def add(self, revenue: int) -> None:
        self.accounts += 1
        self.revenue += revenue

    def remove(self, revenue: int) -> None:
        self.accounts -= 1
        self.revenue -= revenue

    @property
    def by_name(self) -> tuple[str, str, UUID]:
        return self.name.casefold(), self.name, self.member_id


def choose(
    algorithm: AssignmentAlgorithm,
    pool: Sequence[UUID],
    last: UUID | None,
    loads: Mapping[UUID, Load],
) -> UUID | None:
    """The next of the pool among those in `loads`, who are still here. Ties go to the first by
    name, then by id; a round robin goes on behind `last`, or begins anew when that one is no longer
    in the pool. None: nobody is left.
    """
    there = [loads[member] for member in pool if member in loads]
    if not there:
        return None
    match algorithm:
        case "fewest_accounts":
            return min(there, key=lambda one: (one.accounts, one.by_name)).member_id
        case "least_managed_revenue":
            return min(there, key=lambda one: (one.revenue, one.by_name)).member_id
        case "round_robin":
            start = pool.index(last) + 1 if last in pool else 0
            turn = [*pool[start:], *pool[:start]]
            return next(member for member in turn if member in loads)


@dataclass(frozen=True, slots=True)
class Choice:
    """One member, or one of a pool by an algorithm."""

    member_id: UUID | None
    algorithm: AssignmentAlgorithm | None
    pool: tuple[UUID, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it asks what the members of the pool hold already."""
        return self.algorithm in {"fewest_accounts", "least_managed_revenue"}

    @property
    def named(self) -> frozenset[UUID]:
        return frozenset(self.pool if self.member_id is None else [self.member_id])


@dataclass(slots=True)
class Distribution:
    """Gives accounts away one after the other: each counts for the next.

    `loads` holds those who are still here, `last` whose turn it was, by what is chosen for.
    """

    loads: Mapping[UUID, Load]
    last: dict[UUID, UUID | None] = field(default_factory=dict)

    def give(self, key: UUID, choice: Choice, revenue: int) -> UUID | None:
        """Who takes an account, by the choice that `key` stands for."""
        if choice.algorithm is None:
            taker = choice.member_id if choice.member_id in self.loads else None
        else:
            taker = choose(choice.algorithm, choice.pool, self.last.get(key), self.loads)
        if taker is not None:
            self.last[key] = taker
            self.loads[taker].add(revenue)
        return taker

    def release(self, holders: Collection[UUID], revenue: int) -> None:
        for holder in holders:
            if holder in self.loads:
                self.loads[holder].remove(revenue)


def keeps(
    policy: AssignmentPolicy, choice: Choice, holders: Collection[UUID], here: Collection[UUID]
) -> bool:
    """Whether an account stays with its holders; those who are not `here` have left and count for
    nobody.
    """
    present = [holder for holder in holders if holder in here]
    if policy == "when_empty":
        return bool(present)
    return any(holder in choice.named for holder in present)
