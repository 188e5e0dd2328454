"""Records as they were: tables of an instant that stand in for the tables of now.

PostgreSQL looks up a name among the WITH queries first. So a compiled rule, or the statement that
includes related things, reads the past without knowing it: the tables it names are given here as
they were. Each undoes what became true, or was learned, after the instant; among several later
changes of a field the first one tells what it was before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import CTE, Column, FromClause, column, table, text

from accounts_api.records.schema.models import TABLES
from accounts_api.records.schema.record_schemas import OBJECT, RECORD_SCHEMAS, RecordSchema
from shared.uow import UnitOfWork

_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
_SCHEMAS: Final = (*RECORD_SCHEMAS.values(), OBJECT)
_KEPT: Final = ("version", "created_at", "updated_at")


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


# What is put in last stays: of changes that count as later, the earliest one's old value; but when
# one that does not count was made after such a change, because it was dated back, its new value.
_UNDONE = """
    select record_id, bool_or(later and field = 'created') as unborn,
           jsonb_object_agg(field, was order by later desc, held, id desc)
               filter (where field not like 'traits.%') as fields,
           jsonb_object_agg(substr(field, 8), was order by later desc, held, id desc)
               filter (where field like 'traits.%') as traits
    from (
        select record_id, field, id, later, case when later then old else new end as was,
               case when not later then id end as held
        from (
            select record_id, field, id, old, new,
                   (valid_from > :valid_at or known_at > :known_at) as later
            from field_changes
            where workspace_id = :workspace_id and {mine} and known_at >= (
                select min(known_at) from field_changes
                where workspace_id = :workspace_id and {mine}
                  and (valid_from > :valid_at or known_at > :known_at))
        ) since
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
      and (left_at is null or left_at > :valid_at
           or coalesce(left_known_at, left_at) > :known_at)
"""


def _records(schema: RecordSchema) -> str:
    def was(name: str, sql_type: str) -> str:
        return (
            f"case when u.fields ? '{name}' then cast(u.fields ->> '{name}' as {sql_type})"
            f" else t.{name} end as {name}"
        )

    columns = [was(name, "text") for name in ("external_id", "source")]
    columns += [was(name, schema.by_name[name].type) for name in schema.visible]
    columns += ["t.object_type_id"] if schema.shares_table else []
    kept = ", ".join(f"t.{name}" for name in _KEPT)
    return f"""
        select t.workspace_id, t.id, {", ".join(columns)},
               case when u.traits is null then t.traits
                    else jsonb_strip_nulls(t.traits || u.traits) end as traits,
               {kept},
               case when u.fields ? 'deleted'
                    then case when cast(u.fields ->> 'deleted' as boolean) then t.created_at end
                    else t.deleted_at end as deleted_at
        from {schema.plural} t
        left join undone_{schema.record_type} u on u.record_id = t.id
        where t.workspace_id = :workspace_id and u.unborn is not true
    """


def _mine(schema: RecordSchema) -> str:
    """Which changes are of records of a type, or of any object type."""
    if schema is OBJECT:
        return (
            f"record_type not in ({', '.join(repr(record_type) for record_type in RECORD_SCHEMAS)})"
        )
    return f"record_type = '{schema.record_type}'"


@cache
def _queries() -> Mapping[str, str]:
    """Name to query. Before the two that build on them, what is undone of each type."""
    found: dict[str, str] = {}
    for schema in _SCHEMAS:
        found[f"undone_{schema.record_type}"] = _UNDONE.format(mine=_mine(schema))
    found["account_contacts"] = _LINKS
    found["key_role_assignments"] = _HOLDINGS
    found["segment_members"] = _MEMBERSHIPS
    found |= {schema.plural: _records(schema) for schema in _SCHEMAS}
    # The last one: those before it read every change there is.
    return {**found, "field_changes": _CHANGES}


@cache
def with_clause() -> str:
    """For statements written as text."""
    return "with " + ", ".join(f"{name} as ({query})" for name, query in _queries().items())


@cache
def ctes() -> tuple[CTE, ...]:
    """For statements that are built: PostgreSQL leaves those that nobody names unread."""
    return tuple(text(query).columns().cte(name) for name, query in _queries().items())


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


def _hidden(schema: RecordSchema, name: str) -> bool:
    return name in schema.by_name and schema.by_name[name].hidden and name not in schema.parameters
