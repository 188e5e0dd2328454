"""What the write engine stores: each statement takes a whole batch of records of one type."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from pydantic_core import to_json
from sqlalchemy import TextClause, text

from accounts_api.records.schema.record_schemas import RecordSchema
from shared.uow import UnitOfWork


def _recordset(schema: RecordSchema) -> str:
    columns = "".join(f", {column.name} {column.type}" for column in schema.columns)
    return (
        f"(id uuid, external_id text, source text{columns}, traits jsonb, deleted boolean,"
        " version integer, computed_version integer, written boolean, computed boolean)"
    )


_HISTORY = """
    insert into field_changes (workspace_id, record_id, id, record_type, field, old, new,
                               valid_from, known_at, late, cause)
    select :workspace_id, h.record_id, h.id, :record_type, h.field, h.old, h.new,
           coalesce(h.since, moment.valid_from), moment.known_at,
           coalesce(h.late, false), coalesce(h.cause, cast(:cause as jsonb))
    from jsonb_to_recordset(cast(:history as jsonb))
           as h(record_id uuid, id uuid, field text, old jsonb, new jsonb, since timestamptz,
                late boolean, cause jsonb),
         moment
"""
_MOMENT = """
    moment as materialized (
        select workspace_now(:workspace_id) as valid_from, clock_timestamp() as known_at
    )
"""


@cache
def _insert(schema: RecordSchema) -> TextClause:
    names = ", ".join(("external_id", "source", *schema.by_name, "traits"))
    return text(
        f"""
        with {_MOMENT}, made as (
            insert into {schema.table} (workspace_id, id, {names})
            select :workspace_id, r.id, {", ".join(f"r.{name}" for name in names.split(", "))}
            from jsonb_to_recordset(cast(:rows as jsonb)) as r{_recordset(schema)}
            on conflict ({", ".join(schema.key)}) do nothing
            returning id, version, computed_version, created_at, updated_at
        ), told as ({_HISTORY} where h.record_id in (select id from made))
        select id::text as id, version, computed_version, created_at, updated_at from made
        """
    )


@cache
def _update(schema: RecordSchema) -> TextClause:
    """Takes only what is still as it was seen, and never waits for what others hold. Ids come as
    arrays, so that rows are found by the primary key even in a table that was never analyzed.
    """
    names = ("external_id", "source", *schema.by_name, "traits")
    return text(
        f"""
        with {_MOMENT}, wanted as materialized (
            select r.* from jsonb_to_recordset(cast(:rows as jsonb)) as r{_recordset(schema)}
        ), locked as materialized (
            select t.id from {schema.table} t
            join wanted w on w.id = t.id and w.version = t.version
             and w.computed_version = t.computed_version
            where t.workspace_id = :workspace_id and t.id = any(array(select id from wanted))
            order by t.id
            for no key update of t skip locked
        ), changed as (
            update {schema.table} as t
            set {", ".join(f"{name} = r.{name}" for name in names)},
                deleted_at = case when r.deleted
                    then coalesce(t.deleted_at, (select known_at from moment)) end,
                version = t.version + cast(r.written as integer),
                computed_version = t.computed_version + cast(r.computed as integer),
                updated_at = clock_timestamp()
            from wanted r
            where t.workspace_id = :workspace_id and t.id = r.id
              and t.id = any(array(select id from locked))
            returning t.id, t.version, t.computed_version, t.created_at, t.updated_at
        ), told as ({_HISTORY} where h.record_id in (select id from changed))
        select id::text as id, version, computed_version, created_at, updated_at from changed
        """
    )


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the database decided of a record that was stored."""

    id: str
    version: int
    computed_version: int
    created_at: datetime
    updated_at: datetime


async def insert_records(
    uow: UnitOfWork,
    schema: RecordSchema,
    rows: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    cause: str,
) -> list[Stamp]:
    """Those whose external id was taken meanwhile are missing from the answer."""
    return await _store(uow, _insert(schema.statements), schema, rows, history, cause)


async def update_records(
    uow: UnitOfWork,
    schema: RecordSchema,
    rows: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    cause: str,
) -> list[Stamp]:
    """Those that another transaction changed meanwhile are missing from the answer."""
    return await _store(uow, _update(schema.statements), schema, rows, history, cause)


async def _store(
    uow: UnitOfWork,
    statement: TextClause,
    schema: RecordSchema,
    rows: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    cause: str,
) -> list[Stamp]:
    return await uow.rows(
        Stamp,
        statement,
        record_type=schema.record_type,
        rows=to_json(rows).decode(),
        history=to_json(history).decode(),
        cause=cause,
    )


@cache
def _refresh(schema: RecordSchema) -> TextClause:
    return text(
        f"""
        update {schema.table} as t
        set traits = jsonb_strip_nulls(t.traits || r.traits),
            computed_version = t.computed_version + 1
        from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, traits jsonb)
        where t.workspace_id = :workspace_id and t.id = r.id
        """
    )


async def refresh_traits(
    uow: UnitOfWork, schema: RecordSchema, rows: Sequence[Mapping[str, Any]]
) -> None:
    """What time alone has made of formulas: no history, no event, for nothing has happened."""
    await uow.run(_refresh(schema.statements), rows=to_json(rows).decode())


_LINK = text(
    """
    with wanted as (
        select l.account_id, l.contact_id,
               array(select jsonb_array_elements_text(l.plan_roles)) as plan_roles
        from jsonb_to_recordset(cast(:links as jsonb))
               as l(account_id uuid, contact_id uuid, plan_roles jsonb)
    ), cut as (
        delete from account_contacts ac
        where ac.workspace_id = :workspace_id and ac.contact_id = any(cast(:ids as uuid[]))
          and not exists (select 1 from wanted w
                          where w.contact_id = ac.contact_id and w.account_id = ac.account_id)
    )
    insert into account_contacts (workspace_id, account_id, contact_id, plan_roles)
    select :workspace_id, account_id, contact_id, plan_roles from wanted
    on conflict (workspace_id, account_id, contact_id) do update
    set plan_roles = excluded.plan_roles
    where account_contacts.plan_roles is distinct from excluded.plan_roles
    """
)


async def link_contacts(
    uow: UnitOfWork, contact_ids: Sequence[str], links: Sequence[Mapping[str, Any]]
) -> None:
    """Make `links` all the account links that these contacts have."""
    await uow.run(_LINK, ids=list(contact_ids), links=to_json(links).decode())
