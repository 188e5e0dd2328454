"""A document becomes a definition, or all of its faults at once."""

import copy
from decimal import Decimal
from typing import Any

from accounts_api.signals.scoring.definition import Linear
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.schemas import EXAMPLE, HealthDefinitionIn
from tests.accounts_api.signals.scoring.making import MANAGED, document


def faults(*documents: HealthDefinitionIn) -> list[tuple[str, str]]:
    read, found = read_definitions(documents)
    assert bool(found) != bool(read)
    return [(fault.pointer.removeprefix("/definitions"), fault.code) for fault in found]


def groups(**points: Any) -> list[dict[str, Any]]:
    """One group with a measure of these points, by key."""
    measures = [{"key": key, "input": "arr", "points": each} for key, each in points.items()]
    return [{"key": "all", "measures": measures}]


def test_the_examples_are_read() -> None:
    shown = HealthDefinitionIn.model_validate(EXAMPLE)
    [read, managed], found = read_definitions([shown, document(key="other", segment_id=None)])
    assert not found
    assert [measure.key for measure in managed.measures] == [
        "wau",
        "last_login",
        "sentiment",
        "nps",
        "open_risks",
    ]
    assert managed.measures[0].points == Linear(Decimal(10), Decimal(60))
    assert [measure.when_null for measure in managed.measures] == [None, 0, None, None, None]
    assert [span.stop for span in managed.spans()] == [2, 5]
    assert (read.key, read.minimum_weight, read.caps[0].at_most) == ("managed", 50, 39)
    assert read.label_of(39).key == "poor"
    assert read.label_of(40).key == "concerning"


def test_all_faults_are_found_at_once() -> None:
    wrong = copy.deepcopy(MANAGED)
    usage, relationship = wrong["groups"]
    usage["weight"] = 0
    usage["measures"][0]["points"] = {"linear": {"from": 10, "to": 10.0}}
    usage["measures"][1]["weight"] = -1
    usage["measures"][1]["points"] = {
        "bands": [{"from": 1, "points": 3}, {"from": 1, "points": 2.345}, {"points": 1}]
    }
    relationship["measures"][1]["key"] = "wau"
    relationship["measures"][2]["points"] = {"bands": [{"points": 1}], "values": {"a/b": 0.001}}
    relationship["measures"][0]["when_null"] = 1.234
    relationship["key"] = "usage"
    wrong["labels"] = [
        {"key": "poor", "from": 1},
        {"key": "poor", "from": 50},
        {"key": "fine", "from": 50},
    ]
    wrong["caps"] *= 2
    assert set(faults(HealthDefinitionIn.model_validate(wrong))) == {
        ("/0/labels/1/key", "duplicate_key"),
        ("/0/labels/0/from", "bad_bounds"),
        ("/0/labels/2/from", "labels_not_ascending"),
        ("/0/groups/1/key", "duplicate_key"),
        ("/0/groups/1/measures/1/key", "duplicate_key"),
        ("/0/groups/0/weight", "weight_not_positive"),
        ("/0/groups/0/measures/0/points/linear/to", "bad_bounds"),
        ("/0/groups/0/measures/1/weight", "weight_not_positive"),
        ("/0/groups/0/measures/1/points/bands/0/from", "bad_bounds"),
        ("/0/groups/0/measures/1/points/bands/1/from", "bands_not_ascending"),
        ("/0/groups/0/measures/1/points/bands/1/points", "bad_bounds"),
        ("/0/groups/0/measures/1/points/bands/2/from", "required"),
        ("/0/groups/1/measures/0/when_null", "bad_bounds"),
        ("/0/groups/1/measures/2/points", "one_of"),
        ("/0/caps/1/title", "duplicate_key"),
    }


def test_a_definition_looks_at_something() -> None:
    assert faults(document(groups=[])) == [("/0/groups", "no_measures")]
    empty = document(groups=[{"key": "a", "measures": []}])
    assert faults(empty) == [("/0/groups/0/measures", "no_measures")]
    children = {"weigh_by": "arr", "mode": "worst", "where": "status = 'subscribed'"}
    assert faults(document(from_children=children)) == [("/0/groups", "one_of")]
    assert faults(document(from_children=children, groups=[])) == []


def test_a_label_that_no_record_can_have_is_refused() -> None:
    half = groups(one={"bands": [{"points": 20}, {"from": 5, "points": 60}]})
    assert faults(document(groups=half, caps=[])) == [("/0/labels/2", "unreachable_label")]
    high = groups(one={"values": {"a": 90, "b": 55}})
    assert faults(document(groups=high, caps=[])) == [("/0/labels/0", "unreachable_label")]
    assert faults(document(groups=high)) == [], "a cap reaches it"
    high[0]["measures"][0]["when_null"] = 10
    assert faults(document(groups=high, caps=[])) == []


def test_the_order_lets_every_definition_score_something() -> None:
    def named(key: str, segment: str | None) -> HealthDefinitionIn:
        return document(key=key, segment_id=segment)

    assert faults(named("a", "x"), named("b", "y"), named("c", None)) == []
    assert faults(named("a", None), named("b", "y"), named("a", None)) == [
        ("/2/key", "duplicate_key"),
        ("/1/segment_id", "segment_not_in_order"),
        ("/2/segment_id", "segment_not_in_order"),
    ]
    assert faults(named("a", "x"), named("b", "x")) == [("/1/segment_id", "segment_not_in_order")]
