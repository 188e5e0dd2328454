"""Reads that leave as bytes: chosen columns, JSON spliced as the database wrote it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.reading.rules import Shown, SortKey
from accounts_api.records import models
from accounts_api.records.kinds import Kind
from accounts_api.records.models import TABLES
from accounts_api.records.rules import words
from accounts_api.rules.catalog import FieldType
from accounts_api.rules.sql.rows import Row
from accounts_api.rules.standard import STANDARD
from shared.events.accounts import RecordType
from shared.rows import json_object

COUNTED_TO: Final = 1_000
Position = Sequence[Any]
"""The sort keys of a row, its id last."""


def _columns(table: Table, shown: Shown) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = [
        cast(table.c[name], Text).label(name)
        if name == "id" or (name.endswith("_id") and name != "external_id")
        else table.c[name]
        for name in shown.columns
    ]
    if shown.traits is None:
        columns.append(cast(table.c.traits, Text).label("traits"))
    elif shown.traits:
        pairs = [part for key in shown.traits for part in (literal(key), table.c.traits[key])]
        chosen = func.jsonb_strip_nulls(func.jsonb_build_object(*pairs))
        columns.append(cast(chosen, Text).label("traits"))
    return columns


def object_of(shown: Shown, row: Sequence[Any], parts: Sequence[tuple[str, str | None]]) -> bytes:
    """One record as JSON from a row of `_columns`."""
    width = len(shown.columns)
    scalars = dict(zip(shown.columns, row[:width], strict=True))
    traits = [("traits", row[width])] if shown.with_traits else []
    return json_object(scalars, [*traits, *parts])


async def record_row(
    session: AsyncSession,
    workspace_id: UUID,
    kind: Kind,
    shown: Shown,
    *,
    record_id: UUID | None = None,
    external_id: str | None = None,
) -> Any:
    """The row with its `version` and `deleted_at` last, or None. Tombstones are found too."""
    table = TABLES[kind.noun]
    by = table.c.id == record_id if record_id else table.c.external_id == external_id
    statement = select(
        *_columns(table, shown), table.c.version.label("stored_version"), table.c.deleted_at
    ).where(table.c.workspace_id == workspace_id, by)
    return (await session.execute(statement)).one_or_none()


_WINNER = text(
    """
    with recursive chain as (
        select winner_id from record_aliases
        where workspace_id = :workspace_id and record_type = :record_type
          and loser_id = cast(:loser as uuid)
        union
        select next.winner_id from chain
        join record_aliases next on next.workspace_id = :workspace_id
         and next.record_type = :record_type and next.loser_id = chain.winner_id
    )
    select c.winner_id from chain c
    where not exists (select 1 from record_aliases a
                      where a.workspace_id = :workspace_id and a.record_type = :record_type
                        and a.loser_id = c.winner_id)
    """
)


async def winner_of(
    session: AsyncSession, workspace_id: UUID, kind: Kind, loser: str
) -> UUID | None:
    found = await session.scalar(
        _WINNER, {"workspace_id": workspace_id, "record_type": kind.noun, "loser": loser}
    )
    return UUID(str(found)) if found else None


def row_of(kind: Kind) -> Row:
    return Row(STANDARD.types[kind.noun], TABLES[kind.noun])


async def page(
    session: AsyncSession,
    workspace_id: UUID,
    kind: Kind,
    shown: Shown,
    keys: Sequence[SortKey],
    where: Sequence[ColumnElement[bool]],
    after: Position | None,
    limit: int,
) -> list[Any]:
    """Up to `limit` rows of `_columns`, each followed by its position in the order.

    The first key's empty values come last and are asked for apart, so that each of the two
    statements walks one stretch of an index.
    """
    rows: list[Any] = []
    for stretch in _stretches(kind, keys, after):
        statement = (
            _page(kind, shown, keys)
            .where(*_live(kind, workspace_id), *where, *stretch)
            .limit(limit - len(rows))
        )
        rows += (await session.execute(statement)).all()
        if len(rows) >= limit:
            break
    return rows


def matches_words(kind: Kind, said: str) -> ColumnElement[bool]:
    """Each word begins a word of the name, the domain, the e-mail address or the external id."""
    text_of = TABLES[kind.noun].c.search_text
    wanted = words(said)
    return and_(*(text_of.like(f"% {word}%") for word in wanted)) if wanted else false()


def not_ignored() -> ColumnElement[bool]:
    return models.accounts.c.lifecycle_status != "ignored"


def _live(kind: Kind, workspace_id: UUID) -> list[ColumnElement[bool]]:
    table = TABLES[kind.noun]
    return [table.c.workspace_id == workspace_id, table.c.deleted_at.is_(None)]


def _page(kind: Kind, shown: Shown, keys: Sequence[SortKey]) -> Select[Any]:
    table, row = TABLES[kind.noun], row_of(kind)
    values = [row.value(key.field) for key in keys]
    order = [
        _directed(value, key.descending, nulls_last=key.nullable and place > 0)
        for place, (key, value) in enumerate(zip(keys, values, strict=True))
    ]
    labelled = [value.label(f"_k{place}") for place, value in enumerate(values)]
    backwards = bool(keys) and keys[-1].descending
    return select(*_columns(table, shown), *labelled, cast(table.c.id, Text).label("_id")).order_by(
        *order, table.c.id.desc() if backwards else table.c.id
    )


def _directed(value: ColumnElement[Any], descending: bool, *, nulls_last: bool) -> Any:  # noqa: FBT001
    directed = value.desc() if descending else value.asc()
    return directed.nulls_last() if nulls_last else directed


def _stretches(
    kind: Kind, keys: Sequence[SortKey], after: Position | None
) -> list[list[ColumnElement[bool]]]:
    row = row_of(kind)
    values = [row.value(key.field) for key in keys]
    if not keys or not keys[0].nullable:
        return [[_beyond(kind, keys, values, after)] if after is not None else []]
    first = values[0]
    empty: list[ColumnElement[bool]] = [first.is_(None)]
    if after is None:
        return [[first.is_not(None)], empty]
    if after[0] is None:
        return [[*empty, _beyond(kind, keys[1:], values[1:], after[1:], keys)]]
    return [[_beyond(kind, keys, values, after, keys, split=True)], empty]


def _beyond(
    kind: Kind,
    keys: Sequence[SortKey],
    values: Sequence[ColumnElement[Any]],
    after: Position,
    all_keys: Sequence[SortKey] | None = None,
    *,
    split: bool = False,
) -> ColumnElement[bool]:
    """Rows after a position: `k <= x and (k < x or …)`, the form that an index can start from."""
    all_keys = keys if all_keys is None else all_keys
    if not keys:
        table = TABLES[kind.noun]
        backwards = bool(all_keys) and all_keys[-1].descending
        last = UUID(after[-1])
        return table.c.id < last if backwards else table.c.id > last
    key, value, at = keys[0], values[0], _read(keys[0], after[0])
    rest = _beyond(kind, keys[1:], values[1:], after[1:], all_keys)
    if at is None:
        return and_(value.is_(None), rest)
    further = value < at if key.descending else value > at
    reached = value <= at if key.descending else value >= at
    here = and_(reached, or_(further, rest))
    return here if split or not key.nullable else or_(value.is_(None), here)


def position(row: Any, keys: Sequence[SortKey]) -> list[Any]:
    """Where a row of `page` stands, as a cursor can hold it."""
    width = len(keys) + 1
    return [_written(value) for value in row[-width:]]


def _written(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case _:
            return value


def _read(key: SortKey, value: Any) -> Any:
    if value is None:
        return None
    match key.field.type:
        case FieldType.DATE:
            return date.fromisoformat(value)
        case FieldType.DATETIME:
            return datetime.fromisoformat(value)
        case FieldType.ID:
            return UUID(value) if key.field.trait is None else value
        case FieldType.NUMBER | FieldType.CURRENCY if key.field.trait is not None:
            return Decimal(value)
        case _:
            return value


async def count(
    session: AsyncSession,
    workspace_id: UUID,
    kind: Kind,
    where: Sequence[ColumnElement[bool]],
    *,
    capped: bool,
) -> tuple[int, bool]:
    """How many, and whether that is all of them."""
    table = TABLES[kind.noun]
    matching = select(literal(1)).select_from(table).where(*_live(kind, workspace_id), *where)
    if capped:
        matching = matching.limit(COUNTED_TO + 1)
    found = int(await session.scalar(select(func.count()).select_from(matching.subquery())) or 0)
    return (COUNTED_TO, False) if capped and found > COUNTED_TO else (found, True)


_KEY_ROLES = """
    select account_id::text as id, json_object_agg(key_role_key, members)::text as part
    from (
        select account_id, key_role_key, json_agg(member_id order by member_id) as members
        from key_role_assignments
        where workspace_id = :workspace_id and valid_to is null
          and account_id = any(cast(:ids as uuid[]))
        group by account_id, key_role_key
    ) held
    group by account_id
"""
_LINKS = """
    select contact_id::text as id, json_agg(json_build_object(
        'account_id', account_id, 'plan_roles', plan_roles) order by account_id)::text as part
    from account_contacts
    where workspace_id = :workspace_id and contact_id = any(cast(:ids as uuid[]))
    group by contact_id
"""
_CONTACTS = """
    select l.account_id::text as id, json_agg(json_build_object(
        'id', c.id, 'external_id', c.external_id, 'name', c.name, 'email', c.email,
        'title', c.title, 'email_status', c.email_status, 'plan_roles', l.plan_roles)
        order by c.name, c.id)::text as part
    from account_contacts l
    join contacts c on c.workspace_id = :workspace_id and c.id = l.contact_id
     and c.deleted_at is null
    where l.workspace_id = :workspace_id and l.account_id = any(cast(:ids as uuid[]))
    group by l.account_id
"""
_OPPORTUNITIES = """
    select account_id::text as id, json_agg(json_build_object(
        'id', id, 'external_id', external_id, 'name', name, 'type', type, 'stage', stage,
        'is_closed', is_closed, 'is_won', is_won, 'contract_expiration', contract_expiration,
        'arr', arr, 'currency', currency) order by contract_expiration, id)::text as part
    from opportunities
    where workspace_id = :workspace_id and account_id = any(cast(:ids as uuid[]))
      and deleted_at is null
    group by account_id
"""
_ORGANIZATION = """
    select a.id::text as id, json_build_object(
        'id', o.id, 'external_id', o.external_id, 'name', o.name, 'domain', o.domain)::text as part
    from accounts a
    join organizations o on o.workspace_id = :workspace_id and o.id = a.organization_id
    where a.workspace_id = :workspace_id and a.id = any(cast(:ids as uuid[]))
"""
_ACCOUNT_OF = """
    select p.id::text as id, json_build_object(
        'id', a.id, 'external_id', a.external_id, 'name', a.name, 'domain', a.domain,
        'lifecycle_status', a.lifecycle_status)::text as part
    from opportunities p
    join accounts a on a.workspace_id = :workspace_id and a.id = p.account_id
    where p.workspace_id = :workspace_id and p.id = any(cast(:ids as uuid[]))
"""
_ACCOUNTS_BELOW = """
    select organization_id::text as id, json_agg(json_build_object(
        'id', id, 'external_id', external_id, 'name', name, 'domain', domain, 'arr', arr,
        'currency', currency, 'lifecycle_status', lifecycle_status) order by name, id)::text as part
    from accounts
    where workspace_id = :workspace_id and organization_id = any(cast(:ids as uuid[]))
      and deleted_at is null and lifecycle_status <> 'ignored'
    group by organization_id
"""


INCLUDES: Final[Mapping[RecordType, Mapping[str, tuple[str, str]]]] = {
    "organization": {"accounts": (_ACCOUNTS_BELOW, "[]")},
    "account": {
        "key_roles": (_KEY_ROLES, "{}"),
        "contacts": (_CONTACTS, "[]"),
        "opportunities": (_OPPORTUNITIES, "[]"),
        "organization": (_ORGANIZATION, "null"),
    },
    "contact": {"accounts": (_LINKS, "[]")},
    "opportunity": {"account": (_ACCOUNT_OF, "null")},
}
"""By record type and name: the statement that finds it for many records, and how none is
written.
"""


async def parts(
    session: AsyncSession, workspace_id: UUID, kind: Kind, name: str, ids: Sequence[str]
) -> tuple[dict[str, str], str]:
    """One included thing for each record, as JSON; and what stands for those without."""
    statement, nothing = INCLUDES[kind.noun][name]
    found = await session.execute(text(statement), {"workspace_id": workspace_id, "ids": list(ids)})
    return {row.id: row.part for row in found}, nothing
