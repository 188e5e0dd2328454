"""A source of a metric as SQL: what it gives for each row of a record's table, and when time alone
changes that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    exists,
    func,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import TypeEngine

from accounts_api.language.formulas.typed import Gathered, Hop
from accounts_api.signals.event_counts.rules import NOBODY
from accounts_api.signals.metric_documents.documents import (
    ActiveContacts,
    ActiveDays,
    Events,
    FieldOf,
    Happened,
    OfEvents,
    PropertySum,
    Window,
)
from shared.columns import AT
from shared.rules.sql.compile import Compiler
from shared.rules.sql.dates import day_start, local_day
from shared.rules.sql.next_change import next_change
from shared.rules.sql.rows import Row, other_table, record_table
from shared.rules.syntax import nodes as n
from shared.rules.types import typed as c
from shared.rules.types.catalog import Field, FieldType, RecordType, Relation
from shared.rules.types.context import EvaluationContext

_OWNERS: Final = {"account": "account_id", "contact": "contact_id"}
_DAYS: Final[dict[str, TypeEngine[Any]]] = {
    "account_id": Uuid(),
    "contact_id": Uuid(),
    "name": Text(),
    "day": Date(),
    "count": BigInteger(),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What a source gives: a number, the currency of an amount, whether several are mixed, and the
    instants at which time changes it, each of which may be NULL.
    """

    value: ColumnElement[Any]
    currency: ColumnElement[Any] | None = None
    mixed: ColumnElement[Any] | None = None
    next_changes: tuple[ColumnElement[Any], ...] = ()


@dataclass
class Sources:
    """The parts of a statement over the rows of `row`, and what it joins to them."""

    row: Row
    context: EvaluationContext
    joined: list[LateralFromClause] = field(default_factory=list)

    def field_of(self, source: FieldOf) -> Part:
        value = self.row.value(source.field)
        if source.reading == "value":
            return Part(cast(value, Numeric()), _currency(source.field, self.row))
        day = value
        if source.field.type is FieldType.DATETIME:
            day = local_day(value, self.context)
        today = _date(self.context.today)
        days = today - day if source.reading == "days_since" else day - today
        midnight = day_start(_date(self.context.today + timedelta(days=1)), self.context)
        return Part(cast(days, Numeric()), next_changes=(case((day.is_not(None), midnight)),))

    def of_events(self, source: OfEvents, days_ago: int) -> Part:
        happened = source.happened
        window = happened.window.moved(days_ago)
        rows = self._rows_of(happened, window, valued=isinstance(source, PropertySum))
        days = rows.days.c
        inside = days.day <= _last(self.context, window)
        change = func.min(_changes(days.day, window, self.context)).label("day")
        counted = func.sum(days.count).filter(inside)
        match source:
            case Events():
                return self._part(rows.summed(counted, change))
            case PropertySum(property=key):
                number = _number_in(days.properties, key)
                return self._part(rows.summed(func.sum(number * days.count).filter(inside), change))
            case ActiveDays():
                return self._part(self._enough(rows.by(days.day, counted, change), 1))
            case ActiveContacts():
                known = [days.contact_id != _uuid(NOBODY), *self._among(source, rows.days)]
                each = rows.by(days.contact_id, counted, change).where(*known)
                part = self._part(self._enough(each, source.at_least))
                return Part(part.value, next_changes=(*part.next_changes, *self._moving(source)))

    def related(self, gathered: Gathered) -> Part:
        reached = self._reached(gathered)
        found = reached.subquery()
        if gathered.field is None:
            part = self._lateral(select(func.count().label("value")).select_from(found))
        elif gathered.function == "latest":
            last = (
                select(found.c.value, found.c.currency)
                .where(found.c.by.is_not(None))
                .order_by(found.c.by.desc(), found.c.id.desc())
                .limit(1)
            )
            lateral = self._join(last)
            part = Part(lateral.c.value, lateral.c.currency)
        else:
            function = getattr(func, gathered.function)(found.c.value)
            value = func.coalesce(function, 0) if gathered.function == "sum" else function
            known = func.count(found.c.currency.distinct()).filter(found.c.value.is_not(None))
            currency = func.min(found.c.currency).filter(found.c.value.is_not(None))
            lateral = self._join(
                select(
                    value.label("value"), currency.label("currency"), (known > 1).label("mixed")
                ).select_from(found)
            )
            part = Part(lateral.c.value, lateral.c.currency, lateral.c.mixed)
        if gathered.where is None:
            return part
        path = tuple((hop.relation, hop.target) for hop in gathered.hops)
        moving = self._when_matching(path, gathered.where)
        return Part(part.value, part.currency, part.mixed, moving)

    def _reached(self, gathered: Gathered) -> Select[Any]:
        """The related records, each once."""
        chosen, joined, where = _followed(self.row, gathered.hops)
        if gathered.where is not None:
            where.append(Compiler(self.context).node(gathered.where, chosen))
        columns = [chosen.id.label("id")]
        if gathered.field is not None:
            currency = _currency(gathered.field, chosen)
            columns += [
                cast(chosen.value(gathered.field), Numeric()).label("value"),
                (cast(null(), Text()) if currency is None else currency).label("currency"),
            ]
        if gathered.by is not None:
            columns.append(chosen.value(gathered.by).label("by"))
        found = select(*columns).select_from(joined).where(*where)
        if len(gathered.hops) > 1:
            found = found.distinct()
        return found.correlate(self.row.table)

    def _rows_of(self, happened: Happened, window: Window, *, valued: bool) -> "_Rows":
        """From the first day of the window on."""
        columns: dict[str, TypeEngine[Any]] = _DAYS
        if valued:
            columns = {**_DAYS, "properties": JSONB()}
        days = other_table("product_event_values" if valued else "product_event_days", columns)
        where = [
            days.c.workspace_id == self.row.workspace,
            days.c.day >= _date(_first(self.context, window)),
        ]
        if happened.names is not None:
            names = bindparam(None, list(happened.names), type_=ARRAY(Text()))
            where.append(days.c.name == any_(names))
        owner = _OWNERS.get(self.row.type.name)
        if owner is not None:
            return _Rows(days, days, [*where, days.c[owner] == self.row.id])
        accounts = next(one for one in self.row.type.relations if one.name == "accounts")
        known: dict[str, TypeEngine[Any]] = {"id": Uuid(), "organization_id": Uuid()}
        account = other_table("accounts", {**known, "deleted_at": AT})
        _, joined = self.row.joined(accounts, account)
        where += [
            account.c.workspace_id == self.row.workspace,
            account.c.deleted_at.is_(None),
            joined,
        ]
        return _Rows(days, days.join(account, days.c.account_id == account.c.id), where)

    def _enough(self, each: Select[Any], at_least: int) -> Select[Any]:
        """How many groups were counted at least so often."""
        groups = each.correlate(self.row.table).subquery()
        enough = groups.c.counted >= bindparam(None, at_least, type_=BigInteger())
        value: ColumnElement[Any] = func.count().filter(enough).label("value")
        return select(value, func.min(groups.c.day).label("day"))

    def _among(self, source: ActiveContacts, days: FromClause) -> list[ColumnElement[bool]]:
        if source.where is None:
            return []
        hops = [Hop(relation, target) for relation, target in source.path]
        contact, joined, where = _followed(self.row, hops)
        matches = Compiler(self.context).node(source.where, contact)
        found = (
            select(1).select_from(joined).where(*where, contact.id == days.c.contact_id, matches)
        )
        return [exists(found.correlate(self.row.table, days))]

    def _moving(self, source: ActiveContacts) -> tuple[ColumnElement[Any], ...]:
        return () if source.where is None else self._when_matching(source.path, source.where)

    def _when_matching(
        self, path: Sequence[tuple[Relation, RecordType]], where: c.Checked
    ) -> tuple[ColumnElement[Any], ...]:
        """When time changes which of the related records match."""
        if not where.asks.moves:
            return ()
        node: c.Checked = where
        for relation, target in reversed(path):
            node = c.RelatedMatch(relation, target, n.Quantifier.ANY, node, where.source)
        rule = c.Rule(self.row.type, node, where.source)
        at = next_change(rule, self.row.table, self.context)
        return () if at is None else (at,)

    def _part(self, found: Select[Any]) -> Part:
        lateral = self._join(found)
        return Part(
            cast(lateral.c.value, Numeric()), next_changes=(day_start(lateral.c.day, self.context),)
        )

    def _lateral(self, found: Select[Any]) -> Part:
        return Part(cast(self._join(found).c.value, Numeric()))

    def _join(self, found: Select[Any]) -> LateralFromClause:
        lateral = found.lateral(f"source_{len(self.joined)}")
        self.joined.append(lateral)
        return lateral


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a roll-up: what to select them from, and which they are."""

    days: FromClause
    joined: FromClause
    where: Sequence[ColumnElement[bool]]

    def summed(self, total: ColumnElement[Any], change: ColumnElement[Any]) -> Select[Any]:
        value: ColumnElement[Any] = func.coalesce(total, 0).label("value")
        return select(value, change).select_from(self.joined).where(*self.where)

    def by(
        self, group: ColumnElement[Any], counted: ColumnElement[Any], change: ColumnElement[Any]
    ) -> Select[Any]:
        found: Select[Any] = select(counted.label("counted"), change)
        return found.select_from(self.joined).where(*self.where).group_by(group)


def _followed(row: Row, hops: Sequence[Hop]) -> tuple[Row, FromClause, list[ColumnElement[bool]]]:
    """The row behind relations, with what to select from and how that is joined to `row`."""
    joined: FromClause | None = None
    where: list[ColumnElement[bool]] = []
    current = row
    for hop in hops:
        other = record_table(hop.target)
        link, condition = current.joined(hop.relation, other)
        where += [other.c.workspace_id == row.workspace, other.c.deleted_at.is_(None), condition]
        for each in (other,) if link is None else (link, other):
            joined = each if joined is None else joined.join(each, true())
        current = Row(hop.target, other, link)
    return current, row.table if joined is None else joined, where


def _changes(
    day: ColumnElement[Any], window: Window, context: EvaluationContext
) -> ColumnElement[Any]:
    """The day on which what was counted on `day` leaves the window, or enters it."""
    return case(
        (day > _last(context, window), day + window.offset),
        else_=day + window.offset + window.days,
    )


def _first(context: EvaluationContext, window: Window) -> date:
    return context.today - timedelta(days=window.offset + window.days - 1)


def _last(context: EvaluationContext, window: Window) -> ColumnElement[Any]:
    return _date(context.today - timedelta(days=window.offset))


def _date(day: date) -> ColumnElement[Any]:
    return bindparam(None, day, type_=Date())


def _uuid(value: Any) -> ColumnElement[Any]:
    return bindparam(None, value, type_=Uuid())


def _number_in(properties: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    given = properties.op("->", return_type=JSONB())(key)
    text = properties.op("->>", return_type=Text())(key)
    return case((func.jsonb_typeof(given) == "number", cast(text, Numeric())))


def _currency(known: Field, row: Row) -> ColumnElement[Any] | None:
    """Of an amount; NULL where it says none."""
    if known.type is not FieldType.CURRENCY:
        return None
    if known.currency_column is not None:
        return row.column(known.currency_column)
    return cast(bindparam(None, known.currency, type_=Text()), Text())


def truth(value: ColumnElement[Any] | None) -> ColumnElement[Any]:
    return cast(False, Boolean()) if value is None else func.coalesce(value, False)


def exact(value: Decimal | int) -> ColumnElement[Any]:
    return bindparam(None, Decimal(value), type_=Numeric())
