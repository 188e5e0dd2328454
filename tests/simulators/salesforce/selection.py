"""Runs a query: binds its names to the schema, filters, sorts and renders rows for the wire."""

import zlib
from collections.abc import Callable, Iterable
from typing import Any

from tests.simulators.salesforce import predicates
from tests.simulators.salesforce.errors import malformed_query
from tests.simulators.salesforce.objects import BY_LOWER_NAME, BY_PREFIX, OBJECTS
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.schema import NUMBERS, Field, SObject
from tests.simulators.salesforce.soql import (
    Comparison,
    Condition,
    Junction,
    Negation,
    Path,
    Query,
    Semijoin,
)
from tests.simulators.salesforce.values import Value, Values, as_double, wire_instant

Reader = Callable[[Values], Value]
Test = Callable[[Values], bool]

_HINT = (
    "If you are attempting to use a custom {what}, be sure to append the '__{mark}' after the "
    "{name} name."
)
_WSDL = "Please reference your WSDL or the describe call for the appropriate names."


class Selection:
    """One query, bound to an org; `ids` freezes which rows it has, `render` reads them."""

    def __init__(
        self, org: Org, query: Query, *, everything: bool, parent: SObject | None = None
    ) -> None:
        self._org, self._query, self._everything = org, query, everything
        self.link: Field | None = None
        self.sobject = self._from(parent)
        self.columns = [self._walk(path) for path in query.fields]
        self._children = [
            Selection(org, each, everything=everything, parent=self.sobject)
            for each in query.subqueries
        ]
        self._refuse_open_scan()
        self._test: Test = self._bind(query.where) if query.where else lambda _: True

    @property
    def width(self) -> int:
        return len(self.columns)

    def _from(self, parent: SObject | None) -> SObject:
        name = ".".join(self._query.sobject.parts)
        if parent is None:
            found = BY_LOWER_NAME.get(name.lower())
            if found is not None:
                return found
            hint = _HINT.format(what="object", mark="c", name="entity")
            message = f"sObject type '{name}' is not supported. {hint} {_WSDL}"
            raise self._query.refuse("INVALID_TYPE", message, self._query.sobject.at)
        for child in OBJECTS.values():
            for field in child.fields:
                is_of_parent = parent.name in field.refers_to
                if is_of_parent and (field.children or "").lower() == name.lower():
                    self.link = field
                    return child
        message = f"Didn't understand relationship '{name}' in FROM part of query call."
        raise self._query.refuse("INVALID_TYPE", message, self._query.sobject.at)

    def _refuse_open_scan(self) -> None:
        if self.sobject.name != "ContentDocumentLink" or self.link is not None:
            return
        where = self._query.where
        sides = where.sides if isinstance(where, Junction) and where.word == "and" else (where,)
        for side in sides:
            if (
                isinstance(side, Comparison | Semijoin)
                and side.operator in {"=", "in"}
                and side.path.parts[-1].lower() in {"contentdocumentid", "linkedentityid"}
            ):
                return
        raise malformed_query(
            "Implementation restriction: ContentDocumentLink requires a filter by a single Id on "
            "ContentDocumentId or LinkedEntityId using the equals operator or multiple Id's using "
            "the IN operator."
        )

    # Names

    def _walk(self, path: Path) -> list[Field]:
        """The fields to read one after the other: links first, the wanted field last."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() == self.sobject.name.lower():
            parts = parts[1:]
        here: SObject | None = self.sobject
        steps: list[Field] = []
        for relation in parts[:-1]:
            link = here.by_relation.get(relation.lower()) if here else None
            if link is None or link.name.lower() not in self._org.fields(here or self.sobject):
                hint = _HINT.format(what="relationship", mark="r", name="custom relationship")
                message = f"Didn't understand relationship '{relation}' in field path. {hint}"
                raise self._query.refuse("INVALID_FIELD", f"{message} {_WSDL}", path.at)
            steps.append(link)
            # What a polymorphic link leads to is only known row by row; all there have a Name.
            here = BY_LOWER_NAME[link.refers_to[0].lower()] if len(link.refers_to) == 1 else None
        steps.append(self._field(here, parts[-1], path))
        return steps

    def _field(self, here: SObject | None, name: str, path: Path) -> Field:
        if here is None:
            if name.lower() in {"id", "name"}:
                return OBJECTS["Account"].by_name[name.lower()]
        elif (field := self._org.fields(here).get(name.lower())) is not None:
            return field
        hint = _HINT.format(what="field", mark="c", name="custom field")
        entity = here.name if here else "Name"
        message = f"No such column '{name}' on entity '{entity}'. {hint} {_WSDL}"
        raise self._query.refuse("INVALID_FIELD", message, path.at)

    def _reader(self, steps: list[Field]) -> Reader:
        org, last = self._org, steps[-1]
        if len(steps) == 1:
            if not last.formula and last.name != "IsArchived":
                name = last.name
                return lambda values: values.get(name)
            return lambda values: org.value(self.sobject, values, last)

        def read(values: Values) -> Value:
            here: Values | None = values
            for link in steps[:-1]:
                here = org.peek(str(here.get(link.name))) if here else None
            return org.value(BY_PREFIX[str(here["Id"])[:3]], here, last) if here else None

        return read

    def read(self, steps: list[Field], values: Values) -> Value:
        return self._reader(steps)(values)

    @staticmethod
    def column_name(steps: list[Field]) -> str:
        """A column's name in a flat table: `Owner.Email`."""
        return ".".join([*(str(link.relation) for link in steps[:-1]), steps[-1].name])

    # Conditions

    def _bind(self, condition: Condition) -> Test:
        if isinstance(condition, Negation):
            inner = self._bind(condition.condition)
            return lambda values: not inner(values)
        if isinstance(condition, Junction):
            tests = [self._bind(side) for side in condition.sides]
            if condition.word == "and":
                return lambda values: all(test(values) for test in tests)
            return lambda values: any(test(values) for test in tests)
        steps = self._walk(condition.path)
        read = self._reader(steps)
        if isinstance(condition, Semijoin):
            return self._semijoin(condition, read)
        holds = predicates.compiled(
            steps[-1], condition, self._query, today=self._org.clock.now().date()
        )
        return lambda values: holds(read(values))

    def _semijoin(self, condition: Semijoin, read: Reader) -> Test:
        inner = Selection(self._org, condition.query, everything=self._everything)
        if len(inner.columns) != 1:
            raise malformed_query("The inner select of a semi join must select exactly one field")
        inner_read = inner._reader(inner.columns[0])
        wanted = {inner_read(values) for values in inner.rows()} - {None}
        if condition.operator == "in":
            return lambda values: read(values) in wanted
        return lambda values: read(values) not in wanted

    # Rows

    def rows(self, candidates: Iterable[Values] | None = None) -> list[Values]:
        if candidates is None:
            candidates = self._org.scan(self.sobject.name, everything=self._everything)
        found = [values for values in candidates if self._test(values)]
        # Ties, and rows of an unordered query, come in an order that no client can have meant.
        found.sort(key=lambda values: zlib.crc32(str(values["Id"]).encode()))
        for ordering in reversed(self._query.order):
            steps = self._walk(ordering.path)
            if steps[-1].type in {"textarea", "base64", "multipicklist"}:
                message = f"field '{steps[-1].name}' can not be sorted in a query call"
                raise self._query.refuse("INVALID_FIELD", message, ordering.path.at)
            read = self._reader(steps)
            empty = [values for values in found if read(values) is None]
            full = [values for values in found if read(values) is not None]
            key = predicates.sort_key(steps[-1])
            full.sort(key=lambda v, read=read, key=key: key(read(v)), reverse=ordering.descending)  # type: ignore[misc]
            found = full + empty if ordering.nulls_last else empty + full
        end = None if self._query.limit is None else self._query.offset + self._query.limit
        return found[self._query.offset : end]

    def ids(self) -> list[str]:
        return [str(values["Id"]) for values in self.rows()]

    def render(self, values: Values, base: str) -> dict[str, Any]:
        record = head(self.sobject, values, base)
        for steps in self.columns:
            self._place(record, values, steps, base)
        for child in self._children:
            record[child._query.sobject.parts[0]] = child._render_under(values, base)
        return record

    def _render_under(self, parent: Values, base: str) -> dict[str, Any] | None:
        link = self.link
        scanned = self._org.scan(self.sobject.name, everything=self._everything)
        rows = self.rows(each for each in scanned if link and each.get(link.name) == parent["Id"])
        if not rows:
            return None
        records = [self.render(row, base) for row in rows]
        return {"totalSize": len(rows), "done": True, "records": records}

    def _place(self, record: dict[str, Any], values: Values, steps: list[Field], base: str) -> None:
        """Put one column into the nested record; a missing parent is one null for all of it."""
        here, sobject = values, self.sobject
        for link in steps[:-1]:
            name = str(link.relation)
            parent = self._org.peek(str(here.get(link.name)))
            if parent is None:
                record[name] = None
                return
            here, sobject = parent, BY_PREFIX[str(parent["Id"])[:3]]
            record = record.setdefault(name, head(sobject, here, base))
        last = steps[-1]
        record[last.name] = rendered(self._org, sobject, here, last, base)


def head(sobject: SObject, values: Values, base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{sobject.name}/{values['Id']}"
    return {"attributes": {"type": sobject.name, "url": url}}


def rendered(org: Org, sobject: SObject, values: Values, field: Field, base: str) -> Value:
    value = org.value(sobject, values, field)
    if value is None:
        return None
    if field.type == "datetime":
        return wire_instant(str(value))
    if field.type in NUMBERS:
        return as_double(float(value))
    if field.type == "base64":
        return f"{base}/sobjects/{sobject.name}/{values['Id']}/{field.name}"
    return value
