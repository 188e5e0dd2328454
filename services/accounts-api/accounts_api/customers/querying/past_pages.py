"""Pages of the past that the records' own fields decide, read in two halves: what nothing has
changed since comes in the order of an index, the rest beside it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, select, union_all

from accounts_api.customers.querying.queries import Conditions, ListRow, Source, shown
from accounts_api.customers.querying.rules import Projection
from accounts_api.records.history.as_of import changed_table, ctes, ctes_named, names_in, unchanged
from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.lists.keyset import Keyset, Position
from shared.lists.order import SortKey
from shared.uow import UnitOfWork

Half = tuple[Source, Conditions]


@lru_cache(maxsize=1024)
def halves_of_past(schema: RecordSchema) -> tuple[Source, Source]:
    """The past in two: records that were as they are stored, which an index finds in any order, and
    those of which something is undone.
    """
    stored = TABLES[schema.statements.record_type]
    return (
        Source(schema, stored, ctes(), is_past=True, only=unchanged(schema, stored)),
        Source(schema, changed_table(schema), ctes(), is_past=True),
    )


@lru_cache(maxsize=1024)
def _first_of_half(half: Half, projection: Projection, keys: tuple[SortKey, ...]) -> Select[Any]:
    """As they are stored: only what is shown in the end is written as text."""
    source, where = half
    table, order = source.table, Keyset(source.row, keys)
    names = dict.fromkeys(("id", *projection.columns))
    names |= {"traits": None} if projection.with_traits else {}
    labelled = [value.label(f"_k{place}") for place, value in enumerate(order.values)]
    return (
        select(*(table.c[name] for name in names), *labelled)
        .where(*source.live, *where.all)
        .order_by(*order.order_by)
        .limit(bindparam("at_most", type_=Integer()))
    )


@lru_cache(maxsize=1024)
def _named(half: Half, projection: Projection, keys: tuple[SortKey, ...]) -> frozenset[str]:
    """What of the past a half reads."""
    return names_in(str(_first_of_half(half, projection, keys)))


def reads_only_itself(
    halves: Sequence[Half], projection: Projection, keys: tuple[SortKey, ...]
) -> bool:
    """Whether the records' own fields decide, so that each half can be read by itself. What is
    related to them has no statistics in the past, and is joined in bulk.
    """
    if projection.beside:
        return False
    named = frozenset().union(*(_named(half, projection, keys) for half in halves))
    return all(name.startswith(("undone_", "changed_")) for name in named)


def _pages_of_past(
    halves: tuple[Half, ...],
    projection: Projection,
    keys: tuple[SortKey, ...],
    after: Position | None,
) -> list[Select[Any]]:
    """The statements that a page may need, in their order: of each the first of both halves."""
    named = frozenset().union(*(_named(half, projection, keys) for half in halves))
    orders = [Keyset(source.row, keys) for source, _ in halves]
    statements = []
    for stretches in zip(*(order.stretches(after) for order in orders), strict=True):
        firsts = [
            _first_of_half(half, projection, keys).where(*stretch).subquery().select()
            for half, stretch in zip(halves, stretches, strict=True)
        ]
        both = union_all(*firsts).subquery("both_halves")
        values = [both.c[f"_k{place}"] for place in range(len(keys))]
        statements.append(
            select(*shown(both, projection, values))
            .order_by(*orders[0].ordered(values, both.c.id))
            .limit(bindparam("at_most", type_=Integer()))
            .add_cte(*ctes_named(named))
        )
    return statements


@lru_cache(maxsize=1024)
def _first_pages_of_past(
    halves: tuple[Half, ...], projection: Projection, keys: tuple[SortKey, ...]
) -> list[Select[Any]]:
    """Built once for each shape, which costs more than running them."""
    return _pages_of_past(halves, projection, keys, None)


async def page_of_past(
    uow: UnitOfWork,
    halves: tuple[Half, ...],
    projection: Projection,
    keys: tuple[SortKey, ...],
    after: Position | None,
    limit: int,
    parameters: Mapping[str, object],
) -> list[ListRow]:
    """As `page`: the first of both halves of the past together."""
    shape = (halves, projection, keys)
    first = after is None
    rows: list[ListRow] = []
    for statement in _first_pages_of_past(*shape) if first else _pages_of_past(*shape, after):
        rows += await uow.mappings(statement, **parameters, at_most=limit - len(rows))
        if len(rows) >= limit:
            break
    return rows
