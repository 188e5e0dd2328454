"""What a change of a workspace's API means to a client."""

from typing import Any

import pytest

from accounts_api.workplace.api_schema.rules import NO_SHAPE, SchemaChange, Shape, changes_between

TRAIT: dict[str, Any] = {
    "title": "Tier",
    "description": None,
    "type": "select",
    "value_type": "select",
    "options": ["gold", "silver"],
    "depends_on": None,
    "currency": None,
    "required": False,
    "minimum": None,
    "maximum": None,
    "pattern": None,
    "deprecated": False,
    "read_only": False,
}
TYPE: dict[str, Any] = {
    "key": "project",
    "title": "Project",
    "plural_title": "Projects",
    "description": None,
    "archived": False,
    "links": ["account", "contact"],
}


def with_trait(**other: Any) -> Shape:
    return {"traits": {"account": {"tier": TRAIT | other}}, "object_types": {}}


def with_type(**other: Any) -> Shape:
    return {"traits": {}, "object_types": {"project": TYPE | other}}


def only_change(before: Shape, after: Shape) -> SchemaChange:
    (change,) = changes_between(before, after)
    return change


def test_what_is_new_breaks_nothing_unless_it_must_be_said() -> None:
    new = only_change(NO_SHAPE, with_trait())
    assert (new.change, new.path, new.breaking) == ("added", "account.traits.tier", False)
    assert only_change(NO_SHAPE, with_trait(required=True)).breaking
    assert only_change(NO_SHAPE, with_type()).path == "object_types.project"


def test_what_is_gone_breaks() -> None:
    assert only_change(with_trait(), NO_SHAPE).breaking
    assert only_change(with_type(), NO_SHAPE).breaking


@pytest.mark.parametrize(
    ("other", "breaking", "message"),
    [
        ({"title": "Level"}, False, "Only its words changed."),
        ({"options": ["gold", "silver", "tin"]}, False, "`options` changed."),
        ({"options": ["gold"]}, True, "It has lost options."),
        (
            {"type": "string", "options": None},
            True,
            "Its type is string instead of select. It has lost options.",
        ),
        ({"required": True}, True, "It must be said on new records."),
        ({"read_only": True}, True, "It can only be read."),
        ({"minimum": 3}, True, "It takes fewer values."),
        ({"maximum": 9}, True, "It takes fewer values."),
        ({"pattern": "g.*"}, True, "It takes fewer values."),
        ({"currency": "EUR"}, True, "Its amounts are in another currency."),
        ({"deprecated": True}, False, "Only its words changed."),
    ],
)
def test_a_change_of_a_trait(other: dict[str, Any], *, breaking: bool, message: str) -> None:
    change = only_change(with_trait(), with_trait(**other))
    assert (change.change, change.breaking, change.message) == ("changed", breaking, message)
    back = only_change(with_trait(**other), with_trait())
    assert back.change == "changed"


def test_wider_bounds_break_nothing() -> None:
    assert not only_change(with_trait(minimum=3), with_trait(minimum=2)).breaking
    assert not only_change(with_trait(maximum=3), with_trait()).breaking


def test_a_type_that_loses_a_link_breaks() -> None:
    lost = only_change(with_type(), with_type(links=["account"]))
    assert (lost.breaking, lost.message) == (True, "It belongs to no contact any more.")
    assert not only_change(with_type(links=["account"]), with_type()).breaking
    assert only_change(with_type(), with_type(archived=True)).breaking


def test_nothing_changed_is_no_change() -> None:
    assert list(changes_between(with_trait(), with_trait())) == []
