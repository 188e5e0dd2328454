"""A catalog and a context as plain data, so that rules are evaluated where no database is."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.business_time import BusinessCalendar, Hours
from shared.mail.addresses import normal_email
from shared.rules.types.catalog import (
    Catalog,
    Changes,
    Children,
    EventDays,
    Field,
    FieldType,
    Holdings,
    Link,
    Memberships,
    Parent,
    RecordType,
    Relation,
    Side,
)
from shared.rules.types.context import EvaluationContext
from shared.values.countries import country_code

Data = dict[str, Any]

_FORMS: Final = {"email": normal_email, "country": country_code}
_JOINS: Final = {"parent": Parent, "children": Children, "link": Link}
_BESIDE: Final = {
    "memberships": Memberships,
    "holdings": Holdings,
    "changes": Changes,
    "events": EventDays,
}


def catalog_as_data(catalog: Catalog) -> Data:
    return {name: _type_as_data(type_) for name, type_ in catalog.types.items()}


def read_catalog(data: Mapping[str, Data]) -> Catalog:
    return Catalog({name: _read_type(name, type_) for name, type_ in data.items()})


def context_as_data(context: EvaluationContext) -> Data:
    return {
        "now": context.now.isoformat(),
        "zone": context.zone.key,
        "fiscal_year_start": context.fiscal_year_start,
        "calendar": {
            "zone": context.calendar.zone.key,
            "week": [_hours_as_data(hours) for hours in context.calendar.week],
            "country": context.calendar.country,
            "subdivision": context.calendar.subdivision,
            "closed_days": _by_day(context.calendar.closed_days),
            "extra_days": {
                day: _hours_as_data(hours)
                for day, hours in _by_day(context.calendar.extra_days).items()
            },
        },
    }


def read_context(data: Data) -> EvaluationContext:
    return EvaluationContext(
        datetime.fromisoformat(data["now"]),
        ZoneInfo(data["zone"]),
        data["fiscal_year_start"],
        _read_calendar(data["calendar"]),
    )


def _read_calendar(data: Data) -> BusinessCalendar:
    closed, extra = data["closed_days"], data["extra_days"]
    return BusinessCalendar(
        ZoneInfo(data["zone"]),
        tuple(map(_read_hours, data["week"])),
        data["country"],
        data["subdivision"],
        {date.fromisoformat(day): name for day, name in closed.items()},
        {date.fromisoformat(day): _read_hours(hours) for day, hours in extra.items()},
    )


def _by_day(days: Mapping[date, Any]) -> Data:
    return {day.isoformat(): value for day, value in sorted(days.items())}


def _hours_as_data(hours: Iterable[Hours]) -> list[list[str]]:
    return [[stretch.start.isoformat(), stretch.end.isoformat()] for stretch in hours]


def _read_hours(data: Iterable[Iterable[str]]) -> tuple[Hours, ...]:
    return tuple(Hours(*map(time.fromisoformat, stretch)) for stretch in data)


def _type_as_data(type_: RecordType) -> Data:
    return {
        "table": type_.table,
        "fields": [_field_as_data(field) for field in type_.fields],
        "relations": [
            {
                "name": relation.name,
                "target": relation.target,
                "join": _join_as_data(relation.join),
                "aliases": list(relation.aliases),
                "fields": [_field_as_data(field) for field in relation.fields],
            }
            for relation in type_.relations
        ],
        **{name: _beside_as_data(beside) for name in _BESIDE if (beside := getattr(type_, name))},
        **({"only": [type_.only[0], str(type_.only[1])]} if type_.only else {}),
    }


def _read_type(name: str, data: Data) -> RecordType:
    beside = {key: kind(**_read_beside(data[key])) for key, kind in _BESIDE.items() if key in data}
    only = data.get("only")
    return RecordType(
        name,
        data["table"],
        tuple(map(_read_field, data["fields"])),
        tuple(
            Relation(
                relation["name"],
                relation["target"],
                _read_join(relation["join"]),
                tuple(relation["aliases"]),
                tuple(map(_read_field, relation["fields"])),
            )
            for relation in data["relations"]
        ),
        **beside,
        only=(only[0], UUID(only[1])) if only else None,
    )


def _beside_as_data(beside: Any) -> Data:
    data = _as_data(beside)
    if isinstance(beside, EventDays):
        declared = beside.declared.items()
        data["declared"] = {event: list(map(_field_as_data, known)) for event, known in declared}
    return data


def _read_beside(data: Data) -> Data:
    if "declared" not in data:
        return data
    declared = data["declared"].items()
    known = {event: tuple(map(_read_field, fields)) for event, fields in declared}
    return {**data, "declared": known}


def _field_as_data(field: Field) -> Data:
    data = {name: value for name, value in _as_data(field).items() if value not in (None, "", ())}
    data.pop("one_form", None)
    if field.side is not None:
        owner = field.side.owner
        said = [owner[0], str(owner[1])] if owner else None
        data["side"] = {**_as_data(field.side), "owner": said}
    form = next((name for name, form in _FORMS.items() if form is field.one_form), None)
    if field.one_form is not None and form is None:
        raise LookupError(f"The form of {field.name} has no name to travel by.")
    return data if form is None else {**data, "form": form}


def _read_field(data: Data) -> Field:
    known = dict(data)
    form = known.pop("form", None)
    known |= {"type": FieldType(known["type"])}
    known |= {name: tuple(known[name]) for name in ("options", "aliases") if name in known}
    if "side" in known:
        owner = known["side"]["owner"]
        said = (owner[0], UUID(owner[1])) if owner else None
        known["side"] = Side(**{**known["side"], "owner": said})
    return Field(**known, one_form=_FORMS[form] if form else None)


def _join_as_data(join: Parent | Children | Link) -> Data:
    kind = next(name for name, known in _JOINS.items() if isinstance(join, known))
    return {"kind": kind, **_as_data(join)}


def _read_join(data: Data) -> Parent | Children | Link:
    values = {name: value for name, value in data.items() if name != "kind"}
    join: Parent | Children | Link = _JOINS[data["kind"]](**values)
    return join


def _as_data(thing: Any) -> Data:
    return {field.name: getattr(thing, field.name) for field in fields(thing)}
