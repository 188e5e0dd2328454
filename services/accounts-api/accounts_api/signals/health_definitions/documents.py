"""Definitions as they are stored, and as they are shown: what rules ask for by ids, and by keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accounts_api.signals.health_definitions.compiled import Scored
from accounts_api.signals.health_inputs.inputs import rule_text, shown_text, stored_text
from accounts_api.signals.scoring.schemas import HealthDefinitionIn
from shared.keys import id_or_none
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import read_json, write_json
from shared.rules.syntax.nodes import InSegment, Node, walk, with_segments
from shared.rules.syntax.parser import read_text


def stored(document: HealthDefinitionIn, scored: Scored) -> dict[str, Any]:
    """Every rule as JSON or text that names segments by their ids, and the key that was made."""
    kept = document.model_dump(mode="json", by_alias=True)
    kept["key"] = scored.definition.key
    inputs = iter(scored.inputs)
    for group in kept["groups"]:
        for measure in group["measures"]:
            found = next(inputs)
            if found is not None:
                measure["input"] = stored_text(found, measure["input"])
    for cap, rule in zip(kept["caps"], scored.caps, strict=True):
        if rule is not None:
            cap["when"] = write_json(rule.written)
    if scored.children is not None and kept["from_children"]["where"] is not None:
        kept["from_children"]["where"] = write_json(scored.children.where.written)
    return kept


def shown(document: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """One that cannot be read stays as it is stored."""
    found = dict(document)
    try:
        segment = found.get("segment_id")
        found["segment_id"] = None if segment is None else keys.get(segment, segment)
        found["groups"] = [
            {
                **group,
                "measures": [
                    {**measure, "input": shown_text(measure["input"], keys)}
                    for measure in group["measures"]
                ],
            }
            for group in found["groups"]
        ]
        found["caps"] = [{**cap, "when": _named(cap["when"], keys)} for cap in found["caps"]]
        children = found["from_children"]
        if children is not None and children["where"] is not None:
            found["from_children"] = {**children, "where": _named(children["where"], keys)}
    except (KeyError, TypeError, AttributeError):
        return dict(document)
    return found


def segments_of(documents: Sequence[Mapping[str, Any]]) -> set[str]:
    """The ids of all segments that a stored list names."""
    found: set[str] = set()
    for document in documents:
        segment = document.get("segment_id")
        found |= {segment} if isinstance(segment, str) else set()
        for rule in _rules_of(document):
            found |= {one.segment for one, _ in walk(rule) if isinstance(one, InSegment)}
    return {one for one in found if id_or_none(one) is not None}


def _rules_of(document: Mapping[str, Any]) -> Iterator[Node]:
    written: list[Any] = [cap.get("when") for cap in document.get("caps", ())]
    written.append((document.get("from_children") or {}).get("where"))
    for group in document.get("groups", ()):
        written += [rule_text(measure.get("input", "")) for measure in group.get("measures", ())]
    for one in written:
        try:
            if isinstance(one, str):
                yield read_text(one)
            elif isinstance(one, dict):
                yield read_json(one)
        except RuleFaulty:
            continue


def _named(rule: Any, keys: Mapping[str, str]) -> Any:
    try:
        return write_json(with_segments(read_json(rule), keys)) if isinstance(rule, dict) else rule
    except RuleFaulty:
        return rule
