"""Reads that leave as bytes: chosen columns, JSON spliced as the database wrote it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy import cast as sql_cast

from accounts_api.customers.formulas.moving import SPEAK_OF_TIME
from accounts_api.customers.formulas.shown import MAY_MOVE
from accounts_api.customers.querying.rules import Projection
from accounts_api.records.history.as_of import (
    ctes,
    ctes_named,
    names_in,
    past_table,
    present_ctes,
    read_in_bulk,
)
from accounts_api.records.schema.models import TABLES, trait_definitions
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.related_json import related_of
from accounts_api.records.schema.rules import words
from shared.data import WORKSPACE
from shared.json_rows import json_object
from shared.lists import keyset
from shared.lists.keyset import Keyset, Position
from shared.lists.order import SortKey
from shared.rules.sql.rows import Row
from shared.rules.types.catalog import Field, FieldType, RecordType
from shared.uow import UnitOfWork

COUNTED_TO: Final = 1_000


def _columns(table: FromClause, projection: Projection) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = [
        sql_cast(table.c[name], Text).label(name)
        if name == "id" or (name.endswith("_id") and name != "external_id")
        else table.c[name]
        for name in projection.columns
    ]
    if projection.traits is None:
        columns.append(sql_cast(table.c.traits, Text).label("traits"))
    elif projection.traits:
        pairs = [part for key in projection.traits for part in (literal(key), table.c.traits[key])]
        chosen = func.jsonb_strip_nulls(func.jsonb_build_object(*pairs))
        columns.append(sql_cast(chosen, Text).label("traits"))
    return [*columns, *_beside(table, projection)]


def _beside(table: FromClause, projection: Projection) -> list[ColumnElement[Any]]:
    """By group, as JSON text: `{"score": 37, "adoption": {"score": 12}}`."""
    row = Row(RecordType("", "", ()), table)
    return [
        sql_cast(_nested([(f.name.split(".")[1:], _shown(row, f)) for f in fields]), Text).label(
            group
        )
        for group, fields in projection.groups.items()
    ]


def _shown(row: Row, field: Field) -> ColumnElement[Any]:
    value = row.value(field)
    return func.trim_scale(value) if field.type is FieldType.NUMBER else value


def _nested(values: Iterable[tuple[Sequence[str], ColumnElement[Any]]]) -> ColumnElement[Any]:
    members: dict[str, list[tuple[Sequence[str], ColumnElement[Any]]]] = defaultdict(list)
    for (first, *rest), value in values:
        members[first].append((rest, value))
    pairs: list[Any] = []
    for name, inner in members.items():
        pairs += [literal(name), _nested(inner) if inner[0][0] else inner[0][1]]
    return func.json_build_object(*pairs)


def _may_move() -> ColumnElement[bool]:
    """Whether time may move any formula of the workspace: only then is it worth to look at them."""
    found = exists().where(
        trait_definitions.c.workspace_id == WORKSPACE,
        trait_definitions.c.formula.regexp_match("|".join(SPEAK_OF_TIME)),
        trait_definitions.c.deleted_at.is_(None),
    )
    return select(found).scalar_subquery().label(MAY_MOVE)


ListRow = Mapping[str, object]
"""A record by the columns of a projection, `traits` as JSON."""


def object_of(
    projection: Projection, row: ListRow, related: Sequence[tuple[str, str | None]]
) -> bytes:
    """One record as JSON."""
    scalars = {name: row[name] for name in projection.columns}
    own = ["traits"] if projection.with_traits else []
    included = {name for name, _ in related}
    own += [group for group in projection.groups if group not in included]
    return json_object(scalars, [*((name, cast("str", row[name])) for name in own), *related])


@dataclass(frozen=True, slots=True)
class StoredRecord:
    row: ListRow
    id: str
    related: str | None
    version: int
    computed_version: int
    may_move: bool
    deleted: bool


async def stored_record(
    uow: UnitOfWork,
    schema: RecordSchema,
    projection: Projection,
    *,
    record_id: UUID | None = None,
    external_id: str | None = None,
) -> StoredRecord | None:
    """Tombstones are found too."""
    by = "id" if record_id else "external_id"
    for row in await uow.mappings(_one(schema, projection, by), wanted=record_id or external_id):
        return StoredRecord(
            row,
            cast("str", row["id"]),
            cast("str | None", row["related"]),
            cast("int", row["stored_version"]),
            cast("int", row["stored_computed_version"]),
            bool(row[MAY_MOVE]),
            row["deleted_at"] is not None,
        )
    return None


@lru_cache(maxsize=256)
def _one(schema: RecordSchema, projection: Projection, by: str) -> Select[Any]:
    table = TABLES[schema.statements.record_type]
    return select(
        *_columns(table, projection),
        _own_part(schema, table).label("related"),
        table.c.version.label("stored_version"),
        table.c.computed_version.label("stored_computed_version"),
        _may_move(),
        table.c.deleted_at,
    ).where(
        table.c.workspace_id == WORKSPACE,
        *_own_rows(schema, table),
        table.c[by] == bindparam("wanted", type_=table.c[by].type),
    )


def _own_rows(schema: RecordSchema, table: FromClause) -> list[ColumnElement[bool]]:
    """Conditions on a table that other record types share."""
    return [table.c[name] == value for name, value in schema.parameters.items()]


def _own_part(schema: RecordSchema, table: Table) -> ColumnElement[Any]:
    """What belongs to the record and lives in a table of its own, as JSON."""
    if schema.related is None:
        return null()
    value = related_of(schema.related, f"{schema.table}.workspace_id", f"{schema.table}.id")
    return literal_column(f"{value}::text", Text())


async def beside_record(
    uow: UnitOfWork,
    source: "Source",
    projection: Projection,
    record_id: str,
    parameters: Mapping[str, object],
) -> list[tuple[str, str | None]]:
    """What stands beside one record, as JSON by group."""
    if not projection.beside:
        return []
    statement = source.begun(
        select(*_beside(source.table, projection)).where(
            source.table.c.workspace_id == WORKSPACE,
            source.table.c.id == bindparam("wanted", type_=source.table.c.id.type),
        )
    )
    rows = await uow.mappings(statement, **parameters, wanted=record_id)
    return [(group, cast("str | None", row[group])) for row in rows for group in projection.groups]


@dataclass(frozen=True, eq=False)
class Source:
    """Where the records of a list are read: there is one for a record type now, and one for its
    past.
    """

    schema: RecordSchema
    table: FromClause
    before: tuple[CTE, ...] = ()
    """What the statement begins with."""
    is_past: bool = False
    moved: frozenset[str] = frozenset()
    only: ColumnElement[bool] | None = None
    """Which of the table's rows are read here."""

    @cached_property
    def row(self) -> Row:
        """For values by themselves: its type knows no relations."""
        return Row(RecordType(self.schema.record_type, self.schema.table, ()), self.table)

    @property
    def live(self) -> list[ColumnElement[bool]]:
        mine = self.table.c.workspace_id == WORKSPACE
        live = [mine, *_own_rows(self.schema, self.table), self.table.c.deleted_at.is_(None)]
        return live if self.only is None else [*live, self.only]

    def begun(self, statement: Select[Any]) -> Select[Any]:
        if self.is_past:
            named = names_in(str(statement))
            return statement.add_cte(*ctes_named(named, self.moved))
        return statement.add_cte(*self.before) if self.before else statement


@lru_cache(maxsize=1024)
def present(schema: RecordSchema) -> Source:
    return Source(schema, TABLES[schema.statements.record_type])


@lru_cache(maxsize=1024)
def moved(schema: RecordSchema, record_types: frozenset[str]) -> Source:
    """Now, with what time has made of formulas of these record types."""
    return Source(schema, past_table(schema), present_ctes(record_types))


@lru_cache(maxsize=1024)
def past(schema: RecordSchema, record_types: frozenset[str] = frozenset()) -> Source:
    """Statements that read it are executed with the parameters of the instant, and of these record
    types with what time had made of formulas.
    """
    before = ctes(record_types)
    return Source(schema, past_table(schema), before, is_past=True, moved=record_types)


@lru_cache(maxsize=1024)
def listing(
    source: Source, projection: Projection, keys: tuple[SortKey, ...], where: "Conditions"
) -> Select[Any]:
    """The statement of a list but for where it starts and how long it is: of the columns, the sort
    keys and the id. Built once for each shape, which costs more than running it.
    """
    table, order = source.table, Keyset(source.row, keys)
    labelled = [value.label(f"_k{place}") for place, value in enumerate(order.values)]
    return source.begun(
        select(*shown(table, projection, labelled))
        .where(*source.live, *where.all)
        .order_by(*order.order_by)
        .limit(bindparam("at_most", type_=Integer()))
    )


def shown(
    table: FromClause, projection: Projection, keys: Iterable[ColumnElement[Any]]
) -> list[ColumnElement[Any]]:
    moving = [_may_move()] if projection.with_traits else []
    return [*_columns(table, projection), *keys, sql_cast(table.c.id, Text).label("_id"), *moving]


class Conditions:
    """Conditions of a list, the same object for the same words of a request."""

    def __init__(
        self,
        conditions: Iterable[ColumnElement[bool]],
        counted: Iterable[ColumnElement[bool]] | None = None,
    ) -> None:
        self.all = tuple(conditions)
        self.counted = self.all if counted is None else tuple(counted)
        """The same, said as it is quickest when every record is looked at."""


async def page(
    uow: UnitOfWork,
    source: Source,
    planned: Select[Any],
    keys: Sequence[SortKey],
    after: Position | None,
    limit: int,
    parameters: Mapping[str, object],
) -> list[ListRow]:
    """Up to `limit` rows, with the sort keys as `_k0`, `_k1`, … and the id as `_id`."""
    rows: list[ListRow] = []
    if source.is_past:
        await read_in_bulk(uow)
    for stretch in Keyset(source.row, keys).stretches(after):
        statement = planned.where(*stretch) if stretch else planned
        rows += await uow.mappings(statement, **parameters, at_most=limit - len(rows))
        if len(rows) >= limit:
            break
    return rows


def matches_words(schema: RecordSchema, said: str) -> ColumnElement[bool]:
    """Each word begins a word of the name, the domain, the e-mail address or the external id."""
    text_of = TABLES[schema.statements.record_type].c.search_text
    wanted = words(said)
    return and_(*(text_of.like(f"% {word}%") for word in wanted)) if wanted else false()


def id_of(row: ListRow) -> str:
    return cast("str", row["_id"])


def position(row: ListRow, keys: Sequence[SortKey]) -> list[Any]:
    """Where a row of `page` stands, as a cursor can hold it."""
    return keyset.position((row[f"_k{place}"] for place in range(len(keys))), id_of(row))


async def count(
    uow: UnitOfWork,
    source: Source,
    where: Conditions,
    parameters: Mapping[str, object],
    *,
    capped: bool,
) -> tuple[int, bool]:
    """How many, and whether that is all of them."""
    table = source.table
    wanted = where.all if capped else where.counted
    matching = select(literal(1)).select_from(table).where(*source.live, *wanted)
    if capped:
        matching = matching.limit(COUNTED_TO + 1)
    counted = source.begun(select(func.count()).select_from(matching.subquery()))
    found = await uow.one_value(int, counted, **parameters)
    return (COUNTED_TO, False) if capped and found > COUNTED_TO else (found, True)
