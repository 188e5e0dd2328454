"""Random rules, as JSON, that pass the check: every operator of every type of field."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st

from shared.rules.syntax import nodes as n
from shared.rules.types.catalog import Catalog, Field, FieldType, Scope
from tests.shared.rules.dice import CURRENCIES, DECIMALS, NOW, TEXTS, zulu
from tests.shared.rules.worlds import MEMBERS, ROLES, SEGMENTS, catalog

Json = dict[str, Any]
TIMES = (FieldType.DATE, FieldType.DATETIME)
EVENTS = ("login", "logout", "never")


class Author:
    """Writes one rule; a seed always gives the same. `segments` holds known ids by record type,
    None for any of `SEGMENTS`.
    """

    def __init__(
        self, seed: int, catalog: Catalog, segments: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.random = Random(seed)
        self.catalog = catalog
        self.segments = segments

    def one(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def many(self, make: Callable[[], Any]) -> list[Any]:
        return [make() for _ in range(self.random.randint(1, 3))]

    def rule(self, scope: Scope, depth: int = 3) -> Json:
        kind = self.random.random()
        if depth == 0 or kind < 0.45:
            return self.leaf(scope)
        if kind < 0.55:
            return {"not": self.rule(scope, depth - 1)}
        if kind < 0.8 or not scope.relations:
            count = self.one((0, 1, 2, 2, 2, 3))
            return {self.one(("all", "any")): [self.rule(scope, depth - 1) for _ in range(count)]}
        return self.related(scope, depth)

    def related(self, scope: Scope, depth: int) -> Json:
        name = self.one(sorted(scope.relations))
        relation = scope.relations[name]
        how: Json = {"quantifier": self.one(("any", "all", "none"))}
        if self.random.random() < 0.3:
            how = {"count": self.count()}
        if self.random.random() < 0.15:
            return {"related": name, **how}
        inner = self.rule(self.catalog.scope(relation.target, relation), depth - 1)
        return {"related": name, **how, "where": inner}

    def count(self) -> Json:
        return {"op": str(self.one(list(n.COMPARISONS))), "value": self.random.randint(0, 3)}

    def leaf(self, scope: Scope) -> Json:
        kind = self.random.random()
        known = SEGMENTS if self.segments is None else self.segments.get(scope.type.name, ())
        if kind < 0.05 and known and scope.type.memberships:
            return {"segment": str(self.one(known)), "op": self.one(("member", "not_member"))}
        if kind < 0.15 and scope.type.holdings:
            role = {"key_role": self.one(ROLES)}
            if self.random.random() < 0.5:
                return {**role, "op": self.one(("held", "not_held"))}
            op = self.one(("held_by", "not_held_by"))
            return {**role, "op": op, "member": str(self.one(MEMBERS))}
        if kind < 0.2 and scope.type.events:
            days, event = self.random.randint(1, 40), self.one(EVENTS)
            declared = scope.type.events.declared.get(event, ())
            where = {"where": self.of_event(declared)} if declared and kind < 0.185 else {}
            tallies = [t for t in n.Tally if scope.type.events.contact or t != n.Tally.CONTACTS]
            tally = str(self.one(tallies))
            return {tally: event, **where, "within_days": days, "count": self.count()}
        prefix = ""
        if kind < 0.35 and scope.relations:
            name = self.one(sorted(scope.relations))
            relation = scope.relations[name]
            prefix, scope = f"{name}.", self.catalog.scope(relation.target, relation)
        names = sorted(scope.fields)
        if self.random.random() < 0.4:
            names = [name for name in names if scope.fields[name].type in TIMES]
        name = self.one(names)
        changes = scope.type.changes is not None and scope.fields[name].side is None
        return {"field": prefix + name, **self.condition(scope.fields[name], changes=changes)}

    def of_event(self, declared: Sequence[Field]) -> Json:
        """A condition that time does not change."""
        if self.random.random() < 0.3:
            several = self.many(lambda: self.of_event(declared))
            joined: Json = self.one(({"any": several}, {"all": several}, {"not": several[0]}))
            return joined
        field: Field = self.one(declared)
        if field.type in TIMES:
            op = self.one(("eq", "neq", "lt", "lte", "gt", "gte", "on", "before", "after"))
            return {"field": field.name, "op": op, "value": self.day().isoformat()}
        return {"field": field.name, **self.condition(field, changes=False)}

    def condition(self, field: Field, *, changes: bool = True) -> Json:
        if self.random.random() < 0.15:
            if self.random.random() < 0.5 or not changes:
                return {"op": self.one(("is_empty", "not_empty"))}
            return {"op": "changed_within", "value": self.span(hours=True)}
        options = field.options or TEXTS
        match field.type:
            case FieldType.TEXT if self.random.random() < 0.5:
                words = ["contains", "not_contains", "starts_with", "ends_with"]
                return {"op": self.one(words), "value": self.one([*filter(None, TEXTS)])}
            case FieldType.TEXT | FieldType.SELECT:
                return self.equal(lambda: self.one(options))
            case FieldType.ID:
                return self.equal(lambda: str(self.one((*MEMBERS, *SEGMENTS))))
            case FieldType.BOOLEAN:
                return {"op": self.one(("eq", "neq")), "value": self.one((True, False))}
            case FieldType.MULTI_SELECT:
                values = self.many(lambda: self.one(options))
                return {"op": self.one(("has_any", "has_all", "has_none")), "value": values}
            case FieldType.NUMBER:
                return self.ranged(lambda: float(self.one(DECIMALS)))
            case FieldType.CURRENCY if field.currency_column and self.random.random() < 0.5:
                currency = self.one(CURRENCIES)
                return self.ranged(
                    lambda: {"amount": self.random.randint(-3, 3), "currency": currency}
                )
            case FieldType.CURRENCY:
                return self.ranged(lambda: self.random.randint(-3, 3))
            case FieldType.DATE | FieldType.DATETIME:
                return self.dated(instants=field.type is FieldType.DATETIME)

    def equal(self, value: Callable[[], Any]) -> Json:
        if self.random.random() < 0.5:
            return {"op": self.one(("eq", "neq")), "value": value()}
        return {"op": self.one(("in", "not_in")), "value": self.many(value)}

    def ranged(self, value: Callable[[], Any]) -> Json:
        kind = self.random.random()
        if kind < 0.3:
            return self.equal(value)
        if kind < 0.8:
            return {"op": self.one(("lt", "lte", "gt", "gte")), "value": value()}
        low, high = value(), value()
        amounts = [end["amount"] if isinstance(end, dict) else end for end in (low, high)]
        return {"op": "between", "value": [low, high] if amounts[0] <= amounts[1] else [high, low]}

    def day(self) -> date:
        reach = self.one((2, 4, 100, 500))
        return NOW.date() + timedelta(days=self.random.randint(-reach, reach))

    def instant(self) -> datetime:
        if self.random.random() < 0.5:
            return NOW + timedelta(hours=self.random.randint(-3, 3))
        return NOW + timedelta(minutes=self.random.randint(-3000, 3000))

    def span(self, *, hours: bool) -> Json:
        units = ["days", "days", "weeks", "months", "years", "business_days"]
        unit = self.one([*units, "hours", "hours"] if hours else units)
        return {unit: self.random.randint(0, {"hours": 60, "days": 90}.get(unit, 8))}

    def from_today(self) -> Json:
        [(unit, count)] = self.span(hours=False).items()
        return {"from_today": {unit: self.one((1, -1)) * count}}

    def dated(self, *, instants: bool) -> Json:
        kind = self.random.random()
        compared = ["eq", "neq", "lt", "lte", "gt", "gte", "on", "before", "after"]
        if kind < 0.1:
            return {"op": self.one(("past", "future"))}
        if kind < 0.15:
            return {"op": "in_period", "value": self.one(n.PERIODS)}
        if kind < 0.25:
            [(unit, count)] = self.span(hours=False).items()
            count = min(count, 1) if unit == "years" else count
            return {"op": "anniversary_within", "value": {unit: count}}
        if kind < 0.5:
            op = self.one(("within_next", "within_last"))
            return {"op": op, "value": self.span(hours=instants)}
        if kind < 0.6:
            if instants and self.random.random() < 0.5:
                ends = sorted((self.instant(), self.instant()))
                return {"op": "between", "value": [zulu(end) for end in ends]}
            return {"op": "between", "value": [self.from_today(), self.day().isoformat()]}
        if instants and kind < 0.7:
            return {"op": self.one(compared), "value": zulu(self.instant())}
        value = self.from_today() if kind < 0.9 else self.day().isoformat()
        return {"op": self.one(compared), "value": value}


def rules(type_: str) -> st.SearchStrategy[Json]:
    known = catalog()
    return st.integers(0, 2**48).map(lambda seed: Author(seed, known).rule(known.scope(type_)))
