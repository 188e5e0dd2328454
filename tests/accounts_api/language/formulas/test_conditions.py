"""A condition means the same in a rule and in `if(…)` of a formula, whatever the record holds."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import given, settings

from accounts_api.language.formula_interpreter.evaluate import evaluate
from accounts_api.language.formulas.parser import read_formula
from accounts_api.language.formulas.type_check import check_formula
from shared.rules.interpreter.evaluate import matches
from shared.rules.syntax.parser import read_text
from shared.rules.types.type_check import check
from tests.accounts_api.language.formulas.random_formulas import (
    CATALOG,
    DAYS,
    MOMENT,
    NOW,
    record,
    seeds,
)

Both = tuple[str, str]
"""A condition as a rule and as a formula."""


class Author:
    """Writes a condition twice; a seed always gives the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, values: Any) -> Any:
        return self.random.choice(list(values))

    def condition(self, depth: int = 3) -> Both:
        kind = self.random.random()
        if depth == 0 or kind < 0.4:
            made: Both = self.one(
                (self.text, self.number, self.money, self.truth, self.time, self.empty, self.parts)
            )()
            return made
        if kind < 0.6:
            rule, formula = self.condition(depth - 1)
            return f"not ({rule})", f"not ({formula})"
        word = self.one(("and", "or"))
        (left, first), (right, second) = self.condition(depth - 1), self.condition(depth - 1)
        return f"({left}) {word} ({right})", f"({first}) {word} ({second})"

    def text(self) -> Both:
        field, value = self.one(("name", "domain", "traits.tier", "organization.name")), "gold"
        if field != "traits.tier":
            value = self.one(("a", "Äpfel", "x y", "a.example", "Org", "nobody"))
        kind = self.random.random()
        if kind < 0.4 or field == "traits.tier":
            return self.same(f'{field} {self.one(("=", "!="))} "{value}"')
        if kind < 0.7:
            found = f'contains({field}, "{value}")'
            if self.one((True, False)):
                return f'{field} contains "{value}"', found
            return f'{field} not contains "{value}"', f"not {found}"
        both = f'{field} = "{value}" or {field} = "b"'
        if self.one((True, False)):
            return f'{field} in ("{value}", "b")', both
        return f'{field} not in ("{value}", "b")', f"not ({both})"

    def number(self) -> Both:
        return self.ranged("traits.seats", lambda: self.one(("0", "1", "-3", "0.5", "2.25")))

    def money(self) -> Both:
        """Minor units of whatever currency, or an amount of one."""
        currency = self.one((" EUR", " USD", ""))
        if self.one((True, False)):
            return self.ranged("traits.fee", lambda: f"{self.random.randint(-5, 5)} EUR")
        whole = self.random.randint if currency else lambda a, b: self.random.randint(a, b * 100)
        return self.ranged("arr", lambda: f"{whole(-3, 5)}{currency}")

    def ranged(self, field: str, value: Callable[[], str]) -> Both:
        if self.random.random() < 0.8:
            return self.same(f"{field} {self.sign()} {value()}")
        low, high = sorted((value(), value()), key=lambda text: float(text.split()[0]))
        return f"{field} between {low} and {high}", f"{field} >= {low} and {field} <= {high}"

    def truth(self) -> Both:
        value = self.one(("true", "false"))
        return self.same(f"traits.live {self.one(('=', '!='))} {value}")

    def parts(self) -> Both:
        return 'traits.parts has any ("a")', 'contains(traits.parts, "a")'

    def empty(self) -> Both:
        fields = ("name", "domain", "arr", "traits.day", "traits.seats", "traits.live")
        return self.same(f"{self.one(fields)} is {self.one(('', 'not '))}empty")

    def time(self) -> Both:
        field = self.one(("traits.day", "traits.seen", "created_at", "lifecycle_status_since"))
        day = field if field == "traits.day" else f"date({field})"
        days = self.random.randint(0, 5)
        kind = self.random.random()
        if kind < 0.3:
            return self.same(f"{field} {self.sign()} {self.one(DAYS).isoformat()}")
        if kind < 0.4 and field != "traits.day":
            instant = NOW + timedelta(hours=self.random.randint(-30, 30))
            return self.same(f"{field} {self.sign()} {instant:%Y-%m-%dT%H:%M:%SZ}")
        if kind < 0.6:
            first = f"{day} >= add_days(today(), -{days})"
            return f"{field} within last {days} days", f"{first} and {day} <= today()"
        if kind < 0.8:
            last = f"{day} <= add_days(today(), {days})"
            return f"{field} within next {days} days", f"{day} >= today() and {last}"
        sign = self.one(("<", ">="))
        return f"{field} {sign} today + {days} days", f"{day} {sign} add_days(today(), {days})"

    def sign(self) -> str:
        found: str = self.one(("=", "!=", "<", "<=", ">", ">="))
        return found

    def same(self, text: str) -> Both:
        return text, text


@given(seeds, seeds)
@settings(max_examples=1_500)
def test_a_condition_means_the_same_in_a_rule_and_in_if(author: int, seed: int) -> None:
    written, worked_out = Author(author).condition()
    rule = check(read_text(written), CATALOG, "account")
    formula = check_formula(read_formula(f"if({worked_out}, 1, 0)"), CATALOG, "account")
    snapshot = record(seed)
    holds = matches(rule, snapshot, MOMENT)
    assert evaluate(formula, snapshot, MOMENT) == int(holds), (written, worked_out)
