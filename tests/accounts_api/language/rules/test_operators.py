"""An operator that lacks a part is found here. The readers of a test (`evaluate`, `explain`,
`next_change`, and the SQL of both) match all of `typed.Test`: mypy finds one that leaves one out.
"""

import pytest

from accounts_api.language.rules.type_check import OPERATORS
from accounts_api.language.syntax import nodes as n
from accounts_api.language.syntax.parser import PHRASES
from tests.source_code import ROOT

RULES_PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
FIELD_TYPES = frozenset[n.Op]().union(*OPERATORS.values())
TEXT_FORMS = {op for _, op in PHRASES} | set(n.COMPARISONS) | {n.Op.IN, n.Op.IN_PERIOD}


@pytest.mark.parametrize("op", n.Op)
def test_an_operator_has_all_its_parts(op: n.Op) -> None:
    parts = {
        "a shape of its value (nodes.SHAPE_OF)": op in n.SHAPE_OF,
        "a text form (parser.PHRASES)": op in TEXT_FORMS,
        "a type of field that takes it (type_check.OPERATORS)": op in FIELD_TYPES,
        "an example (docs/rules.md)": f'"op": "{op}"' in RULES_PAGE,
    }
    assert [part for part, there in parts.items() if not there] == []
