"""Random formulas that pass the check, as trees, and records for them."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from accounts_api.language.formulas import nodes as n
from accounts_api.language.formulas.types import Sort
from accounts_api.language.rules.standard import STANDARD
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.syntax.nodes import Money
from shared.rules.syntax.parser import read_text
from shared.rules.types.catalog import FieldType, trait
from shared.rules.types.context import EvaluationContext
from tests.shared.making import calendar

HOLIDAYS = frozenset({date(2026, 3, 6), date(2026, 12, 25)})
NOW = datetime(2026, 3, 5, 3, 30, tzinfo=UTC)
MOMENT = EvaluationContext(NOW, ZoneInfo("America/New_York"), calendar=calendar(*HOLIDAYS))
CATALOG = STANDARD.with_fields(
    {
        "account": [
            trait("seats", FieldType.NUMBER),
            trait("fee", FieldType.CURRENCY, currency="EUR"),
            trait("live", FieldType.BOOLEAN),
            trait("day", FieldType.DATE),
            trait("seen", FieldType.DATETIME),
            trait("tier", FieldType.SELECT, ["gold", "silver"]),
            trait("parts", FieldType.MULTI_SELECT, ["a", "b"]),
        ]
    }
)
NUMBERS = [Decimal(text) for text in ("0", "1", "-3", "0.5", "2.25", "1000000", "0.333")]
TEXTS = ("", "a", "Äpfel", "x y", '"q" \\', "2026-01-31")
DAYS = [date(2026, 3, 5) + timedelta(days=count) for count in (-400, -1, 0, 1, 3, 30)]
RULES = ('stage = "won"', "is_closed = false and arr > 2", "close_date within next 5 days")
FIELDS: dict[Sort, list[str]] = {
    Sort.NUMBER: ["traits.seats"],
    Sort.MONEY: ["arr", "traits.fee"],
    Sort.TEXT: ["name", "domain", "organization.name"],
    Sort.BOOLEAN: ["traits.live"],
    Sort.DATE: ["traits.day"],
    Sort.DATETIME: ["traits.seen", "created_at", "lifecycle_status_since"],
}
ROLL_UPS: dict[Sort, list[tuple[str, str]]] = {
    Sort.NUMBER: [("count", "opportunities"), ("count", "contacts")],
    Sort.MONEY: [(name, "opportunities.arr") for name in ("sum", "min", "max", "latest")],
    Sort.TEXT: [("latest", "opportunities.stage")],
    Sort.BOOLEAN: [("latest", "opportunities.is_closed")],
    Sort.DATE: [(name, "opportunities.close_date") for name in ("min", "max", "latest")],
}
SORTS = (Sort.NUMBER, Sort.MONEY, Sort.TEXT, Sort.BOOLEAN, Sort.DATE, Sort.DATETIME)


class Author:
    """Writes one formula; a seed always gives the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def one(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def formula(self, sort: Sort, depth: int = 3) -> n.Node:
        kind = self.random.random()
        if depth == 0 or kind < 0.25:
            return self.leaf(sort)
        if kind < 0.35:
            condition = self.formula(Sort.BOOLEAN, depth - 1)
            return self.call("if", condition, *self.some(sort, depth, 1, 2))
        if kind < 0.45:
            return self.call("coalesce", *self.some(sort, depth, 2, 3))
        made: n.Node = self.one(self.makers(sort))(depth - 1)
        return made

    def some(self, sort: Sort, depth: int, least: int, most: int) -> list[n.Node]:
        return [self.formula(sort, depth - 1) for _ in range(self.random.randint(least, most))]

    def call(self, name: str, *arguments: n.Node) -> n.Node:
        return n.Call(name, arguments)

    def leaf(self, sort: Sort) -> n.Node:
        kind = self.random.random()
        if kind < 0.3:
            return n.Literal(self.literal(sort))
        if kind < 0.5 and sort in ROLL_UPS:
            name, path = self.one(ROLL_UPS[sort])
            by = self.one((None, "close_date", "arr")) if name == "latest" else None
            where = None
            if path.startswith("opportunities") and self.random.random() < 0.6:
                where = read_text(self.one(RULES))
            return n.RollUp(name, path, by, where)
        return n.Name(self.one(FIELDS[sort]))

    def literal(self, sort: Sort) -> n.Scalar:
        made: dict[Sort, Callable[[], n.Scalar]] = {
            Sort.NUMBER: self.number,
            Sort.MONEY: lambda: Money(self.random.randint(-900, 900), "EUR"),
            Sort.TEXT: lambda: self.one(TEXTS),
            Sort.BOOLEAN: lambda: self.one((True, False)),
            Sort.DATE: lambda: n.Time(self.one(DAYS).isoformat()),
            Sort.DATETIME: lambda: n.Time("2026-03-05T04:00:00Z"),
        }
        # null in place of money would make it a number beside a number
        missing = sort is not Sort.MONEY and self.random.random() < 0.1
        return None if missing else made[sort]()

    def number(self) -> int | Decimal:
        value: Decimal = self.one(NUMBERS)
        return int(value) if value == int(value) else value

    def infix(self, operators: str, *sorts: Sort) -> Callable[[int], n.Node]:
        def make(depth: int) -> n.Node:
            left, right = (self.formula(sort, depth) for sort in (sorts * 2)[:2])
            return n.Infix(self.one(operators.split()), left, right)

        return make

    def called(self, names: str, *sorts: Sort) -> Callable[[int], n.Node]:
        return lambda depth: self.call(
            self.one(names.split()), *(self.formula(sort, depth) for sort in sorts)
        )

    def makers(self, sort: Sort) -> list[Callable[[int], n.Node]]:
        number, money, text = Sort.NUMBER, Sort.MONEY, Sort.TEXT
        truth, day, instant = Sort.BOOLEAN, Sort.DATE, Sort.DATETIME
        return {
            number: [
                self.infix("+ - * /", number),
                lambda depth: n.Prefix("-", self.formula(number, depth)),
                self.called("round floor ceil abs", number),
                self.called("round", number, number),
                self.called("min max", number, number),
                self.called("length", text),
                self.called("number", text),
                self.called("amount", money),
                self.called("days_between business_days_between months_between", day, instant),
                self.called("year month day", day),
                self.infix("/", money),
            ],
            money: [
                self.infix("+ -", money),
                self.infix("+ -", money, number),
                self.infix("* /", money, number),
                self.called("round abs floor", money),
                self.called("min max", money, money),
            ],
            text: [
                self.called("concat", text, number),
                self.called("concat", day, money, truth),
                self.called("upper lower trim", text),
                self.called("left right", text, number),
                self.called("replace", text, text, text),
                self.called("text", instant),
            ],
            truth: [
                self.infix("and or", truth),
                self.infix("= != < <= > >=", number),
                self.infix("= !=", text),
                self.infix("< <= > >=", money, number),
                self.infix("< <= > >=", day, instant),
                lambda depth: n.Prefix("not", self.formula(truth, depth)),
                lambda depth: n.Empty(self.formula(self.one(SORTS), depth), self.one((0, 1)) == 1),
                self.called("contains", text, text),
            ],
            day: [
                lambda _: self.call("today"),
                self.called("add_days add_business_days add_months", day, number),
                self.called("add_days", instant, number),
                self.called("min max", day, day),
                self.called("date", instant),
            ],
            instant: [lambda _: self.leaf(instant)],
        }[sort]


seeds = st.integers(0, 2**48)
sorts = st.sampled_from(SORTS)


def written() -> st.SearchStrategy[n.Node]:
    return st.builds(lambda seed, sort: Author(seed).formula(sort), seeds, sorts)


def record(seed: int) -> Snapshot:
    """An account with everything that the formulas read, each value there or missing."""
    random = Random(seed)

    def maybe(value: Any) -> Any:
        return value if random.random() < 0.8 else None

    def opportunity(place: int) -> Snapshot:
        columns = {
            "arr": maybe(random.randint(-5, 5)),
            "currency": random.choice(("EUR", "EUR", "USD", None)),
            "stage": maybe(random.choice(("won", "lost"))),
            "is_closed": random.random() < 0.5,
            "close_date": maybe(random.choice(DAYS)),
            "created_at": NOW - timedelta(hours=random.randint(0, 3)),
        }
        return Snapshot(f"{place}", columns)

    traits = {
        "seats": maybe(random.choice(NUMBERS)),
        "fee": maybe(random.randint(-500, 500)),
        "live": maybe(random.random() < 0.5),
        "day": maybe(random.choice(DAYS).isoformat()),
        "seen": maybe("2026-03-05T04:30:00Z"),
        "tier": maybe(random.choice(("gold", "silver"))),
    }
    arr = maybe(random.randint(-5, 500))
    columns = {
        "arr": arr,
        "currency": random.choice(("EUR", "EUR", "USD", None if arr is None else "EUR")),
        "name": random.choice(TEXTS),
        "domain": maybe("a.example"),
        "created_at": NOW - timedelta(days=3),
        "lifecycle_status_since": maybe(NOW),
    }
    related = {
        "opportunities": [opportunity(place) for place in range(random.randint(0, 3))],
        "contacts": [Snapshot(f"c{place}", {}) for place in range(random.randint(0, 2))],
        "organization": [Snapshot("o", {"name": "Org"})][: random.randint(0, 1)],
    }
    kept = {key: value for key, value in traits.items() if value is not None}
    return Snapshot("a", columns, kept, related=related)
