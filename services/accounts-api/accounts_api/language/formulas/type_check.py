"""From the formula as written to one ready for use. Every fault is found in one pass."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from accounts_api.language.formulas import nodes as n
from accounts_api.language.formulas import typed as c
from accounts_api.language.formulas import types as t
from accounts_api.language.formulas.functions import FUNCTIONS, OPERATORS, Function
from accounts_api.language.formulas.types import Sort, Typed, Wrong
from accounts_api.language.formulas.values import Money
from shared.rules.syntax.faults import Fault, Place, RuleFaulty
from shared.rules.syntax.nodes import Money as WrittenMoney
from shared.rules.types import typed as rules
from shared.rules.types.catalog import Catalog, Field, FieldType, Parent, Scope
from shared.rules.types.literals import Mistyped, Typing
from shared.rules.types.type_check import Checker as RuleChecker
from shared.spelling import nearest

NOT_AN_INPUT: Final = frozenset({"updated_at"})
"""Changes with every write, that of the formula's own value included."""
_ORDER: Final = "created_at"
_AGGREGATED: Final = {
    "sum": t.AMOUNTS,
    "min": t.AMOUNTS | t.DAYS,
    "max": t.AMOUNTS | t.DAYS,
    "latest": t.SINGLE,
}


def check_formula(node: n.Node, catalog: Catalog, type_name: str) -> c.Formula:
    """The formula over records of `type_name`, with segments by their ids; raises RuleFaulty with
    every fault.
    """
    node = n.with_segments(node, catalog.segment_ids)
    checker = _Checker(catalog, catalog.scope(type_name))
    root = checker.node(node)
    if checker.faults or root is None:
        raise RuleFaulty(checker.faults)
    return c.Formula(catalog.types[type_name], root, node)


def misfit(formula: c.Formula, result: str, currency: str | None) -> Fault | None:
    """Why the formula does not give values of the result type it is to have, if so."""
    typed = formula.root.typed
    if typed.sort is Sort.NOTHING or (typed.sort == result and result != Sort.MONEY):
        return None
    if result == Sort.MONEY and typed.sort in t.AMOUNTS:
        if currency is None or typed.currency in {None, currency}:
            return None
        message = f"The formula gives {typed.currency}, not {currency}."
        return Fault("different_currencies", message, suggestion=typed.currency)
    message = f"The formula gives {t.said([typed.sort])}."
    known = typed.sort if typed.sort is not Sort.LIST else None
    return Fault("result_type", message, suggestion=known)


class _Checker:
    """Each method resolves one kind of node, or notes why it cannot and returns None."""

    def __init__(self, catalog: Catalog, scope: Scope) -> None:
        self.catalog = catalog
        self.scope = scope
        self.faults: list[Fault] = []

    def fault(self, code: str, message: str, place: Place, suggestion: str | None = None) -> None:
        self.faults.append(Fault(code, message, place, suggestion))

    def node(self, node: n.Node) -> c.Checked | None:
        match node:
            case n.Literal():
                return self.literal(node)
            case n.Name():
                return self.name(node)
            case n.Call():
                return self.call(node)
            case n.RollUp():
                return self.roll_up(node)
            case n.Prefix(operator, item):
                function = OPERATORS["minus" if operator == "-" else operator]
                return self.applied(function, (item,), node.place)
            case n.Infix(operator, left, right):
                found = self.applied(OPERATORS[operator], (left, right), node.place)
                return self.known_option(found, (left, right))
            case n.Empty(item, negated):
                empty = self.applied(OPERATORS["is empty"], (item,), node.place)
                if empty is None or not negated:
                    return empty
                return c.Applied(OPERATORS["not"], (empty,), t.BOOLEAN)

    def literal(self, node: n.Literal) -> c.Checked | None:
        match node.value:
            case None:
                return c.Constant(None, t.NOTHING)
            case bool() as truth:
                return c.Constant(truth, t.BOOLEAN)
            case int() | Decimal() as number:
                return c.Constant(Decimal(number), t.NUMBER)
            case str() as text:
                return c.Constant(text, t.TEXT)
            case WrittenMoney(amount, currency):
                money = Money(Decimal(amount), currency)
                return c.Constant(money, Typed(Sort.MONEY, currency))
            case n.Time(text):
                return self.time(text, node.place)

    def time(self, text: str, place: Place) -> c.Checked | None:
        typing = Typing(Field("time", FieldType.DATETIME), place)
        try:
            if len(text) == len("2026-01-31"):
                return c.Constant(typing.day(text), t.DATE)
            return c.Constant(typing.instant(text), Typed(Sort.DATETIME))
        except Mistyped as wrong:
            self.faults.extend(wrong.faults)
            return None

    def name(self, node: n.Name) -> c.Checked | None:
        found = self.path(node.path, node.place)
        if found is None:
            return None
        hops, scope, rest = found
        many = next((hop for hop in hops if not isinstance(hop.relation.join, Parent)), None)
        if many is not None:
            message = f"There may be many {many.relation.name}: say which, or how they add up."
            self.fault("needs_roll_up", message, node.place, f"latest({node.path})")
            return None
        field = self.field(rest, scope, node.place)
        return None if field is None else c.FieldOf(hops, field, t.of_field(field))

    def path(self, path: str, place: Place) -> tuple[tuple[c.Hop, ...], Scope, str] | None:
        """The relations followed, what is known behind them, and the rest of the path."""
        hops: list[c.Hop] = []
        scope, rest = self.scope, path
        while rest and rest not in scope.fields:
            head, _, tail = rest.partition(".")
            if head not in scope.relations:
                if tail and head not in scope.groups:
                    self.unknown_relation(head, scope, place)
                    return None
                break
            relation = scope.relations[head]
            hops.append(c.Hop(relation, self.catalog.types[relation.target]))
            scope, rest = self.catalog.scope(relation.target, relation), tail
        if len(hops) > n.MAX_HOPS:
            message = f"A formula looks over {n.MAX_HOPS} relations at most."
            self.fault("too_deep", message, place)
            return None
        return tuple(hops), scope, rest

    def field(self, name: str, scope: Scope, place: Place) -> Field | None:
        if name not in scope.fields:
            guess = nearest(name, scope.fields) or nearest(f"traits.{name}", scope.fields)
            what = f"has no field {name!r}" if name else "is a record: name one of its fields"
            self.fault("unknown_field", f"{scope.type.name} {what}.", place, guess)
            return None
        if name in NOT_AN_INPUT:
            message = f"{name} changes with every write, that of the formula's own value included."
            self.fault("not_an_input", message, place)
            return None
        return scope.fields[name]

    def unknown_relation(self, name: str, scope: Scope, place: Place) -> None:
        message = f"{scope.type.name} has no related records {name!r}."
        self.fault("unknown_relation", message, place, nearest(name, scope.relations))

    def call(self, node: n.Call) -> c.Checked | None:
        function = FUNCTIONS.get(node.function)
        if function is None:
            guess = nearest(node.function, [*FUNCTIONS, *n.ROLL_UPS])
            message = f"There is no function {node.function!r}."
            self.fault("unknown_function", message, node.place, guess)
            for argument in node.arguments:
                self.node(argument)
            return None
        count = len(node.arguments)
        if count < function.least or (function.most is not None and count > function.most):
            self.fault("wrong_count", _counted(function), node.place)
            for argument in node.arguments:
                self.node(argument)
            return None
        return self.applied(function, node.arguments, node.place)

    def applied(
        self, function: Function, operands: Sequence[n.Node], place: Place
    ) -> c.Checked | None:
        read = [self.node(operand) for operand in operands]
        found = tuple(operand for operand in read if operand is not None)
        if len(found) < len(read):
            return None
        try:
            typed = function.typed([operand.typed for operand in found])
        except Wrong as wrong:
            at = place if wrong.argument is None else n.start(operands[wrong.argument])
            self.fault(wrong.code, wrong.message, at, wrong.suggestion)
            return None
        return c.Applied(function, found, typed)

    def known_option(self, found: c.Checked | None, written: Sequence[n.Node]) -> c.Checked | None:
        """A select is compared with one of its options."""
        if not isinstance(found, c.Applied) or found.name not in {"=", "!="}:
            return found
        options = next((one.typed.options for one in found.operands if one.typed.options), ())
        for one, node in zip(found.operands, written, strict=True):
            if isinstance(one, c.Constant) and isinstance(one.value, str) and options:
                if one.value in options:
                    continue
                message = f"This is one of {', '.join(options)}."
                self.fault("bad_value", message, node.place, nearest(one.value, options))
        return found

    def roll_up(self, node: n.RollUp) -> c.Checked | None:
        path_at = node.place.part("path")
        found = self.path(node.path, path_at)
        if found is None:
            return None
        hops, scope, rest = found
        if not hops:
            message = f"{node.function} looks at related records, such as opportunities."
            guess = nearest(node.path.partition(".")[0], scope.relations)
            self.fault("needs_related_records", message, path_at, guess)
            return None
        if node.function == "count" and rest:
            message = "Records are counted, not fields: name the relation, and say more by where."
            self.fault("wrong_count", message, path_at)
        field = None
        if node.function != "count":
            field = self.field(rest, scope, path_at)
        by = self.order(node, scope)
        where = self.where(node, scope)
        if field is None and node.function != "count":
            return None
        typed = self.aggregated(node.function, field, path_at)
        return None if typed is None else c.Gathered(node.function, hops, field, by, where, typed)

    def aggregated(self, function: str, field: Field | None, place: Place) -> Typed | None:
        if field is None:
            return t.NUMBER
        typed = t.of_field(field)
        if typed.sort not in _AGGREGATED[function]:
            message = f"{function} takes {t.said(_AGGREGATED[function])}; {field.name} is"
            self.fault("wrong_type", f"{message} {t.said([typed.sort])}.", place)
            return None
        return typed

    def order(self, node: n.RollUp, scope: Scope) -> Field | None:
        place = node.place.part("by")
        if node.function != "latest":
            if node.by is not None:
                self.fault("unexpected_value", "Only latest has an order.", place)
            return None
        by = self.field(node.by or _ORDER, scope, place)
        if by is not None and t.of_field(by).sort not in t.AMOUNTS | t.DAYS:
            message = "The latest is found by a date, an instant or a number."
            self.fault("wrong_type", message, place)
        return by

    def where(self, node: n.RollUp, scope: Scope) -> rules.Checked | None:
        if node.where is None:
            return None
        checker = RuleChecker(self.catalog)
        where = checker.node(node.where, scope)
        self.faults.extend(checker.faults)
        for inner in rules.walk(where) if where else ():
            if isinstance(inner, rules.FieldTest) and inner.field.name in NOT_AN_INPUT:
                message = f"{inner.field.name} changes with every write."
                self.fault("not_an_input", message, inner.source.place)
        return where


def _counted(function: Function) -> str:
    least, most = function.least, function.most
    if most == 0:
        return f"{function.name}() takes nothing."
    values = "value" if most == 1 else "values"
    if least == most:
        return f"{function.name} takes {least} {values}."
    return (
        f"{function.name} takes {least} values or more."
        if most is None
        else (f"{function.name} takes {least} to {most} values.")
    )
