"""One statement that works out what a list of definitions gives each of some records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.signals.health_definitions.compiled import Children, Compiled, Scored
from accounts_api.signals.health_inputs.inputs import Input
from accounts_api.signals.health_inputs.sql import edge_of, instants_of, value_of
from accounts_api.signals.scoring import sql as scoring
from accounts_api.signals.scoring.definition import Definition
from shared.columns import AT
from shared.data import WORKSPACE
from shared.rules.sql.compile import verdict
from shared.rules.sql.evaluate_many import of_day
from shared.rules.sql.next_change import next_change
from shared.rules.sql.rows import Row, record_table
from shared.rules.types.catalog import RecordType
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule

SCORED: Final = "scored"
GONE: Final = "gone"
"""Deleted, or ignored: it has no score."""
STOPPED: Final = "stopped"
"""It keeps the score that it has."""
NO_DEFINITION: Final = "no_definition"
Expression = ColumnElement[Any]


@dataclass(frozen=True, slots=True, eq=False)
class List:
    """What a statement is made for."""

    compiled: Compiled
    type: RecordType
    stops_at_churn: bool


@lru_cache(maxsize=256)
def list_of(compiled: Compiled, type_: RecordType, *, stops_at_churn: bool) -> List:
    """The same one for the same list: it is the key of the statement."""
    return List(compiled, type_, stops_at_churn)


def results_of(found: List, context: EvaluationContext, *, everyone: bool = False) -> CTE:
    """What a list gives each of the records `ids`, or every live one: `record_id`, `state`, `arr`,
    `currency`, `computed_score`, `computed_label`, `definition_key`, `points`, `inputs` by the keys
    of measures, `null_reason`, the title of the cap as `capped_by`, and `next_at`, when time alone
    changes it. What is stored, and what people said, is not looked at.
    """
    seen = _Seen(found, context, everyone=everyone)
    results = [_result(one, place, seen) for place, one in enumerate(found.compiled.definitions)]
    results.append(_without(seen.cte))
    return union_all(*results).cte("result").prefix_with("materialized")


def over_results(
    found: List, context: EvaluationContext, made_of: Callable[[CTE], Select[Any]]
) -> Select[Any]:
    """A statement over what a list gives some records. Making it costs more than running it for a
    few, so it is kept for the day, unless a rule asks for the very instant.
    """
    day = of_day(found.compiled.rules, context)
    return made_of(results_of(found, context)) if day is None else _of_day(found, day, made_of)


@lru_cache(maxsize=256)
def _of_day(
    found: List, context: EvaluationContext, made_of: Callable[[CTE], Select[Any]]
) -> Select[Any]:
    return made_of(results_of(found, context))


class _Seen:
    """What is read of each record, once: the place of its definition, and what that one reads."""

    def __init__(self, found: List, context: EvaluationContext, *, everyone: bool) -> None:
        self.found = found
        self.everyone = everyone
        self.context = context
        self.row = Row(found.type, record_table(found.type))
        self.chosen = self._chosen()
        self.columns: dict[str, Expression] = {}
        self.named: dict[str, str] = {}
        self.instants: dict[int, list[str]] = {}
        users = self._users()
        for words, (each, places) in users.items():
            name = f"v{len(self.named)}"
            self.named[words] = name
            self.columns[name] = self._where(places, value_of(each, self.row, context))
            for number, at in enumerate(instants_of(each, self.row, context)):
                self.columns[f"{name}_{number}"] = self._where(places, at)
                for place in places:
                    self.instants.setdefault(place, []).append(f"{name}_{number}")
        for place, one in enumerate(found.compiled.definitions):
            self._caps(place, one)
            if one.children is not None:
                self._children(place, one.definition, one.children)
        self.cte = self._cte()

    def _chosen(self) -> FromClause:
        """Kept apart by its OFFSET: pulled up, it would be worked out for each who asks."""
        row, compiled = self.row, self.found.compiled
        live = row.table.c.deleted_at.is_(None)
        has_score = verdict(compiled.has_score, row.table, self.context)
        states: list[tuple[ColumnElement[bool], Expression]] = [
            (func.coalesce(and_(live, has_score), false()).is_(False), literal(GONE))
        ]
        if self.found.stops_at_churn:
            states.append((row.column("lifecycle_status") == "churned", literal(STOPPED)))
        state = case(*states, else_=literal(SCORED))
        matches = [
            (self._holds(one.segment), literal(place, Integer()))
            for place, one in enumerate(compiled.definitions)
        ]
        place = case(*matches) if matches else cast(null(), Integer)
        inner = select(state.label("state"), place.label("place")).correlate(row.table).offset(0)
        return inner.lateral("chosen")

    def _holds(self, rule: Rule | None) -> Expression:
        return true() if rule is None else verdict(rule, self.row.table, self.context)

    def _users(self) -> dict[str, tuple[Input, list[int]]]:
        """Each input once, with the places of the definitions that read it."""
        users: dict[str, tuple[Input, list[int]]] = {}
        for place, one in enumerate(self.found.compiled.definitions):
            for measure, each in zip(one.definition.measures, one.inputs, strict=True):
                if each is not None:
                    _, places = users.setdefault(measure.input, (each, []))
                    places.append(place)
        return users

    def _where(self, places: Sequence[int], value: Expression) -> Expression:
        """Worked out only for records that such a definition scores."""
        mine = self.chosen.c.place.in_(sorted(set(places))) & (self.chosen.c.state == SCORED)
        return case((mine, value))

    def _caps(self, place: int, one: Scored) -> None:
        for number, rule in enumerate(one.caps):
            name = f"c{place}_{number}"
            holds = false() if rule is None else func.coalesce(self._holds(rule), false())
            self.columns[name] = self._where([place], holds)
            at = None if rule is None else next_change(rule, self.row.table, self.context)
            if at is not None:
                self.columns[f"{name}_at"] = self._where([place], at)
                self.instants.setdefault(place, []).append(f"{name}_at")

    def _children(self, place: int, definition: Definition, children: Children) -> None:
        target = children.where.type
        rule = definition.from_children
        if rule is None:
            return

        def of_child(other: Row) -> Select[Any]:
            matching = select(
                other.value(children.score).label("score"), other.value(children.arr).label("arr")
            )
            return matching.where(verdict(children.where, other.table, self.context))

        each = self.row.related(children.relation, target, of_child).subquery()
        rolled = select(scoring.rolled_up(rule, each.c.score, each.c.arr)).scalar_subquery()
        self.columns[f"r{place}"] = self._where([place], rolled)

        def instant(other: Row) -> Select[Any]:
            at = next_change(children.where, other.table, self.context)
            return select(func.min(cast(null(), AT) if at is None else at))

        if children.where.root.asks.moves:
            earliest = self.row.related(children.relation, target, instant).scalar_subquery()
            self.columns[f"r{place}_at"] = self._where([place], earliest)
            self.instants.setdefault(place, []).append(f"r{place}_at")

    def _cte(self) -> CTE:
        row, account = self.row, self.found.type.name == "account"
        wanted = (
            row.table.c.deleted_at.is_(None)
            if self.everyone
            else row.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
        )
        return (
            select(
                row.id.label("record_id"),
                self.chosen.c.state,
                self.chosen.c.place,
                (row.column("arr") if account else cast(null(), Integer)).label("arr"),
                (row.column("currency") if account else cast(null(), Text)).label("currency"),
                *(value.label(name) for name, value in self.columns.items()),
            )
            .select_from(row.table)
            .join(self.chosen, true())
            .where(row.workspace == WORKSPACE, wanted)
            .cte("seen")
            .prefix_with("materialized")
        )


def _result(one: Scored, place: int, seen: _Seen) -> Select[Any]:
    """Points, score and label of the records that a definition scores."""
    definition, read = one.definition, seen.cte
    measures = list(zip(definition.measures, one.inputs, strict=True))
    values = [
        cast(null(), scoring.input_type(measure.points))
        if each is None
        else read.c[seen.named[measure.input]]
        for measure, each in measures
    ]
    edges = [
        edge
        for (measure, each), value in zip(measures, values, strict=True)
        if each is not None
        and (edge := edge_of(each, measure.points, value, seen.context)) is not None
    ]
    instants = [*(read.c[name] for name in seen.instants.get(place, ())), *edges]
    named = [(measure.key, value) for (measure, _), value in zip(measures, values, strict=True)]
    pairs = [part for key, value in named for part in (_text(key), value)]
    records = (
        select(
            read,
            (func.least(*instants) if instants else cast(null(), AT)).label("next_at"),
            func.jsonb_build_object(*pairs, type_=JSONB()).label("inputs"),
        )
        .where(read.c.place == place, read.c.state == SCORED)
        .subquery(f"records{place}")
    )
    holding = [records.c[f"c{place}_{number}"] for number in range(len(definition.caps))]
    kept = [records.c[name] for name in ("record_id", "arr", "currency", "inputs", "next_at")]
    if one.children is None:
        of_record = [
            records.c[seen.named[measure.input]] if each is not None else value
            for (measure, each), value in zip(measures, values, strict=True)
        ]
        result: FromClause = scoring.scored(
            definition, records, of_record, holding, *kept
        ).subquery()
        reason = "not_enough_data"
    else:
        result = _rolled_up(definition, records, records.c[f"r{place}"], holding, kept)
        reason = "no_children"
    titles = [
        (result.c.capped_by == number, _text(cap.title))
        for number, cap in enumerate(definition.caps)
    ]
    return select(
        result.c.record_id,
        literal(SCORED).label("state"),
        result.c.arr,
        result.c.currency,
        result.c.score.label("computed_score"),
        cast(result.c.label, Text).label("computed_label"),
        _text(definition.key).label("definition_key"),
        cast(result.c.points, ARRAY(Integer)).label("points"),
        result.c.inputs,
        case((result.c.score.is_(None), literal(reason))).label("null_reason"),
        (case(*titles) if titles else cast(null(), Text)).label("capped_by"),
        result.c.next_at,
    )


def _rolled_up(
    definition: Definition,
    records: FromClause,
    uncapped: Expression,
    holding: Sequence[Expression],
    kept: Sequence[Expression],
) -> FromClause:
    """As `scoring.scored`, of a score that is made of those of children."""
    cap = scoring.capped_by(definition, uncapped, holding)
    first = select(*kept, uncapped.label("uncapped"), cap.label("capped_by")).offset(0).subquery()
    names = [column.name for column in first.c]
    score = scoring.capped_score(definition, first.c.uncapped, first.c.capped_by)
    second = select(*(first.c[name] for name in names), score.label("score")).offset(0).subquery()
    label = scoring.label(definition, second.c.score)
    points = cast(text("'{}'"), ARRAY(Integer)).label("points")
    return select(second, label.label("label"), points).subquery()


def _text(value: str) -> Expression:
    return literal(value, Text())


def _without(seen: CTE) -> Select[Any]:
    """Records without a score, and those that keep theirs."""
    return select(
        seen.c.record_id,
        seen.c.state,
        seen.c.arr,
        seen.c.currency,
        cast(null(), Integer).label("computed_score"),
        cast(null(), Text).label("computed_label"),
        cast(null(), Text).label("definition_key"),
        cast(null(), ARRAY(Integer)).label("points"),
        cast(null(), JSONB).label("inputs"),
        literal(NO_DEFINITION).label("null_reason"),
        cast(null(), Text).label("capped_by"),
        cast(null(), AT).label("next_at"),
    ).where(or_(seen.c.state != SCORED, seen.c.place.is_(None)))
