"""The features that rules belong to, and the order in which their kinds are evaluated."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from shared.events.base import Cause
from shared.rules.interpreter.depends import Dependency
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork
from shared.usages import Usage

T = TypeVar("T")

FORMULA: Final = "formula"
HEALTH: Final = "health"
METRIC: Final = "metric"
DECIDING: Final = (
    # A number of what happened and of what is stored: formulas and rules read it.
    METRIC,
    # Whether a contact is out is a field like any other to all that follow.
    "deactivation",
    # So is the trait that a formula works out.
    FORMULA,
    # So is a lifecycle status.
    "lifecycle",
    # And so are scores and labels.
    HEALTH,
    # And how many open indicators there are.
    "indicator",
)
"""Kinds of rules that decide a value of a record."""
EVALUATION_ORDER: Final = (
    # Metrics first: all that follow may read them.
    METRIC,
    "deactivation",
    FORMULA,
    # A status reads fields, and segments and assignments read statuses.
    "lifecycle",
    # A segment reads all of the above, and scores and assignments read segments.
    "segment",
    HEALTH,
    # An indicator reads what is settled, and who is in which segment.
    "indicator",
    # Last, because it hands accounts to people: it should read what is settled.
    "assignment",
)
"""Kinds of rules, those that decide what others read first. Each kind reads what the ones
before it have written in the same transaction. Where one looks the other way, at a kind that comes
later, that one's change is queued and the next batch evaluates it again.
"""


def in_order(by_kind: Mapping[str, T]) -> list[tuple[str, T]]:
    return sorted(by_kind.items(), key=lambda item: EVALUATION_ORDER.index(item[0]))


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why a record is evaluated again: since when that holds, in workspace time, and its cause."""

    at: datetime
    cause: tuple[Cause, ...]
    resumed: bool = False
    """Its account was ignored and is no longer: it is back, and nothing new happened to it."""
    timed: bool = False
    """Time alone has come: nothing that anyone wrote or worked out of it is another."""


Affected = Mapping[UUID, Mapping[UUID, Trigger]]
"""Records by rule, each with why it is evaluated."""
Evaluate = Callable[[UnitOfWork, Affected, EvaluationContext], Awaitable[int]]
"""Evaluates as of the context's instant, stores what follows and the new next changes; returns how
many verdicts differed."""
FindUsages = Callable[[UnitOfWork, Sequence[UUID], Dependency], Awaitable[Sequence[Usage]]]
Quarantine = Callable[[UnitOfWork, UUID, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Output:
    """What follows from a rule, as others see it."""

    name: str
    dependencies: frozenset[Dependency]


Outputs = Callable[[UnitOfWork], Awaitable[Mapping[UUID, Output]]]


@dataclass(frozen=True, slots=True)
class Evaluator:
    """The feature that rules of one kind belong to."""

    evaluate: Evaluate
    usages: FindUsages
    """Who among the rules sees something, as a refusal to delete it names them."""
    quarantine: Quarantine
    """Lets a rule stand still that cannot be evaluated, and shows why."""
    outputs: Outputs | None = None
    """What others can see of what its rules decide."""


@dataclass(frozen=True, slots=True)
class Evaluators:
    by_kind: Mapping[str, Evaluator]
