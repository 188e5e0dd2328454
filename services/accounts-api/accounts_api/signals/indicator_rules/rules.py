"""What becomes of a record's indicators: plain values in, the same answer for the same values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts_api.signals.indicator_definitions.rows import IndicatorDefinition
from accounts_api.signals.indicators.rows import Indicator
from shared.events.signals.indicators import IndicatorClearReason


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a record when its indicators of one definition are evaluated."""

    matched: bool
    """By the rule; a deleted record matches nothing."""
    deleted: bool
    live: Sequence[Indicator]
    held_since: datetime | None
    """Since when the rule has held, of a record that waits for it to have held long enough."""
    rule_changes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    opens: bool
    reopened: Sequence[Indicator]
    cleared: Sequence[tuple[Indicator, IndicatorClearReason]]
    held_since: datetime | None
    """Of a record that waits."""
    next_change_at: datetime | None


def decide(definition: IndicatorDefinition, seen: Seen, now: datetime) -> Decision:
    """What a rule opened it clears; what a person opened ends by hand, or with its record."""
    if seen.deleted or definition.archived_at is not None:
        why: IndicatorClearReason = "deleted" if seen.deleted else "archived"
        return Decision(False, (), [(one, why) for one in seen.live], None, None)
    cleared: list[tuple[Indicator, IndicatorClearReason]] = []
    kept: list[Indicator] = []
    for one in seen.live:
        if one.opened_by == "rule" and not seen.matched:
            cleared.append((one, "rule"))
        else:
            kept.append(one)
    silent = [(one, one.silenced_until) for one in kept if one.silenced_until is not None]
    reopened = [one for one, until in silent if until <= now]
    instants = [until for _, until in silent if until > now]
    waits = seen.matched and all(one.cause != definition.key for one in kept)
    since, opens = None, False
    if waits:
        since = seen.held_since or now
        opens = since + definition.hold <= now
        if not opens:
            instants.append(since + definition.hold)
    if seen.rule_changes_at is not None:
        instants.append(seen.rule_changes_at)
    return Decision(opens, reopened, cleared, None if opens else since, min(instants, default=None))


def comes_back(
    definition: IndicatorDefinition, cleared: Indicator | None, now: datetime
) -> Indicator | None:
    """The indicator that is open again in place of a new one: it was cleared not long ago, or came
    back with its record.
    """
    if cleared is None or cleared.cleared_at is None or cleared.opened_by != "rule":
        return None
    if cleared.cleared_by == "deleted":
        return cleared
    soon = timedelta(days=definition.reopen_after_days or 0)
    return cleared if cleared.cleared_at + soon >= now and soon else None
