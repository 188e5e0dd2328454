"""The walk of an indicator through its states."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.events.signals.indicators import IndicatorState
from shared.value_types import literals

IndicatorChangeKind = TypeAliasType(
    "IndicatorChangeKind",
    Annotated[
        Literal["opened", "reopened", "addressed", "silenced", "cleared", "reassigned", "moved"],
        Field(
            description="What happened to an indicator. `reassigned`: it has another owner."
            " `moved`: its record was merged into another, or belongs to another account."
        ),
    ],
)
CHANGES: Final[tuple[IndicatorChangeKind, ...]] = literals(IndicatorChangeKind)
STATES: Final[tuple[IndicatorState, ...]] = literals(IndicatorState)
LIVE: Final[frozenset[IndicatorState]] = frozenset({"open", "addressed", "silenced"})
_FROM: Final[Mapping[IndicatorChangeKind, frozenset[IndicatorState]]] = {
    "opened": frozenset(),
    "reopened": frozenset({"silenced", "cleared"}),
    "addressed": frozenset({"open"}),
    "silenced": LIVE,
    "cleared": LIVE,
    "reassigned": LIVE,
    "moved": frozenset(STATES),
}
_TO: Final[Mapping[IndicatorChangeKind, IndicatorState]] = {
    "opened": "open",
    "reopened": "open",
    "addressed": "addressed",
    "silenced": "silenced",
    "cleared": "cleared",
}


def may(change: IndicatorChangeKind, state: IndicatorState) -> bool:
    """Whether an indicator in this state may change so."""
    return state in _FROM[change]


def after(change: IndicatorChangeKind, state: IndicatorState) -> IndicatorState:
    """The state that a change leads to."""
    return _TO.get(change, state)
