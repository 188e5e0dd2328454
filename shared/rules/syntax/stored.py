"""A rule as it is stored, shown to people whether it can be read today or not."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import RuleFaulty, of_what_is_stored
from shared.rules.syntax.json_codec import read_json, write_json
from shared.rules.syntax.printer import write_text


def shown_rule(
    rule: dict[str, Any],
    faults: Sequence[dict[str, Any]] | None,
    segment_keys: Mapping[str, str],
) -> dict[str, Any]:
    """Both forms of a rule, with keys of segments for their ids, and its faults. The text of one
    that cannot be read any more is empty, and its faults say so.
    """
    try:
        with of_what_is_stored():
            node = n.with_segments(read_json(rule), segment_keys)
            text = write_text(node)
            return {"rule": write_json(node), "rule_text": text, "faults": faults or []}
    except RuleFaulty as faulty:
        return {"rule": rule, "rule_text": "", "faults": faults or faulty.as_errors()}


def segments_in(rule: dict[str, Any]) -> set[str]:
    """The segments that a rule asks for; one that cannot be read asks for none."""
    try:
        with of_what_is_stored():
            node = read_json(rule)
    except RuleFaulty:
        return set()
    return {inner.segment for inner, _ in n.walk(node) if isinstance(inner, n.InSegment)}
