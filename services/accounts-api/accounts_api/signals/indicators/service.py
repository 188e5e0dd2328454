"""The one way in which an indicator changes: its row, its history, what is counted of it, and what
everyone is told.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from accounts_api.evaluation.engine import service as engine
from accounts_api.records.store.hooks import RecordChange
from accounts_api.signals.indicator_definitions.rows import IndicatorDefinition
from accounts_api.signals.indicator_definitions.service import count_field, definitions_by_id
from accounts_api.signals.indicators import queries
from accounts_api.signals.indicators.queries import (
    Facts,
    facts_of,
    last_cleared,
    live_indicators,
    live_of_cause,
)
from accounts_api.signals.indicators.rows import Indicator
from accounts_api.signals.indicators.rules import IndicatorChangeKind, after, may
from shared.errors import NotFound
from shared.events.base import Event
from shared.events.signals.indicators import (
    CallToAction,
    IndicatorAddressed,
    IndicatorCleared,
    IndicatorOpened,
    IndicatorOrigin,
    IndicatorReassigned,
    IndicatorReopened,
    IndicatorSilenced,
)
from shared.ids import new_id
from shared.rules.interpreter.depends import EXISTENCE
from shared.uow import UnitOfWork

__all__ = ["Facts", "facts_of", "last_cleared", "live_indicators", "live_of_cause"]

_EVENTS: Final[dict[str, type[Event]]] = {
    "opened": IndicatorOpened,
    "reopened": IndicatorReopened,
    "addressed": IndicatorAddressed,
    "silenced": IndicatorSilenced,
    "cleared": IndicatorCleared,
    "reassigned": IndicatorReassigned,
}


class IndicatorNotFound(NotFound):
    code = "indicator_not_found"
    title = "There is no such indicator"


@dataclass(frozen=True, slots=True)
class Move:
    """One change of one indicator."""

    change: IndicatorChangeKind
    before: Indicator | None
    """None of one that is opened."""
    after: Indicator
    facts: Facts
    quiet: bool = False
    """It calls for nothing."""


def opened(
    definition: IndicatorDefinition,
    facts: Facts,
    at: datetime,
    by: IndicatorOrigin,
    **given: Any,
) -> Move:
    """`given` are fields of the indicator that are not as usual, and `quiet`."""
    quiet = given.pop("quiet", False)
    indicator = Indicator(
        id=new_id(),
        definition_id=definition.id,
        kind=definition.kind,
        severity=definition.severity,
        record_type=definition.record_type,
        record_id=facts.record_id,
        account_id=facts.account_id,
        cause=definition.key,
        state="open",
        owner_id=facts.holder_id,
        owner_by_hand=False,
        opened_by=by,
        opened_at=at,
        reason=None,
        note=None,
        silenced_until=None,
        addressed_at=None,
        addressed_by=None,
        cleared_at=None,
        cleared_by=None,
        version=1,
        created_at=at,
        updated_at=at,
    )
    return Move("opened", None, replace(indicator, **given), facts, quiet)


def changed(
    indicator: Indicator,
    change: IndicatorChangeKind,
    facts: Facts,
    *,
    quiet: bool = False,
    **given: Any,
) -> Move:
    """`given` are the fields that become others, beside the state that the change leads to."""
    if not may(change, indicator.state):
        raise AssertionError(f"an indicator that is {indicator.state} is not {change}")
    state = after(change, indicator.state)
    values: dict[str, Any] = {"state": state, "version": indicator.version + 1}
    if state != indicator.state:
        values |= dict.fromkeys(("note", "silenced_until", "cleared_at", "cleared_by"))
    if change == "reopened":
        values |= {"addressed_at": None, "addressed_by": None}
    return Move(change, indicator, replace(indicator, **(values | given)), facts, quiet)


async def apply(
    uow: UnitOfWork, definition: IndicatorDefinition, moves: Sequence[Move], at: datetime
) -> list[Move]:
    """Those that were made: of one cause a record has one live indicator, and another one is not
    opened. Moves of one indicator stand in their order, and it is locked.
    """
    openings = [move.after for move in moves if move.before is None]
    there = await queries.add_indicators(uow, openings) if openings else frozenset()
    made = [move for move in moves if move.before is not None or move.after.id in there]
    last = {move.after.id: move.after for move in made if move.before is not None}
    if last:
        await queries.store_indicators(uow, list(last.values()))
    if made:
        await queries.add_changes(uow, [_as_change(move, at) for move in made])
        await _count(uow, made, at)
        uow.publish(*(_event(definition, move, at) for move in made if move.change in _EVENTS))
    return made


async def get_indicator(uow: UnitOfWork, indicator_id: UUID, *, lock: bool = False) -> Indicator:
    found = await queries.indicator_by_id(uow, indicator_id, lock=lock)
    if found is None:
        raise IndicatorNotFound("There is no indicator with this id.")
    return found


async def changes_of(
    uow: UnitOfWork, indicator_id: UUID, after_version: int, limit: int
) -> Sequence[Any]:
    """Oldest first; one more than `limit`, if there are more."""
    return await queries.changes_page(uow, indicator_id, after_version, limit + 1)


async def follow_merges(uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]) -> None:
    """A listener of record changes: what a record had when it was merged away, its winner has, of
    each cause one.
    """
    for change in changes:
        if change.merged_into is not None:
            await _follow_merge(uow, record_type, change.id, change.merged_into)


async def _follow_merge(uow: UnitOfWork, record_type: str, loser: UUID, winner: UUID) -> None:
    live = await queries.live_of_record(uow, loser)
    if not live:
        return
    at = await uow.now()
    known = await definitions_by_id(uow, {one.definition_id for one in live})
    for definition in known:
        facts = await facts_of(uow, record_type, [loser, winner], definition.owner_key_role)
        for one in (one for one in live if one.definition_id == definition.id):
            await _hand_over(uow, definition, one, facts[loser], facts[winner], at)
    # What held of the loser may not hold of the winner.
    await engine.record_change(uow, record_type, [EXISTENCE], [winner], at)


async def _hand_over(
    uow: UnitOfWork,
    definition: IndicatorDefinition,
    indicator: Indicator,
    loser: Facts,
    winner: Facts,
    at: datetime,
) -> None:
    moved = changed(
        indicator,
        "moved",
        winner,
        record_id=winner.record_id,
        account_id=winner.account_id,
    )
    if await queries.hand_over(uow, moved.after):
        await apply(uow, definition, [moved], at)
    else:
        cleared = changed(indicator, "cleared", loser, cleared_at=at, cleared_by="merged")
        await apply(uow, definition, [cleared], at)


def _as_change(move: Move, at: datetime) -> dict[str, Any]:
    same = ("id", "version", "state", "record_id", "account_id", "owner_id")
    more = ("silenced_until", "cleared_by", "note")
    shown = {name: getattr(move.after, name) for name in (*same, *more)}
    return {**shown, "change": move.change, "effective_at": at}


async def _count(uow: UnitOfWork, moves: Collection[Move], at: datetime) -> None:
    """Open ones count; those that are addressed or silenced do not. Rules that read the counts are
    evaluated again.
    """
    more: dict[tuple[UUID, str], dict[str, int]] = defaultdict(
        lambda: {"risk": 0, "opportunity": 0}
    )
    for move in moves:
        for one, by in ((move.before, -1), (move.after, 1)):
            if one is not None and one.state == "open":
                more[one.record_id, one.record_type][one.kind] += by
    rows = [
        {
            "record_id": record_id,
            "record_type": record_type,
            "risks": by_kind["risk"],
            "opportunities": by_kind["opportunity"],
        }
        for (record_id, record_type), by_kind in more.items()
        if any(by_kind.values())
    ]
    if rows:
        await queries.count(uow, rows)
    changed_counts = {
        of: [count_field(kind) for kind, by in by_kind.items() if by]
        for of, by_kind in more.items()
        if any(by_kind.values())
    }
    names = {name for each in changed_counts.values() for name in each}
    if await engine.depended_on(uow, names):
        seen = {(record_type, id_): what for (id_, record_type), what in changed_counts.items()}
        await engine.record_each_change(uow, seen, at)


def call_of(definition: IndicatorDefinition) -> CallToAction | None:
    """None for one that cannot be read any more, too: the indicator is told all the same."""
    try:
        stored = definition.call_to_action
        return None if stored is None else CallToAction.model_validate(stored)
    except ValidationError:
        return None


def _event(definition: IndicatorDefinition, move: Move, at: datetime) -> Event:
    indicator, facts, before = move.after, move.facts, move.before
    call = None if move.quiet else call_of(definition)
    given: dict[str, Any] = {
        "indicator_id": indicator.id,
        "definition_key": definition.key,
        "title": definition.title,
        "record_name": facts.record_name,
        "account_name": facts.account_name,
        "arr": facts.arr,
        "currency": facts.currency,
        "effective_at": at,
        "opened_by": indicator.opened_by,
        "reason": (indicator.reason or {}).get("text"),
        "call_to_action": call,
        "before": None if before is None else before.state,
        "previous_owner_id": None if before is None else before.owner_id,
        "by_hand": indicator.owner_by_hand,
    }
    if move.change == "cleared":
        given["reason"] = indicator.cleared_by
    same = ("version", "definition_id", "kind", "severity", "record_type", "record_id", "cause")
    more = ("account_id", "state", "owner_id", "note", "silenced_until", "addressed_by")
    given |= {name: getattr(indicator, name) for name in (*same, *more)}
    return _EVENTS[move.change].model_validate(given)
