"""An operator that lacks a part is found here. The readers of a test (`evaluate`, `explain`,
`next_change`, and the SQL of both) match all of `typed.Test`: mypy finds one that leaves one out.
"""

from collections import defaultdict
from typing import Any

import pytest

from shared.rules.syntax import nodes as n
from shared.rules.syntax.json_codec import read_json
from shared.rules.syntax.parser import PHRASES
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, FieldType
from shared.rules.types.type_check import OPERATORS, check
from tests.shared.rules.random_rules import Author
from tests.shared.rules.worlds import SEGMENTS, catalog
from tests.source_code import ROOT

RULES_PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
FIELD_TYPES = frozenset[n.Op]().union(*OPERATORS.values())
TEXT_FORMS = {op for _, op in PHRASES} | set(n.COMPARISONS) | {n.Op.IN, n.Op.IN_PERIOD}
CATALOG = catalog()
FIELDS: dict[FieldType, Field] = {
    field.type: field for field in CATALOG.scope("account").fields.values() if field.side is None
}
VALUES: dict[FieldType, tuple[object, object]] = {
    FieldType.NUMBER: (1, 2),
    FieldType.CURRENCY: (1, 2),
    FieldType.BOOLEAN: (True, False),
    FieldType.ID: (str(SEGMENTS[0]), str(SEGMENTS[1])),
    FieldType.DATE: ("2026-01-01", "2026-02-01"),
    FieldType.DATETIME: ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
}
SYNONYMS = [{n.Op.EQ, n.Op.ON}, {n.Op.LT, n.Op.BEFORE}, {n.Op.GT, n.Op.AFTER}]


def random_operators() -> set[tuple[FieldType, n.Op]]:
    authors = [Author(seed, CATALOG) for seed in range(300)]
    return {
        (type_, n.Op(author.condition(field)["op"]))
        for type_, field in FIELDS.items()
        for author in authors
    }


RANDOM = random_operators()


@pytest.mark.parametrize("op", n.Op)
def test_an_operator_has_all_its_parts(op: n.Op) -> None:
    types = {type_ for type_, ops in OPERATORS.items() if op in ops}
    parts = {
        "a shape of its value (nodes.SHAPE_OF)": op in n.SHAPE_OF,
        "a text form (parser.PHRASES)": op in TEXT_FORMS,
        "a type of field that takes it (type_check.OPERATORS)": op in FIELD_TYPES,
        "an example (docs/rules.md)": f'"op": "{op}"' in RULES_PAGE,
        "random rules over each type (random_rules.Author.condition)": types
        == {type_ for type_, written in RANDOM if written is op},
    }
    assert [part for part, there in parts.items() if not there] == []


@pytest.mark.parametrize("type_", FieldType)
def test_no_two_operators_mean_the_same(type_: FieldType) -> None:
    """A negative one that is not named as such would mean its positive, in every reader alike."""
    operators = defaultdict(set)
    for op in OPERATORS[type_]:
        written = {"field": FIELDS[type_].name, "op": op, **example(type_, op)}
        tested = check(read_json(written), CATALOG, "account").root
        assert isinstance(tested, c.FieldTest)
        operators[tested.test, tested.negated].add(op)
    assert [alike for alike in operators.values() if len(alike) > 1 and alike not in SYNONYMS] == []


def example(type_: FieldType, op: n.Op) -> dict[str, Any]:
    options = FIELDS[type_].options or ("a", "b")
    one, other = VALUES.get(type_, options[:2])
    values: dict[n.Shape, object] = {
        n.Shape.ONE: one,
        n.Shape.TEXT: one,
        n.Shape.LIST: [one, other],
        n.Shape.PAIR: [one, other],
        n.Shape.SPAN: {"days": 5},
        n.Shape.PERIOD: "this_week",
    }
    shape = n.SHAPE_OF[op]
    return {} if shape is n.Shape.NOTHING else {"value": values[shape]}
