"""Whether a calendar makes sense, and how it is kept. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from shared.business_time import WEEKDAYS, subdivisions
from shared.calendar_definition import CalendarDefinition
from shared.errors import Fault

FIELDS = ("working_hours", "country", "subdivision", "closed_days", "extra_working_days")


def definition_of(given: Mapping[str, Any]) -> CalendarDefinition:
    """In the order of the week and of dates, days off left out."""
    hours = given["working_hours"]
    return CalendarDefinition(
        working_hours={day: hours[day] for day in WEEKDAYS if hours.get(day)},
        country=given["country"],
        subdivision=given["subdivision"],
        closed_days=_by_date(given["closed_days"]),
        extra_working_days=_by_date(given["extra_working_days"]),
    )


def in_order(stored: Mapping[str, Any]) -> dict[str, Any]:
    """PostgreSQL keeps the days of the week by their letters."""
    hours = stored.get("working_hours")
    if not isinstance(hours, dict):
        return dict(stored)
    return {**stored, "working_hours": {day: hours[day] for day in WEEKDAYS if day in hours}}


def _by_date(days: Iterable[Mapping[str, Any]]) -> list[Any]:
    written = [{**day, "date": str(day["date"])} for day in days]
    return sorted(written, key=lambda day: day["date"])


def faults_of(given: Mapping[str, Any]) -> list[Fault]:
    """Of a calendar as it would become, at the places of its fields."""
    return [
        *_of_week(given["working_hours"]),
        *_of_subdivision(given["country"], given["subdivision"]),
        *_of_days(given["closed_days"], given["extra_working_days"]),
    ]


def _of_week(week: Mapping[str, Any]) -> Iterator[Fault]:
    if not any(week.values()):
        yield Fault("/working_hours", "no_working_day", "Give at least one day of the week hours.")
    for day, stretches in week.items():
        yield from _of_hours(stretches or (), f"/working_hours/{day}")


def _of_hours(stretches: Sequence[Mapping[str, str]], place: str) -> Iterator[Fault]:
    """Wall times as text compare like themselves."""
    before = "00:00"
    for at, each in enumerate(stretches):
        if each["start"] < before:
            message = "Write the hours of a day in order, none before the last ones end."
            yield Fault(f"{place}/{at}/start", "hours_overlap", message)
        if each["end"] <= each["start"]:
            yield Fault(f"{place}/{at}/end", "ends_before_start", "They end before they begin.")
        before = each["end"]


def _of_subdivision(country: str | None, subdivision: str | None) -> Iterator[Fault]:
    if subdivision is None:
        return
    known = subdivisions(country) if country is not None else frozenset[str]()
    if subdivision not in known:
        named = ", ".join(sorted(known)[:60])
        advice = f"Use one of {named}." if known else "Leave it out."
        message = f"No holidays of {subdivision!r} are known for this country. {advice}"
        yield Fault("/subdivision", "unknown_subdivision", message)


def _of_days(
    closed: Sequence[Mapping[str, Any]], extra: Sequence[Mapping[str, Any]]
) -> Iterator[Fault]:
    seen: set[str] = set()
    for name, days in (("closed_days", closed), ("extra_working_days", extra)):
        for at, day in enumerate(days):
            if str(day["date"]) in seen:
                message = "This day is named already. A day is closed or worked, and once."
                yield Fault(f"/{name}/{at}/date", "repeated_day", message)
            seen.add(str(day["date"]))
    for at, day in enumerate(extra):
        hours = day["working_hours"]
        place = f"/extra_working_days/{at}/working_hours"
        if hours is not None and not hours:
            yield Fault(place, "no_hours", "Give it hours, or null for the usual ones.")
        yield from _of_hours(hours or (), place)
