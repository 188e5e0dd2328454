"""Which changes can change the value of a metric, and on which records."""

from collections.abc import Iterator
from typing import Final

from accounts_api.language.formula_interpreter.depends import dependencies as of_formula
from accounts_api.language.formulas import nodes
from accounts_api.language.formulas.typed import Formula
from accounts_api.signals.metric_documents.documents import (
    ActiveContacts,
    ActiveDays,
    Constant,
    Events,
    FieldOf,
    Happened,
    Metric,
    Other,
    PropertySum,
    Related,
    Source,
    walk,
)
from shared.rules.interpreter.depends import (
    ANY_EVENTS,
    CALENDAR,
    EXISTENCE,
    Dependency,
    event_property_dependency,
    events_dependency,
    relation_dependencies,
    seen,
)
from shared.rules.types.catalog import RecordType

_NOT_WRITTEN: Final = nodes.Literal(None)


def metric_dependency(key: str) -> str:
    """The name of its values among the fields of a record."""
    return f"metrics.{key}"


def dependencies(metric: Metric) -> frozenset[Dependency]:
    """Of its own sources and of those that the metrics have which it reads."""
    here = metric.type.name
    found = {Dependency(here, EXISTENCE), Dependency(here, CALENDAR)}
    for source, _ in walk(metric):
        found.update(_seen(source, metric.type))
    return frozenset(found)


def _seen(source: Source, type_: RecordType) -> Iterator[Dependency]:
    here = type_.name
    match source:
        case Events(happened) | ActiveDays(happened):
            yield from _events(happened, type_)
        case PropertySum(happened, key):
            yield from _events(happened, type_)
            yield Dependency(*_owner(type_, event_property_dependency(key)))
        case ActiveContacts(happened=happened):
            yield from _events(happened, type_)
            yield from _contacts(source, type_)
        case FieldOf(field):
            yield Dependency(here, field.name)
            if field.currency_column:
                yield Dependency(here, field.currency_column)
        case Related(gathered):
            yield from of_formula(Formula(type_, gathered, _NOT_WRITTEN))
        case Other(metric):
            yield Dependency(here, metric_dependency(metric.key))
        case Constant():
            return


def _owner(type_: RecordType, what: str) -> tuple[str, str, tuple[str, ...]]:
    """An organization's events are those of its accounts."""
    if type_.events is None:
        return "account", what, ("accounts",)
    return type_.name, what, ()


def _events(happened: Happened, type_: RecordType) -> Iterator[Dependency]:
    names = happened.names
    whats = [ANY_EVENTS] if names is None else [events_dependency(name) for name in names]
    for what in whats:
        yield Dependency(*_owner(type_, what))
    if type_.events is None:
        accounts = next(one for one in type_.relations if one.name == "accounts")
        yield from relation_dependencies(accounts, type_.name, ())


def _contacts(source: ActiveContacts, type_: RecordType) -> Iterator[Dependency]:
    if source.where is None:
        return
    here, path = type_.name, tuple[str, ...]()
    for relation, target in source.path:
        yield from relation_dependencies(relation, here, path)
        here, path = target.name, (*path, relation.name)
    yield from seen(source.where, here, path)
