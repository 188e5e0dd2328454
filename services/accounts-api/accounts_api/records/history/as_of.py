"""Records as they were: tables of an instant that stand in for the tables of now.

PostgreSQL looks up a name among the WITH queries first. So a compiled rule, or the statement that
includes related things, reads the past without knowing it: the tables it names are given here as
they were. Each undoes what became true, or was learned, after the instant; among several later
changes of a field the first one tells what it was before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

from sqlalchemy import CTE, Column, ColumnElement, FromClause, Select, column, select, table, text
from sqlalchemy.sql.selectable import HasCTE

from accounts_api.db import Base
from accounts_api.records.history.queries import HELD
from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_schemas import OBJECT, RECORD_SCHEMAS, RecordSchema
from shared.rules.types.catalog import Field
from shared.uow import UnitOfWork

_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_SCHEMAS: Final = (*RECORD_SCHEMAS.values(), OBJECT)
_KEPT: Final = ("version", "computed_version", "created_at", "updated_at")


@dataclass(frozen=True, slots=True)
class PointInTime:
    """`as_of` is an instant of the workspace's clock, `known_as_of` one of the machine's. Without
    one of them: until now.
    """

    as_of: datetime | None
    known_as_of: datetime | None

    def parameters(self) -> Mapping[str, datetime]:
        """What statements that read the past are executed with."""
        return {"valid_at": self.as_of or _END, "known_at": self.known_as_of or _END}


# Of each field that became true, or was learned, later: what it was. Facts are told in the order in
# which they hold, so what the first of the later ones replaced is what held; of a field of which
# something was told late, the one fact that held is looked for among all.
_UNDONE = """
    select record_id, bool_or(field = 'created') as unborn,
           jsonb_object_agg(field, was) filter (where field not like 'traits.%') as fields,
           jsonb_object_agg(substr(field, 8), was) filter (where field like 'traits.%') as traits
    from (
        select l.record_id, l.field, case when d.field is null then l.was else d.was end as was
        from (
            select distinct on (record_id, field) record_id, field, old as was
            from field_changes
            where workspace_id = :workspace_id and {mine}
              and (valid_from > :valid_at or known_at > :known_at)
            order by record_id, field, known_at, id
        ) l
        left join (
            select c.record_id, c.field, {held} as was
            from (
                select distinct record_id, field from field_changes
                where workspace_id = :workspace_id and {mine} and late
            ) late
            join field_changes c on c.workspace_id = :workspace_id
             and c.record_id = late.record_id and c.field = late.field
            group by c.record_id, c.field
        ) d on d.record_id = l.record_id and d.field = l.field
    ) told
    group by record_id
"""
_CHANGES = """
    select * from field_changes
    where workspace_id = :workspace_id and valid_from <= :valid_at and known_at <= :known_at
"""
_LINKS = """
    select l.workspace_id, l.account_id, l.contact_id, l.plan_roles
    from account_contacts l
    left join undone_contact u on u.record_id = l.contact_id
    where l.workspace_id = :workspace_id and (u.fields ? 'accounts') is not true
    union all
    select cast(:workspace_id as uuid), cast(link ->> 'account_id' as uuid), u.record_id,
           array(select jsonb_array_elements_text(link -> 'plan_roles'))
    from undone_contact u
    cross join jsonb_array_elements(case jsonb_typeof(u.fields -> 'accounts')
        when 'array' then u.fields -> 'accounts' else '[]' end) link
"""
_HOLDINGS = """
    select r.workspace_id, r.account_id, r.key_role_key, r.member_id,
           cast('-infinity' as timestamptz) as valid_from, cast(null as timestamptz) as valid_to
    from key_role_assignments r
    left join undone_account u on u.record_id = r.account_id
    where r.workspace_id = :workspace_id and r.valid_to is null
      and (u.fields ? ('key_roles.' || r.key_role_key)) is not true
    union all
    select cast(:workspace_id as uuid), u.record_id, substr(held.field, 11),
           cast(member as uuid), cast('-infinity' as timestamptz), cast(null as timestamptz)
    from undone_account u
    cross join jsonb_each(u.fields) as held(field, members)
    cross join jsonb_array_elements_text(case
        when held.field like 'key_roles.%' and jsonb_typeof(held.members) = 'array'
        then held.members else '[]' end) member
"""
_MEMBERSHIPS = """
    select workspace_id, segment_id, record_id, id, entered_at, entered_by,
           cast(null as timestamptz) as left_at
    from segment_members
    where workspace_id = :workspace_id and entered_at <= :valid_at
      and coalesce(known_at, entered_at) <= :known_at
      and (retracted_at is null or retracted_at > :known_at)
      and (left_at is null or left_at > :valid_at
           or coalesce(left_known_at, left_at) > :known_at)
"""
# A row of what was decided stands until the next one: of each record the last before the instant.
_HEALTH = """
    select distinct on (score_id, record_id) workspace_id, score_id, record_id, score, label,
           computed_score, computed_label, definition_key, definitions_version, points, null_reason,
           capped_by, override_id, valid_from as computed_at
    from health_changes
    where workspace_id = :workspace_id and valid_from <= :valid_at and known_at <= :known_at
    order by score_id, record_id, valid_from desc, id desc
"""

_TOUCHES = """
    select workspace_id, record_id, max(at) filter (where kind = 'inbound') as last_inbound_at,
           max(at) filter (where kind = 'outbound') as last_outbound_at,
           max(at) filter (where kind = 'meeting') as last_meeting_at,
           max(at) filter (where kind = 'note') as last_note_at
    from touches
    where workspace_id = :workspace_id and at <= :valid_at and known_at <= :known_at
    group by workspace_id, record_id
"""


_INDICATORS = """
    select c.workspace_id, c.record_id,
           count(*) filter (where i.kind = 'risk') as risks,
           count(*) filter (where i.kind = 'opportunity') as opportunities
    from (
        select distinct on (indicator_id) workspace_id, indicator_id, record_id, state
        from indicator_changes
        where workspace_id = :workspace_id and effective_at <= :valid_at
          and created_at <= :known_at
        order by indicator_id, version desc
    ) c
    join indicators i on i.workspace_id = c.workspace_id and i.id = c.indicator_id
    where c.state = 'open'
    group by c.workspace_id, c.record_id
"""


def _moved(record_type: str, traits: str) -> str:
    """With what time has made of formulas, which the statement is told."""
    moved = f"cast(:moved_{record_type} as jsonb) -> cast(t.id as text)"
    return f"jsonb_strip_nulls({traits} || coalesce({moved}, '{{}}'))"


def undone(schema: RecordSchema) -> str:
    """The WITH query of the records of a type of which something is undone."""
    return f"undone_{schema.statements.record_type}"


def _changed(schema: RecordSchema) -> str:
    """The WITH query of these records as they were."""
    return f"changed_{schema.statements.record_type}"


def _records(schema: RecordSchema, *, moved: bool, among: bool) -> Mapping[str, str]:
    """As they were, by the name of the query: those of which something is undone, and with them
    those of which nothing is.
    """
    own = "and t.id = any(cast(:among as uuid[]))" if among else ""

    def was(name: str, sql_type: str) -> str:
        return (
            f"case when u.fields ? '{name}' then cast(u.fields ->> '{name}' as {sql_type})"
            f" else t.{name} end"
        )

    past = {name: was(name, "text") for name in ("external_id", "source")}
    past |= {name: was(name, schema.by_name[name].type) for name in schema.visible}
    past |= {"object_type_id": "t.object_type_id"} if schema.shares_table else {}
    past["traits"] = (
        "case when u.traits is null then t.traits else jsonb_strip_nulls(t.traits || u.traits) end"
    )
    past |= {name: f"t.{name}" for name in _KEPT}
    past["deleted_at"] = (
        "case when u.fields ? 'deleted'"
        " then case when cast(u.fields ->> 'deleted' as boolean) then t.created_at end"
        " else t.deleted_at end"
    )
    stored = {name: f"t.{name}" for name in past}
    if moved:
        for columns in (past, stored):
            columns["traits"] = _moved(schema.record_type, columns["traits"])
    changed = f"""
        select t.workspace_id, t.id, {", ".join(f"{of} as {name}" for name, of in past.items())}
        from {undone(schema)} u
        join {schema.plural} t on t.workspace_id = :workspace_id and t.id = u.record_id
        where u.unborn is not true
    """
    everything = f"""
        select t.workspace_id, t.id, {", ".join(f"{of} as {name}" for name, of in stored.items())}
        from {schema.plural} t
        where t.workspace_id = :workspace_id {own}
          and t.id not in (select record_id from {undone(schema)})
        union all
        select * from {_changed(schema)}
    """
    return {_changed(schema): changed, schema.plural: everything}


def _mine(schema: RecordSchema, *, among: bool) -> str:
    """Which changes are of records of a type, or of any object type."""
    own = " and record_id = any(cast(:among as uuid[]))" if among else ""
    if schema is OBJECT:
        others = ", ".join(repr(record_type) for record_type in RECORD_SCHEMAS)
        return f"record_type not in ({others}){own}"
    return f"record_type = '{schema.record_type}'{own}"


@cache
def _queries(moved: frozenset[str] = frozenset(), *, among: bool = False) -> Mapping[str, str]:
    """Name to query. Before the two that build on them, what is undone of each type. Those `among`
    the ids that the statement is told are found without a look at all others.
    """
    found: dict[str, str] = {}
    for schema in _SCHEMAS:
        found[undone(schema)] = _UNDONE.format(mine=_mine(schema, among=among), held=HELD)
    found["account_contacts"] = _LINKS
    found["key_role_assignments"] = _HOLDINGS
    found["segment_members"] = _MEMBERSHIPS
    found["record_touches"] = _TOUCHES
    found["health_scores"] = _HEALTH
    found["indicator_counts"] = _INDICATORS
    for schema in _SCHEMAS:
        found |= _records(schema, moved=schema.record_type in moved, among=among)
    # The last one: those before it read every change there is.
    return {**found, "field_changes": _CHANGES}


def has_past(field: Field) -> bool:
    """Whether it is known what a field was. Of what stands beside a record that is so if its table
    is among those that stand in for the tables of now.
    """
    return field.side is None or field.side.table in _queries()


@cache
def with_clause() -> str:
    """For statements written as text."""
    return "with " + ", ".join(f"{name} as ({query})" for name, query in _queries().items())


@cache
def ctes(moved: frozenset[str] = frozenset(), *, among: bool = False) -> tuple[CTE, ...]:
    """For statements that are built: PostgreSQL leaves those that nobody names unread. Formulas of
    `moved` record types are what the statement is told by `moved_account` and the like.
    """
    queries = _queries(moved, among=among)
    return tuple(text(query).columns().cte(name) for name, query in queries.items())


_NAME: Final = re.compile(r"[a-z_]+")
_OF_NOW: Final = re.compile(rf"\b{Base.metadata.schema}\.[a-z_]+")


@cache
def _named_in(text_of: str) -> frozenset[str]:
    return frozenset(_queries().keys() & set(_NAME.findall(text_of)))


@lru_cache(maxsize=1024)
def ctes_named(
    names: frozenset[str], moved: frozenset[str] = frozenset(), *, among: bool = False
) -> tuple[CTE, ...]:
    """Those of `ctes` that a statement names, and what they name: each costs planning."""
    queries = _queries(moved, among=among)
    needed: frozenset[str] = frozenset()
    while more := names - needed:
        needed |= more
        names = frozenset().union(*(_named_in(queries[name]) - {name} for name in more))
    return tuple(cte for cte in ctes(moved, among=among) if cte.name in needed)


def names_in(statement: str) -> frozenset[str]:
    """The queries of the past that a statement names. A table with its schema is that of now."""
    return frozenset(_queries().keys() & set(_NAME.findall(_OF_NOW.sub("", statement))))


@cache
def present_ctes(moved: frozenset[str]) -> tuple[CTE, ...]:
    """Records as they are now, with what time has made of their formulas."""
    found = []
    for schema in _SCHEMAS:
        if schema.record_type in moved:
            stored = TABLES[schema.record_type].c
            columns = {column.name: f"t.{column.name}" for column in stored}
            columns["traits"] = _moved(schema.record_type, "t.traits")
            said = ", ".join(f"{of} as {name}" for name, of in columns.items())
            query = f"select {said} from {schema.plural} t where t.workspace_id = :workspace_id"
            found.append(text(query).columns().cte(schema.plural))
    return tuple(found)


StatementT = TypeVar("StatementT", bound=HasCTE)


@dataclass(frozen=True)
class MovedTypes:
    """Record types of which something is read that time may move, with what it is by now."""

    names: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = field(default_factory=dict)

    def begun(self, statement: StatementT) -> StatementT:
        """The statement, which is executed with the parameters, as it reads records of now."""
        return statement.add_cte(*present_ctes(self.names)) if self.names else statement


NOTHING_MOVED: Final = MovedTypes()


_IN_BULK = text(
    """
    select set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true),
           set_config('statement_timeout', '20s', true)
    """
)


async def read_in_bulk(uow: UnitOfWork) -> None:
    """For the rest of the transaction. What WITH queries give has no statistics: PostgreSQL expects
    a handful of rows and would look through all of them for each record.
    """
    await uow.run(_IN_BULK)


@lru_cache(maxsize=1024)
def past_table(schema: RecordSchema) -> FromClause:
    """A record's table by its bare name, which the WITH query of that name then stands for."""
    stored = TABLES[schema.statements.record_type].c
    known: list[Column[Any]] = [found for found in stored if not _hidden(schema, found.name)]
    return table(schema.table, *(column(known_as.name, known_as.type) for known_as in known))


@lru_cache(maxsize=1024)
def changed_table(schema: RecordSchema) -> FromClause:
    """As `past_table`, of the records alone of which something is undone."""
    stored = TABLES[schema.statements.record_type].c
    known = [found for found in stored if not _hidden(schema, found.name)]
    return table(_changed(schema), *(column(one.name, one.type) for one in known))


def unchanged(schema: RecordSchema, row: FromClause) -> ColumnElement[bool]:
    """Whether nothing of a record is undone, so that it was as it is stored."""
    ids: Select[Any] = select(column("record_id")).select_from(table(undone(schema)))
    return row.c.id.not_in(ids)


def _hidden(schema: RecordSchema, name: str) -> bool:
    return name in schema.by_name and schema.by_name[name].hidden and name not in schema.parameters
