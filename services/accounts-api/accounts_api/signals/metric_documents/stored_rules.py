"""The rules in a document: how they are kept, which segments they ask for, how they are shown."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from accounts_api.signals.metric_documents.documents import ActiveContacts, Metric, Related, Source
from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import RuleFaulty, of_what_is_stored
from shared.rules.syntax.json_codec import read_json, write_json
from shared.rules.syntax.stored import segments_in

_SIDES: Final = ("numerator", "denominator")
_RULES: Final = ("where", "contacts_where")


def kept(document: Mapping[str, Any], metric: Metric) -> dict[str, Any]:
    """The document with its rules as JSON, in which segments stand by their ids."""
    found = dict(document)
    for side in _SIDES:
        source = getattr(metric, side)
        if source is not None:
            found[side] = _kept(document[side], source)
    return found


def _kept(given: Mapping[str, Any], source: Source) -> dict[str, Any]:
    match source:
        case ActiveContacts(where=where) if where is not None:
            return {**given, "contacts_where": write_json(where.source)}
        case Related(gathered) if gathered.where is not None:
            return {**given, "where": write_json(gathered.where.source)}
        case _:
            return dict(given)


def segments_asked(document: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()

    def note(rule: dict[str, Any]) -> dict[str, Any]:
        found.update(segments_in(rule))
        return rule

    _with_rules(document, note)
    return found


def shown(document: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """For people: segments by their keys of today."""

    def with_keys(rule: dict[str, Any]) -> dict[str, Any]:
        try:
            with of_what_is_stored():
                return write_json(n.with_segments(read_json(rule), keys))
        except RuleFaulty:
            return rule

    return _with_rules(document, with_keys)


def _with_rules(
    document: Mapping[str, Any], change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    found = dict(document)
    for side in _SIDES:
        source = document.get(side)
        if isinstance(source, dict):
            rules = {
                name: change(source[name]) for name in _RULES if isinstance(source.get(name), dict)
            }
            found[side] = {**source, **rules}
    return found
