"""What a rule does not ask of the moment does not change it, for every kind of test there is."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.dialects import postgresql

from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import record_table
from shared.rules.syntax.json_codec import read_json
from shared.rules.types import typed as c
from shared.rules.types.context import Asks, EvaluationContext
from shared.rules.types.type_check import check
from tests.shared.making import calendar
from tests.shared.rules.random_rules import Author
from tests.shared.rules.worlds import catalog

CATALOG = catalog()
CASES = 150
SAME_DAY = (
    EvaluationContext(datetime(2026, 3, 2, 9, tzinfo=UTC), ZoneInfo("UTC")),
    EvaluationContext(datetime(2026, 3, 2, 17, tzinfo=UTC), ZoneInfo("UTC")),
)
OTHER_DAYS = (SAME_DAY[0], EvaluationContext(datetime(2031, 7, 9, 9, tzinfo=UTC), ZoneInfo("UTC")))
OTHER_CALENDARS = (
    SAME_DAY[0],
    EvaluationContext(
        datetime(2026, 3, 2, 9, tzinfo=UTC),
        ZoneInfo("America/New_York"),
        fiscal_year_start=7,
        calendar=calendar(date(2026, 3, 3), weekdays=(5, 6)),
    ),
)


def rules() -> Iterator[c.Rule]:
    for type_ in sorted(CATALOG.types):
        for number in range(CASES):
            written = Author(number, CATALOG).rule(CATALOG.scope(type_))
            yield check(read_json(written), CATALOG, type_)


RULES = list(rules())


def as_sql(rule: c.Rule, context: EvaluationContext) -> tuple[str, str]:
    compiled = verdict(rule, record_table(rule.type), context).compile(
        dialect=postgresql.dialect()  # type: ignore[no-untyped-call]
    )
    return str(compiled), str(sorted(compiled.params.items()))


@pytest.mark.parametrize(
    ("unasked", "moments"),
    [
        (Asks.NOW, SAME_DAY),
        (Asks.NOW | Asks.TODAY, OTHER_DAYS),
        (Asks.CALENDAR, OTHER_CALENDARS),
    ],
    ids=("the instant", "the day", "the calendar"),
)
def test_what_a_rule_does_not_ask_for_does_not_change_it(
    unasked: Asks, moments: tuple[EvaluationContext, EvaluationContext]
) -> None:
    silent = [rule for rule in RULES if not rule.root.asks & unasked]
    assert silent
    for rule in silent:
        assert as_sql(rule, moments[0]) == as_sql(rule, moments[1]), rule.written


def test_every_kind_of_condition_and_test_is_among_them_and_says_itself_what_it_asks() -> None:
    nodes = [node for rule in RULES for node in c.walk(rule.root)]
    tests = [node.test for node in nodes if isinstance(node, c.FieldTest)]
    kinds = {*get_args(c.Checked), *get_args(c.Test)}
    assert {type(one) for one in (*nodes, *tests)} == kinds
    assert [kind for kind in kinds if "asks" not in vars(kind)] == []
