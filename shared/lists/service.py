"""A page of one table, found by a rule over the service's own catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import CTE, ColumnElement, Table, func, literal, select

from shared.data import WORKSPACE, RowType
from shared.errors import BadRequest
from shared.keys import Keys
from shared.lists import keyset, moment
from shared.lists.filters import in_time, node_of, refused, unquoted
from shared.lists.keys import with_ids
from shared.lists.keyset import SORTED_BY, Keyset
from shared.lists.order import SortKey, sort_keys
from shared.lists.trait_values import trait_value
from shared.page_bytes import fitting
from shared.paging import CursorSigner
from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import Row
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.catalog import Catalog, Field, FieldType, RecordType
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

COUNTED_TO: Final = 1_000
R = TypeVar("R", bound=RowType)


@dataclass(frozen=True, slots=True)
class ListQuery:
    filter: str | dict[str, Any] | None = None
    sort: str | None = None
    count: str | None = None
    limit: int = 50
    cursor: str | None = None
    pointers: str = "/query"
    """Where its parts stand: in the query string, or in a body."""

    @property
    def names_traits(self) -> bool:
        """Whether it may speak of what a workspace has defined."""
        return any("traits" in str(said) for said in (self.filter, self.sort) if said is not None)


@dataclass(frozen=True)
class Listed(Generic[R]):
    """A table whose rows are listed: what rules may ask of them, and their usual order."""

    record_type: RecordType
    plural: str
    table: Table
    row: type[R]
    sort: str = ""
    newest_first: bool = False
    keys: Mapping[str, Keys] = field(default_factory=dict)
    """By the field that holds ids of what they are the keys of."""
    ctes: tuple[CTE, ...] = ()
    """What stands in for tables by its names, as for those of the past."""
    sorts_traits: bool = False
    """Whether the list is sorted by what stands in the document of a row, too."""
    catalog: Catalog = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "catalog", Catalog({self.record_type.name: self.record_type}))

    def of(self, traits: Sequence[Field]) -> "Listed[R]":
        """With a workspace's own fields, which the table holds in its column `traits`."""
        own = replace(self.record_type, fields=(*self.record_type.fields, *traits))
        return replace(self, record_type=own, sorts_traits=True)

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        return [self.table.c[field_.name] for field_ in fields(self.row)]

    def order(self, query: ListQuery) -> Keyset:
        """Raises `Invalid`."""
        known = self.catalog.scope(self.record_type.name).fields
        sort = self.sort if query.sort is None else query.sort
        keys = sort_keys(known, sort, f"{query.pointers}/sort", self.plural, self._key)
        return Keyset(Row(self.record_type, self.table), keys, newest_first=self.newest_first)

    def _key(self, field_: Field, descending: bool) -> SortKey | None:  # noqa: FBT001
        if field_.trait is not None and not self.sorts_traits:
            return None
        if field_.trait is not None:
            return SortKey(field_, descending, nullable=True, long=field_.type is FieldType.TEXT)
        column = self.table.c[field_.source]
        return SortKey(field_, descending, bool(column.nullable), field_.type is FieldType.TEXT)

    def position(self, row: R, order: Keyset) -> list[Any]:
        values = [_sorted_by(key, _value(row, key.field)) for key in order.keys]
        return keyset.position(values, str(row.id))  # type: ignore[attr-defined] # the key of each


async def page(
    uow: UnitOfWork,
    listed: Listed[R],
    query: ListQuery,
    signer: CursorSigner,
    *only: ColumnElement[bool],
    shaped_by: Sequence[object] = (),
) -> dict[str, Any]:
    """Of the rows that satisfy `only`, whatever is asked for; a cursor is bound to `shaped_by`, by
    which `only` differs from request to request. Raises `Invalid` for a faulty rule or order.
    """
    pointer = f"{query.pointers}/filter"
    order = listed.order(query)
    where = [listed.table.c.workspace_id == WORKSPACE, *only]
    if query.filter is not None:
        rule = await _rule_of(uow, listed, query.filter, pointer)
        context = await moment.evaluation_context(uow) if rule.root.asks else moment.TIMELESS
        where.append(verdict(rule, listed.table, context))
    shape = [listed.record_type.name, query.filter, query.sort, *shaped_by]
    after = None if query.cursor is None else signer.read(query.cursor, uow.workspace_id, shape)
    if after is not None and len(after) != len(order.keys) + 1:
        raise BadRequest("This cursor does not belong to this list.", reason="cursor")
    rows: list[R] = []
    with in_time(pointer):
        for stretch in order.stretches(after):
            statement = select(*listed.columns).where(*where, *stretch).order_by(*order.order_by)
            statement = statement.add_cte(*listed.ctes)
            rows += await uow.rows(listed.row, statement.limit(query.limit + 1 - len(rows)))
            if len(rows) > query.limit:
                break
        counted = await _count(uow, listed, where, query.count)
    kept = fitting(rows, query.limit)
    cursor = None
    if len(rows) > len(kept):
        cursor = signer.sign(uow.workspace_id, shape, listed.position(kept[-1], order))
    return {"data": list(kept), "next_cursor": cursor, "has_more": cursor is not None, **counted}


async def _rule_of(
    uow: UnitOfWork, listed: Listed[R], written: str | dict[str, Any], pointer: str
) -> Rule:
    """Raises `Invalid` with every fault."""
    try:
        node = await with_ids(uow, node_of(unquoted(written, pointer)), listed.keys)
        return check(node, listed.catalog, listed.record_type.name)
    except RuleFaulty as faulty:
        raise refused(faulty, pointer) from faulty


async def _count(
    uow: UnitOfWork, listed: Listed[R], where: Sequence[ColumnElement[bool]], how: str | None
) -> dict[str, Any]:
    if how is None:
        return {}
    matching = select(literal(1)).select_from(listed.table).where(*where)
    if how == "estimate":
        matching = matching.limit(COUNTED_TO + 1)
    counted = select(func.count()).select_from(matching.subquery()).add_cte(*listed.ctes)
    found = await uow.one_value(int, counted)
    exact = how == "exact" or found <= COUNTED_TO
    return {"count": {"value": found if exact else COUNTED_TO, "exact": exact}}


def _value(row: Any, field_: Field) -> Any:
    if field_.trait is None:
        return getattr(row, field_.source)
    return trait_value(field_, row.traits.get(field_.trait))


def _sorted_by(key: SortKey, value: Any) -> Any:
    """The twin of what `Keyset` sorts by."""
    if key.field.ranked and value is not None:
        return key.field.options.index(value) + 1
    return value[:SORTED_BY] if key.long and value is not None else value
