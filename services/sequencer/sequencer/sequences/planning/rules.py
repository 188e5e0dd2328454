"""When a step goes out. Pure: production and simulation ask the same functions."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sequencer.mail.send_windows.rules import (
    MARGIN,
    Window,
    local_day,
    next_opening,
    start_of_day,
)

SkipReason = Literal["date_passed", "later_step_due", "contract_expires", "already_sent", "manual"]


@dataclass(frozen=True, slots=True)
class PlannedStep:
    id: UUID
    day: date
    window: Window


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of one enrollment in the order of their days, and what bounds them."""

    steps: tuple[PlannedStep, ...]
    zone: ZoneInfo
    expires_at: datetime
    """The instant from which nothing may be sent."""
    floor: date | None = None
    """Steps of earlier days passed before the record entered."""

    @property
    def send_deadline(self) -> datetime:
        """Hand-overs begin before this instant or not at all."""
        return self.expires_at - MARGIN


@dataclass(frozen=True, slots=True)
class Skip:
    step_id: UUID
    reason: SkipReason
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """What an enrollment does next: skip these, then send this one at `at`; None: it is through."""

    skips: tuple[Skip, ...]
    step_id: UUID | None = None
    at: datetime | None = None


def due_instant(step: PlannedStep, zone: ZoneInfo) -> datetime | None:
    return next_opening(step.window, zone, start_of_day(step.day, zone))


def next_move(
    plan: Plan, handled: Collection[UUID], now: datetime, last_sent_at: datetime | None = None
) -> Move:
    """Decide at `now`.

    Of several steps whose time has come only the last may go, the others are skipped: never a
    burst. At most one step goes on a day of the customer. Nothing goes from `send_deadline` on.
    """
    skips: list[Skip] = []
    waiting: list[tuple[PlannedStep, datetime]] = []
    for step in plan.steps:
        if step.id in handled:
            continue
        due = due_instant(step, plan.zone) or plan.expires_at
        if plan.floor is not None and step.day < plan.floor:
            skips.append(Skip(step.id, "date_passed", due))
        else:
            waiting.append((step, due))
    come = [pair for pair in waiting if pair[1] <= now]
    skips.extend(Skip(step.id, "later_step_due", due) for step, due in come[:-1])
    return _first_possible(plan, come[-1:] + waiting[len(come) :], skips, now, last_sent_at)


def _first_possible(
    plan: Plan,
    queue: Sequence[tuple[PlannedStep, datetime]],
    skips: list[Skip],
    now: datetime,
    last_sent_at: datetime | None,
) -> Move:
    """A step that is overtaken before it may go is skipped when its time has come, not before: the
    date may still move.
    """
    hopeless: list[Skip] = []
    for position, (step, due) in enumerate(queue):
        at = _earliest(step, plan.zone, max(due, now), last_sent_at)
        overtaken = position + 1 < len(queue) and at is not None and queue[position + 1][1] <= at
        if at is not None and not overtaken and at < plan.send_deadline:
            kept = [skip for skip in hopeless if skip.due_at <= now]
            return Move((*skips, *kept), step.id, at)
        reason: SkipReason = "later_step_due" if overtaken else "contract_expires"
        hopeless.append(Skip(step.id, reason, due))
    return Move((*skips, *hopeless))


def _earliest(
    step: PlannedStep, zone: ZoneInfo, instant: datetime, last_sent_at: datetime | None
) -> datetime | None:
    at = next_opening(step.window, zone, instant)
    if at is None or last_sent_at is None:
        return at
    last_day = local_day(last_sent_at, zone)
    if local_day(at, zone) > last_day:
        return at
    return next_opening(step.window, zone, start_of_day(last_day + timedelta(days=1), zone))
