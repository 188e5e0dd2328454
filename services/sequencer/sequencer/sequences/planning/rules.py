"""When a step goes out. Pure: production and simulation ask the same functions.

Everything is decided in UTC instants; wall times are turned into instants at one place.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.business_time import at_wall_time, public_holidays
from shared.values.countries import UnknownCountry, country_code

MARGIN = timedelta(seconds=60)
"""A hand-over takes up to this long, so none begins later than this before the contract ends."""
_LOOKAHEAD_DAYS = 60
_EARLIEST, _LATEST = date(1000, 1, 1), date(9000, 1, 1)

SkipReason = Literal["date_passed", "later_step_due", "contract_expires", "already_sent", "by_hand"]


@dataclass(frozen=True, slots=True)
class Window:
    """When a mail may go: wall times of the weekdays (1 is Monday). `end` 00:00 is midnight."""

    start: time = time(9)
    end: time = time(17)
    weekdays: frozenset[int] = frozenset({1, 2, 3, 4, 5})
    country: str | None = None
    """ISO 3166 country whose public holidays are no days to write on."""

    def has(self, day: date) -> bool:
        if day.isoweekday() not in self.weekdays:
            return False
        return self.country is None or day not in _holidays(self.country, day.year)


@lru_cache(maxsize=512)
def _holidays(country: str, year: int) -> frozenset[date]:
    try:
        return public_holidays(country_code(country), year)
    except UnknownCountry:  # stored before it would have been refused; the preview tells of it
        return frozenset()


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
    def last_start(self) -> datetime:
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


def reckonable(day: date) -> date:
    """A stored day may stand at the ends of the calendar, as the empty date of .NET does in the
    year 1, where no offset and no zone can be added. The nearest day that can be reckoned with is
    as long over, or as far away.
    """
    return min(max(day, _EARLIEST), _LATEST)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    return at_wall_time(reckonable(day), time(0), zone)


def expiry(expiration: date, zones: Iterable[ZoneInfo]) -> datetime:
    """A contract is over when its expiration day begins, in the first zone where it does."""
    return min(start_of_day(expiration, zone) for zone in zones)


def last_start(expiration: date | None, zones: Iterable[ZoneInfo]) -> datetime | None:
    """Hand-overs begin before this instant or not at all; None without an expiration."""
    return None if expiration is None else expiry(expiration, zones) - MARGIN


def local_day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def next_opening(window: Window, zone: ZoneInfo, instant: datetime) -> datetime | None:
    """`instant` itself inside the window, else when it next opens; None: not in two months."""
    today = local_day(instant, zone)
    for ahead in range(-1, _LOOKAHEAD_DAYS):
        day = today + timedelta(days=ahead)
        if not window.has(day):
            continue
        opens = at_wall_time(day, window.start, zone)
        end_day = day if window.end > window.start else day + timedelta(days=1)
        closes = at_wall_time(end_day, window.end, zone)
        if opens < closes and instant < closes:
            return max(opens, instant.astimezone(UTC))
    return None


def due_instant(step: PlannedStep, zone: ZoneInfo) -> datetime | None:
    return next_opening(step.window, zone, start_of_day(step.day, zone))


def next_move(
    plan: Plan, handled: Collection[UUID], now: datetime, last_sent_at: datetime | None = None
) -> Move:
    """Decide at `now`.

    Of several steps whose time has come only the last may go, the others are skipped: never a
    burst. At most one step goes on a day of the customer. Nothing goes from `last_start` on.
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
        if at is not None and not overtaken and at < plan.last_start:
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
