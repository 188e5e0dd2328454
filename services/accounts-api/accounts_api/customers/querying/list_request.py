"""What a list is asked for, and the conditions that follow from it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from pydantic_core import to_json
from typing_extensions import override

from accounts_api.customers.ignored.conditions import unless_ignored
from accounts_api.customers.querying import queries
from accounts_api.customers.querying.of_the_past import refuse_rule_of_now
from accounts_api.customers.querying.queries import Conditions, Source
from accounts_api.customers.querying.rules import OWN_GROUPS
from accounts_api.evaluation.rule_sets.rule_input import rule_catalog
from accounts_api.language.rules.standard import STANDARD
from accounts_api.records.history.as_of import PointInTime
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.errors import Invalid
from shared.lists import moment
from shared.lists.filters import read_filter
from shared.rules.sql.compile import verdict
from shared.rules.types import typed as c
from shared.rules.types.catalog import Catalog
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True)
class ListRequest:
    filter: str | dict[str, Any] | None = None
    sort: str | None = None
    fields: Sequence[str] | None = None
    include: Sequence[str] = ()
    include_ignored: bool = False
    query: str | None = None
    point: PointInTime | None = None
    count: str | None = None
    limit: int = 50
    cursor: str | None = None
    pointers: str = "/query"
    """Where its parts stand: in the query string, or in a body."""
    shape: tuple[Any, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """What a cursor is bound to: everything that decides which rows come in which order."""
        past = self.point and (self.point.as_of, self.point.known_as_of)
        parts = (self.filter, self.sort, self.query, self.include_ignored, past)
        object.__setattr__(self, "shape", parts)


def point_in_time(as_of: datetime | None, known_as_of: datetime | None) -> PointInTime | None:
    """None for now."""
    return PointInTime(as_of, known_as_of) if as_of or known_as_of else None


async def catalog_of(uow: UnitOfWork, schema: RecordSchema, request: ListRequest) -> Catalog:
    """What the workspace defined is looked up only for a list that speaks of some of it, and for
    one of its own types.
    """
    spoken = f"{request.filter} {request.sort}"
    own = schema.type_id is not None or any(group in spoken for group in OWN_GROUPS)
    return await record_catalog.rule_catalog(uow) if own else STANDARD


async def rule_of(
    uow: UnitOfWork, schema: RecordSchema, request: ListRequest, catalog: Catalog
) -> c.Rule | None:
    """Raises `Invalid` that points at the faulty part."""
    written = request.filter
    if isinstance(written, dict):
        written = to_json(written).decode()
    if written is None:
        return None
    pointer = f"{request.pointers}/filter"
    rule = await _rule_of(uow, schema, written, catalog, pointer)
    if any(isinstance(node, c.Member | c.Role) for node in c.walk(rule.root)):
        read_filter(written, await rule_catalog(uow), schema.record_type, pointer)
    return rule


async def conditions_of(
    uow: UnitOfWork, source: Source, request: ListRequest, rule: c.Rule | None
) -> Conditions:
    """Built once for the same words, unless the rule asks anything of the moment."""
    ignored = request.include_ignored or request.query is not None
    if request.point is not None:
        refuse_rule_of_now(rule, request.query, request.pointers)
    if rule is not None and rule.root.asks:
        context = await moment.evaluation_context(uow)
        if request.point is not None and request.point.as_of is not None:
            context = replace(context, now=request.point.as_of)
        return _conditions(source, rule, context, request.query, include_ignored=ignored)
    return _lasting_conditions(source, _Same(rule), request.query, include_ignored=ignored)


async def _rule_of(
    uow: UnitOfWork, schema: RecordSchema, written: str, catalog: Catalog, pointer: str
) -> c.Rule:
    """What means nothing to everyone may speak of an object type of this workspace, or name a
    segment by its key.
    """
    with suppress(Invalid):
        return _rule(schema, written, _Same(catalog), pointer)
    if catalog is STANDARD:
        with suppress(Invalid):
            return _rule(schema, written, _Same(await record_catalog.rule_catalog(uow)), pointer)
    return read_filter(written, await rule_catalog(uow), schema.record_type, pointer)


class _Same:
    """Lets a cache tell things apart by identity; holding them keeps their identity theirs."""

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.thing is self.thing

    @override
    def __hash__(self) -> int:
        return id(self.thing)


@lru_cache(maxsize=1024)
def _rule(schema: RecordSchema, written: str, catalog: _Same, pointer: str) -> c.Rule:
    return read_filter(written, catalog.thing, schema.record_type, pointer)


@lru_cache(maxsize=1024)
def _lasting_conditions(
    source: Source, rule: _Same, query: str | None, *, include_ignored: bool
) -> Conditions:
    return _conditions(source, rule.thing, moment.TIMELESS, query, include_ignored=include_ignored)


def _conditions(
    source: Source,
    rule: c.Rule | None,
    context: EvaluationContext,
    query: str | None,
    *,
    include_ignored: bool,
) -> Conditions:
    where = []
    if rule is not None:
        where.append(verdict(rule, source.table, context))
    if query is not None:
        where.append(queries.matches_words(source.schema, query))
    if include_ignored or _asks_for_status(rule):
        return Conditions(where)
    beside = unless_ignored(source.schema, source.table, in_bulk=bool(source.before))
    in_bulk = unless_ignored(source.schema, source.table, in_bulk=True)
    if beside is None or in_bulk is None:
        return Conditions(where)
    return Conditions([*where, beside], counted=[*where, in_bulk])


def _asks_for_status(rule: c.Rule | None) -> bool:
    return rule is not None and any(
        isinstance(node, c.FieldTest) and node.field.name == "lifecycle_status"
        for node in c.walk(rule.root)
    )
