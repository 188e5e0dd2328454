"""When a step goes out: the planner's promises over zones, clock changes and jumping clocks."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.mail.send_windows.rules import (
    MARGIN,
    Window,
    expiry,
    local_day,
    next_opening,
    start_of_day,
)
from sequencer.sequences.planning.rules import Plan, PlannedStep, next_move
from tests.sequencer.sequences.planning.making import zones

NAMESPACE = UUID("0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b1d")
# Zones whose clocks change at midnight, by half an hour, that are far east or far west.
WEEK = frozenset({1, 2, 3, 4, 5})

days = st.dates(date(2025, 1, 1), date(2032, 12, 31))
wall_times = st.times().map(lambda t: t.replace(second=0, microsecond=0, tzinfo=None))
windows = st.builds(
    lambda a, b, weekdays: Window(min(a, b), max(a, b), frozenset(weekdays)),
    wall_times,
    wall_times,
    st.sets(st.integers(1, 7), min_size=1),
)


def step_id(offset: int) -> UUID:
    return uuid5(NAMESPACE, str(offset))


def plan(
    anchor: date,
    *offsets: int,
    zone: str | ZoneInfo = "UTC",
    window: Window | None = None,
    floor: date | None = None,
    others: tuple[ZoneInfo, ...] = (),
) -> Plan:
    where = ZoneInfo(zone) if isinstance(zone, str) else zone
    steps = tuple(
        PlannedStep(step_id(offset), anchor + timedelta(days=offset), window or Window())
        for offset in sorted(offsets)
    )
    return Plan(steps, where, expiry(anchor, (where, *others)), floor)


def at(day: date, hour: int = 10, zone: str = "UTC") -> datetime:
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


ANCHOR = date(2026, 6, 1)  # a Monday


def test_the_next_step_is_due_when_the_window_of_its_day_opens() -> None:
    move = next_move(plan(ANCHOR, -90, -60), (), at(date(2026, 2, 1)))
    assert (move.step_id, move.at) == (step_id(-90), at(date(2026, 3, 3), 9))


def test_a_step_on_a_weekend_goes_on_the_monday_after() -> None:
    move = next_move(plan(ANCHOR, -30), (), at(date(2026, 4, 1)))
    assert ANCHOR - timedelta(days=30) == date(2026, 5, 2)  # a Saturday
    assert move.at == at(date(2026, 5, 4), 9)


def test_of_several_steps_whose_time_has_come_only_the_last_goes() -> None:
    move = next_move(plan(ANCHOR, -90, -60, -30, -14), (), at(date(2026, 5, 5)))
    assert [skip.step_id for skip in move.skips] == [step_id(-90), step_id(-60)]
    assert {skip.reason for skip in move.skips} == {"later_step_due"}
    assert (move.step_id, move.at) == (step_id(-30), at(date(2026, 5, 5)))


def test_who_enters_by_hand_late_does_not_get_steps_of_past_days() -> None:
    today = date(2026, 5, 12)
    move = next_move(plan(ANCHOR, -90, -60, -30, -14, floor=today), (), at(today))
    assert [skip.reason for skip in move.skips] == ["date_passed"] * 3
    assert move.step_id == step_id(-14)


def test_a_step_of_today_still_goes_to_who_enters_today() -> None:
    today = ANCHOR - timedelta(days=20)  # a Tuesday
    move = next_move(plan(ANCHOR, -20, floor=today), (), at(today, 12))
    assert (move.step_id, move.at) == (step_id(-20), at(today, 12))


def test_only_one_mail_a_day() -> None:
    sent = at(date(2026, 5, 4), 9)
    move = next_move(plan(ANCHOR, -30, -28), [step_id(-30)], at(date(2026, 5, 4), 15), sent)
    assert (move.step_id, move.at) == (step_id(-28), at(date(2026, 5, 5), 9))


def test_a_step_that_can_only_go_when_the_next_is_due_gives_way_to_it() -> None:
    # Saturday's step would go on Monday, which is the day of the next one.
    move = next_move(plan(ANCHOR, -30, -28), (), at(date(2026, 5, 2)))
    assert (move.step_id, move.skips) == (step_id(-28), ())
    move = next_move(plan(ANCHOR, -30, -28), (), at(date(2026, 5, 4)))
    assert [skip.step_id for skip in move.skips] == [step_id(-30)]


def test_nothing_goes_on_the_expiration_day() -> None:
    # Friday's window has closed; the next opening is Monday, the day of the expiration.
    move = next_move(plan(ANCHOR, -3), (), at(date(2026, 5, 29), 18))
    assert move.step_id is None
    assert [skip.reason for skip in move.skips] == ["contract_expires"]


def test_the_contract_is_over_first_where_its_day_begins_first() -> None:
    auckland, honolulu = ZoneInfo("Pacific/Auckland"), ZoneInfo("Pacific/Honolulu")
    assert expiry(ANCHOR, (honolulu, auckland)) == start_of_day(ANCHOR, auckland)
    assert start_of_day(ANCHOR, honolulu) - start_of_day(ANCHOR, auckland) == timedelta(hours=22)


def test_a_hand_over_begins_a_minute_before_the_end_at_the_latest() -> None:
    everyday = Window(time(0), time(0), frozenset(range(1, 8)))
    ends = start_of_day(ANCHOR, ZoneInfo("UTC"))
    last = plan(ANCHOR, -1, window=everyday)
    assert next_move(last, (), ends - MARGIN - timedelta(seconds=1)).step_id == step_id(-1)
    assert next_move(last, (), ends - MARGIN).step_id is None


def test_public_holidays_can_be_left_out() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for country in ("DE", "Germany", "us"):
        opening = next_opening(Window(country=country), berlin, at(date(2026, 12, 25), 9))
        assert opening is not None
        assert local_day(opening, berlin) == date(2026, 12, 28)


def test_a_country_whose_holidays_nobody_knows_has_none() -> None:
    assert Window(country="XX").has(date(2026, 12, 25))


@pytest.mark.parametrize("zone", sorted(available_timezones()))
def test_a_window_of_a_day_is_never_missed_around_a_clock_change(zone: str) -> None:
    """Every transition of 2025 to 2027: inside the window, in order, one opening a day at most."""
    where = ZoneInfo(zone)
    for window in (
        Window(),
        Window(time(0), time(0), frozenset(range(1, 8))),
        Window(time(2, 30), time(3, 30), frozenset(range(1, 8))),
    ):
        for change in _transitions(where):
            for hours in (-30, -3, -1, 0, 1, 3, 30):
                _check_opening(window, where, change + timedelta(hours=hours))


def _transitions(zone: ZoneInfo) -> list[datetime]:
    found = []
    now = datetime(2025, 1, 1, tzinfo=UTC)
    while now < datetime(2027, 12, 31, tzinfo=UTC):
        later = now + timedelta(days=1)
        if now.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            found.append(now)
        now = later
    return found


def _check_opening(window: Window, zone: ZoneInfo, instant: datetime) -> None:
    opening = next_opening(window, zone, instant)
    assert opening is not None
    assert opening >= instant
    local = opening.astimezone(zone)
    # A window that a clock change tears apart opens at the next valid time.
    torn = local.utcoffset() != (opening - timedelta(hours=2)).astimezone(zone).utcoffset()
    if not torn:
        assert window.start <= local.time()
        assert window.end == time(0) or local.time() < window.end
    assert next_opening(window, zone, opening) == opening


@dataclass
class Journey:
    """An enrollment in front of a clock that somebody moves."""

    plan: Plan
    now: datetime
    handled: set[UUID]
    sent: list[tuple[UUID, datetime]]

    def look(self) -> None:
        move = next_move(self.plan, self.handled, self.now, self.sent[-1][1] if self.sent else None)
        self.handled |= {skip.step_id for skip in move.skips}
        if move.step_id is not None and move.at is not None and move.at <= self.now:
            self.handled.add(move.step_id)
            self.sent.append((move.step_id, self.now))


@settings(max_examples=300, deadline=None)
@given(
    anchor=days,
    offsets=st.sets(st.integers(-90, -1), min_size=1, max_size=8),
    zone=zones,
    other=zones,
    window=windows,
    jumps=st.lists(st.integers(1, 20_000), min_size=1, max_size=60),
    begins=st.integers(-100, 1),
    late=st.booleans(),
)
def test_however_the_clock_jumps_the_laws_hold(
    anchor: date,
    offsets: set[int],
    zone: ZoneInfo,
    other: ZoneInfo,
    window: Window,
    jumps: list[int],
    begins: int,
    late: bool,  # noqa: FBT001
) -> None:
    now = start_of_day(anchor + timedelta(days=begins), zone)
    floor = local_day(now, zone) if late else None
    journey = Journey(
        plan(anchor, *offsets, zone=zone, window=window, floor=floor, others=(other,)),
        now,
        set(),
        [],
    )
    for minutes in jumps:
        journey.look()
        journey.look()  # a second look at the same instant never sends more
        journey.now += timedelta(minutes=minutes)
    for sent_id, instant in journey.sent:
        for where in (zone, other):
            assert instant < start_of_day(anchor, where) - MARGIN
            assert local_day(instant, where) < anchor
        step = next(one for one in journey.plan.steps if one.id == sent_id)
        assert local_day(instant, zone) >= step.day
        if floor is not None:
            assert step.day >= floor
        assert next_opening(window, zone, instant) == instant
    ids = [sent_id for sent_id, _ in journey.sent]
    assert len(set(ids)) == len(ids)
    on_days = [local_day(instant, zone) for _, instant in journey.sent]
    assert len(set(on_days)) == len(on_days)
    assert ids == [one.id for one in journey.plan.steps if one.id in ids]
