"""What the write engine looks up before it decides: each statement serves a whole batch."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic_core import from_json
from sqlalchemy import TextClause, text

from accounts_api.records.editing.timeline import Fact, Timeline
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.related_json import related_of
from accounts_api.records.schema.rules import RecordState
from shared.uow import UnitOfWork

_CURRENCY = text("select currency from workspaces where workspace_id = :workspace_id")


async def currency(uow: UnitOfWork) -> str | None:
    """Of the workspace."""
    return await uow.value(str, _CURRENCY)


@dataclass(frozen=True, slots=True)
class Loaded:
    """One look at the database: what the definitions are and how some records stand."""

    definitions: str
    """Of the traits of its record type, as a JSON document."""
    states: list[RecordState]


@dataclass(frozen=True, slots=True)
class _Found:
    """Both are JSON documents."""

    turn: object
    definitions: str
    states: str


async def load(
    uow: UnitOfWork,
    schema: RecordSchema,
    ids: Sequence[str] = (),
    external_ids: Sequence[str] = (),
    *,
    in_turn: bool = False,
) -> Loaded:
    """Records by id or external id with what is related to them, tombstones included. No row is
    locked: what is built on this is stored only where the version is still the one seen.

    `in_turn` makes those who edit one record come one after the other. They wait before they have
    a transaction id, so that the record's events stand in the feed in the order of its versions; a
    row lock gives the id to all who wait.
    """
    alone = in_turn and len(ids) == 1
    found = await uow.one(
        _Found,
        _load(schema.statements, by_external_id=bool(external_ids), in_turn=alone),
        record_type=schema.record_type,
        ids=list(ids),
        **schema.parameters,
        **({"external_ids": list(external_ids)} if external_ids else {}),
        **({"alone": ids[0]} if alone else {}),
    )
    return Loaded(found.definitions, [_state(schema, row) for row in from_json(found.states)])


def _state(schema: RecordSchema, row: RecordState) -> RecordState:
    for name in ("created_at", "updated_at", *schema.instants):
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name]).astimezone(UTC)
    return row


def _which(*, by_external_id: bool) -> str:
    by_id = "id = any(cast(:ids as uuid[]))"
    if by_external_id:
        return f"({by_id} or external_id = any(cast(:external_ids as text[])))"
    return by_id


_DEFINITIONS = """
    select coalesce(json_agg(json_build_object(
        'key', key, 'type', type, 'options', options, 'depends_on', depends_on,
        'currency', currency, 'required', required, 'minimum', minimum, 'maximum', maximum,
        'pattern', pattern, 'default', "default", 'editable_by', editable_by,
        'deprecated', deprecated, 'id', id, 'formula', formula, 'result_type', result_type
        ) order by key)::text, '[]')
    from trait_definitions
    where workspace_id = :workspace_id and record_type = :record_type and deleted_at is null
"""


@cache
def _load(schema: RecordSchema, *, by_external_id: bool, in_turn: bool) -> TextClause:
    part = ""
    if schema.related:
        value = related_of(schema.related, ":workspace_id", f"{schema.table}.id")
        part = f", {value} as {schema.related}"
    turn = "pg_advisory_xact_lock(hashtextextended(:alone, 0))" if in_turn else "null"
    return text(
        f"""
        select {turn} as turn, ({_DEFINITIONS}) as definitions, (
            select coalesce(json_agg(row_to_json(seen) order by seen.id)::text, '[]')
            from (
                select id, external_id, source, {", ".join(schema.by_name)}, traits,
                       version, computed_version, created_at, updated_at,
                       deleted_at is not null as deleted{part}
                from {schema.table}
                where workspace_id = :workspace_id{schema.own_rows}
                  and {_which(by_external_id=by_external_id)}
            ) seen
        ) as states
        """
    )


async def lock(
    uow: UnitOfWork,
    schema: RecordSchema,
    ids: Sequence[str] = (),
    external_ids: Sequence[str] = (),
) -> None:
    """Keep other writers from these records, in one order for all. Look after it, not with it:
    what is read beside a lock may be from before the wait.
    """
    await uow.run(
        _lock(schema.statements, by_external_id=bool(external_ids)),
        ids=list(ids),
        **schema.parameters,
        **({"external_ids": list(external_ids)} if external_ids else {}),
    )


@cache
def _lock(schema: RecordSchema, *, by_external_id: bool) -> TextClause:
    return text(
        f"""
        select 1 from {schema.table}
        where workspace_id = :workspace_id{schema.own_rows}
          and {_which(by_external_id=by_external_id)}
        order by id for no key update
        """
    )


async def hold_off_references(uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str]) -> None:
    """Wait for everybody who is about to refer to these records, and let nobody begin to: what
    refers to them can be found from now on. Those who look at `targets` that are `held` wait.
    """
    await uow.run(_hold_off(schema.statements), ids=list(ids), **schema.parameters)


@cache
def _hold_off(schema: RecordSchema) -> TextClause:
    return text(
        f"select 1 from {schema.table} where workspace_id = :workspace_id{schema.own_rows}"
        " and id = any(cast(:ids as uuid[])) order by id for update"
    )


# CASE and no COALESCE: under row-level security an index answers only what leaks nothing, and
# PostgreSQL does not count COALESCE among that.
@cache
def _targets(schema: RecordSchema, *, held: bool) -> TextClause:
    return text(
        f"""
        with named as (
            select id, external_id from {schema.table}
            where workspace_id = :workspace_id{schema.own_rows}
              and (id = any(cast(:ids as uuid[]))
                   or external_id = any(cast(:external_ids as text[])))
        )
        select living.id::text as id, named.id::text as by_id, named.external_id as by_external_id
        from named
        left join record_aliases alias on alias.workspace_id = :workspace_id
         and alias.record_type = :record_type and alias.loser_id = named.id
        join {schema.table} living on living.workspace_id = :workspace_id
         and living.id = case when alias.winner_id is null then named.id else alias.winner_id end
         and living.deleted_at is null
        {"order by living.id for key share of living" if held else ""}
        """
    )


@dataclass(frozen=True, slots=True)
class _Target:
    id: str
    by_id: str
    by_external_id: str | None


async def targets(
    uow: UnitOfWork,
    schema: RecordSchema,
    ids: Iterable[str],
    external_ids: Iterable[str],
    *,
    held: bool = False,
) -> tuple[dict[str, str], dict[str, str]]:
    """Live records that may be referred to: the id that stands for each id and external id given.

    A record that was merged away stands for its winner. `held` keeps them from being deleted until
    what refers to them is stored.
    """
    found = await uow.rows(
        _Target,
        _targets(schema.statements, held=held),
        record_type=schema.record_type,
        ids=list(ids),
        external_ids=list(external_ids),
        **schema.parameters,
    )
    by_id: dict[str, str] = {}
    by_external_id: dict[str, str] = {}
    for row in found:
        by_id[row.by_id] = row.id
        if row.by_external_id is not None:
            by_external_id[row.by_external_id] = row.id
    return by_id, by_external_id


_ALIASES = text(
    "select loser_id::text as loser, winner_id::text as winner from record_aliases"
    " where workspace_id = :workspace_id and record_type = :record_type"
    " and loser_id = any(cast(:ids as uuid[]))"
)


@dataclass(frozen=True, slots=True)
class _Alias:
    loser: str
    winner: str


async def winners(uow: UnitOfWork, schema: RecordSchema, losers: Sequence[str]) -> dict[str, str]:
    aliases = await uow.rows(_Alias, _ALIASES, record_type=schema.record_type, ids=list(losers))
    return {alias.loser: alias.winner for alias in aliases}


_DELETERS = text(
    """
    select distinct on (record_id) record_id::text as id, cause -> -1 ->> 'type' as actor
    from field_changes
    where workspace_id = :workspace_id and record_id = any(cast(:ids as uuid[]))
      and field = 'deleted' and new = 'true'
    order by record_id, id desc
    """
)


@dataclass(frozen=True, slots=True)
class _Deletion:
    id: str
    actor: str | None


async def deleters(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, str | None]:
    """What kind of actor deleted each tombstone last: the immediate one of the cause."""
    deletions = await uow.rows(_Deletion, _DELETERS, ids=list(ids))
    return {deletion.id: deletion.actor for deletion in deletions}


# Of fields that became something after the instant; of the others there is none to be known.
_TIMELINES = text(
    """
    with told as materialized (
        select record_id, field, valid_from, known_at, id, old, new from field_changes
        where workspace_id = :workspace_id and record_id = any(cast(:ids as uuid[]))
    ), later as (
        select distinct record_id, field from told where valid_from > :since
    )
    select t.record_id::text as record_id, t.field, t.valid_from, t.old::text as old,
           t.new::text as new
    from told t
    where t.field = 'created'
       or exists (select 1 from later l where l.record_id = t.record_id and l.field = t.field)
    order by t.known_at, t.id
    """
)


@dataclass(frozen=True, slots=True)
class _Told:
    """`old` and `new` are JSON."""

    record_id: str
    field: str
    valid_from: datetime
    old: str | None
    new: str | None


async def timelines(
    uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str], since: datetime
) -> dict[str, Timeline]:
    """When fields of these records became something else, of those that did after `since`."""
    rows = await uow.rows(_Told, _TIMELINES, ids=list(ids), since=since)
    found: dict[str, list[tuple[str, Fact]]] = {}
    born: dict[str, datetime] = {}
    for row in rows:
        if row.field == "created":
            born[row.record_id] = row.valid_from
            continue
        old, new = _value(schema, row.field, row.old), _value(schema, row.field, row.new)
        fact = (row.field, Fact(row.valid_from, old, new))
        found.setdefault(row.record_id, []).append(fact)
    return {id_: Timeline.of(at, found.get(id_, ())) for id_, at in born.items()}


def _value(schema: RecordSchema, field: str, stored: str | None) -> Any:
    value = None if stored is None else from_json(stored)
    if value is not None and field in schema.instants:
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
