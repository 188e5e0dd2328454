"""A record as SQL sees it: its columns and traits as typed values, its related rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
    table,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from shared.columns import AT
from shared.rules.types.catalog import (
    Children,
    Field,
    FieldType,
    Link,
    Parent,
    RecordType,
    Relation,
    Side,
)
from shared.rules.types.fold import DROPPED, FOLDED, LETTERS

# `lower` is used on ASCII only, with the C collation: the same on every server.
FOLD: Final = f"""
create function fold(given text) returns text
language sql immutable strict parallel safe
return case when octet_length(given) = char_length(given) then lower(given collate "C")
  else lower(translate(normalize(
    regexp_replace(normalize(given, NFKD), '[{DROPPED}]+', '', 'g'), NFC),
    '{LETTERS}', '{FOLDED}') collate "C") end
"""
ISO_DATE: Final = """
create function iso_date(given text) returns date
language sql immutable strict parallel safe
return case when given ~ '^(?!0000)[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
  and substr(given, 9, 2)::int <= extract(day from
    make_date(substr(given, 1, 4)::int, substr(given, 6, 2)::int, 1)
    + interval '1 month' - interval '1 day')
  then make_date(substr(given, 1, 4)::int, substr(given, 6, 2)::int, substr(given, 9, 2)::int) end
"""
ISO_INSTANT: Final = r"""
create function iso_instant(given text) returns timestamptz
language sql immutable strict parallel safe
return case when given ~ '^.{10}T([01][0-9]|2[0-3])(:[0-5][0-9]){2}(\.[0-9]{1,6})?Z$'
  then (iso_date(left(given, 10)) + make_interval(
    hours => substr(given, 12, 2)::int, mins => substr(given, 15, 2)::int,
    secs => rtrim(substr(given, 18), 'Z')::double precision)) at time zone 'UTC' end
"""
# For a midnight that happens twice PostgreSQL takes the second; the day starts with the first.
DAY_START: Final = """
create function day_start(day date, zone text) returns timestamptz
language sql stable strict parallel safe
return case
  when ((day::timestamp at time zone zone) - interval '1 hour') at time zone zone >= day
  then (day::timestamp at time zone zone) - interval '1 hour'
  else day::timestamp at time zone zone end
"""
FUNCTIONS: Final = (FOLD, ISO_DATE, ISO_INSTANT, DAY_START)
"""What compiled rules call; created once by a migration in the service's schema."""

COLUMN_TYPES: Final[dict[FieldType, TypeEngine[Any]]] = {
    FieldType.TEXT: Text(),
    FieldType.SELECT: Text(),
    FieldType.NUMBER: Numeric(),
    FieldType.CURRENCY: BigInteger(),
    FieldType.BOOLEAN: Boolean(),
    FieldType.DATE: Date(),
    FieldType.DATETIME: AT,
    FieldType.MULTI_SELECT: ARRAY(Text()),
    FieldType.ID: Uuid(),
}
_JSON_TYPE: Final = {
    FieldType.TEXT: "string",
    FieldType.SELECT: "string",
    FieldType.ID: "string",
    FieldType.NUMBER: "number",
    FieldType.CURRENCY: "number",
    FieldType.BOOLEAN: "boolean",
    FieldType.MULTI_SELECT: "array",
}


def record_table(type_: RecordType) -> FromClause:
    """The table of a record type with the columns that rules use."""
    columns = {f.source: COLUMN_TYPES[f.type] for f in type_.fields if f.of_record}
    for relation in type_.relations:
        if isinstance(relation.join, Parent):
            columns[relation.join.column] = Uuid()
    columns |= {"workspace_id": Uuid(), "id": Uuid()}
    columns |= {type_.traits: JSONB(), "deleted_at": AT}
    if type_.only is None:
        return table(type_.table, *(column(name, kind) for name, kind in columns.items())).alias()
    # PostgreSQL merges this into the query around it: it plans as if the condition stood there.
    name, value = type_.only
    shared = table(type_.table, *(column(key, kind) for key, kind in columns.items()))
    own = column(name, Uuid()) == bindparam(None, value, type_=Uuid())
    return select(shared).where(own).subquery()


def other_table(name: str, columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    known = {"workspace_id": Uuid(), **columns}
    return table(name, *(column(key, kind) for key, kind in known.items())).alias()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a record's table and, when it was reached over a link, the link's row."""

    type: RecordType
    table: FromClause
    link: FromClause | None = None

    @property
    def id(self) -> ColumnElement[Any]:
        return self.table.c.id

    @property
    def workspace(self) -> ColumnElement[Any]:
        return self.table.c.workspace_id

    @property
    def traits(self) -> ColumnElement[Any]:
        return type_coerce(self.table.c[self.type.traits], JSONB())

    def column(self, name: str, *, on_link: bool = False) -> ColumnElement[Any]:
        if on_link and self.link is not None:
            return self.link.c[name]
        return self.table.c[name]

    def value(self, field: Field) -> ColumnElement[Any]:
        """The field's value, NULL when it is missing or, for a trait, not of its type."""
        if field.side is not None:
            row, mine = self.side(field.side, COLUMN_TYPES[field.type])
            found = self.beside(row, *mine, what=row.c[field.side.value]).scalar_subquery()
            otherwise = field.side.otherwise
            return found if otherwise is None else func.coalesce(found, otherwise)
        if field.trait is None:
            return self.column(field.source, on_link=field.on_link)
        text = self.traits.op("->>", return_type=Text())(field.trait)
        if field.type is FieldType.DATE:
            return func.iso_date(text, type_=Date())
        if field.type is FieldType.DATETIME:
            return func.iso_instant(text, type_=AT)
        json = self.traits.op("->", return_type=JSONB())(field.trait)
        converted: ColumnElement[Any] = text
        if field.type in {FieldType.NUMBER, FieldType.CURRENCY}:
            converted = cast(text, Numeric())
        elif field.type is FieldType.BOOLEAN:
            converted = cast(text, Boolean())
        elif field.type is FieldType.MULTI_SELECT:
            converted = json
        return case((func.jsonb_typeof(json) == _JSON_TYPE[field.type], converted))

    def side(
        self, side: Side, type_: TypeEngine[Any]
    ) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """The table beside the record, and which of its rows is the record's."""
        owner = {side.owner[0]: Uuid()} if side.owner else {}
        row = other_table(side.table, {side.record: Uuid(), **owner, side.value: type_})
        mine = [row.c[side.record] == self.id]
        if side.owner is not None:
            name, value = side.owner
            mine.append(row.c[name] == bindparam(None, value, type_=Uuid()))
        return row, mine

    def related(
        self, relation: Relation, target: RecordType, what: "Callable[[Row], Select[Any]]"
    ) -> Select[Any]:
        """`what` selected from the live records behind `relation`, as a correlated statement."""
        other = record_table(target)
        link, joined = self.joined(relation, other)
        row = Row(target, other, link)
        statement = what(row)
        if link is not None:
            statement = statement.select_from(link)
        mine_too = [self.table] if self.link is None else [self.table, self.link]
        return (
            statement.select_from(other)
            .where(other.c.workspace_id == self.workspace, other.c.deleted_at.is_(None), joined)
            .correlate(*mine_too)
        )

    def joined(
        self, relation: Relation, other: FromClause
    ) -> tuple[FromClause | None, ColumnElement[bool]]:
        match relation.join:
            case Parent(name):
                return None, other.c.id == self.column(name)
            case Children(name):
                return None, other.c[name] == self.id
            case Link(name, here, there):
                fields = {f.source: COLUMN_TYPES[f.type] for f in relation.fields}
                link = other_table(name, {here: Uuid(), there: Uuid(), **fields})
                return link, and_(
                    link.c.workspace_id == self.workspace,
                    link.c[here] == self.id,
                    other.c.id == link.c[there],
                )

    def beside(self, other: FromClause, *where: ColumnElement[bool], what: Any = 1) -> Select[Any]:
        """`what` selected from another table of the same workspace, as a correlated statement."""
        chosen: Select[Any] = select(what)
        return (
            chosen.select_from(other)
            .where(other.c.workspace_id == self.workspace, *where)
            .correlate(self.table)
        )
