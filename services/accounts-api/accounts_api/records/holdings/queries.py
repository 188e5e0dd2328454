from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class KnownKeyRole:
    key: str
    title: str
    multi: bool
    """Whether several members may hold it at once."""


_KEY_ROLES = text(
    "select key, title, multi from key_role_definitions"
    " where workspace_id = :workspace_id and deleted_at is null order by key"
)


async def key_roles(uow: UnitOfWork) -> list[KnownKeyRole]:
    return await uow.rows(KnownKeyRole, _KEY_ROLES)


_ADD_KEY_ROLES = text(
    """
    insert into key_role_definitions (workspace_id, id, key, title)
    select :workspace_id, r.id, r.key, r.title
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, key text, title text)
    on conflict (workspace_id, key) do nothing
    """
)


async def add_key_roles(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Those that there are, or were, stay as they are."""
    await uow.run(_ADD_KEY_ROLES, rows=to_json(rows).decode())


_END = text(
    """
    update key_role_assignments a
    set valid_to = greatest(workspace_now(:workspace_id), a.valid_from)
    from jsonb_to_recordset(cast(:ended as jsonb))
           as e(account_id uuid, key_role_key text, member_id uuid)
    where a.workspace_id = :workspace_id and a.valid_to is null and a.account_id = e.account_id
      and a.key_role_key = e.key_role_key and a.member_id = e.member_id
    """
)
_BEGIN = text(
    """
    insert into key_role_assignments
        (workspace_id, id, account_id, key_role_key, member_id, single, valid_from, valid_to)
    select :workspace_id, b.id, b.account_id, b.key_role_key, b.member_id, b.single,
           coalesce(b.valid_from, workspace_now(:workspace_id)), b.valid_to
    from jsonb_to_recordset(cast(:begun as jsonb))
           as b(id uuid, account_id uuid, key_role_key text, member_id uuid, single boolean,
                valid_from timestamptz, valid_to timestamptz)
    """
)


async def end_holdings(uow: UnitOfWork, ended: Sequence[Mapping[str, Any]]) -> None:
    """Now: account_id, key_role_key, member_id."""
    await uow.run(_END, ended=to_json(ended).decode())


async def begin_holdings(uow: UnitOfWork, begun: Sequence[Mapping[str, Any]]) -> None:
    """Now, unless they say `valid_from`; until `valid_to`, if they say it."""
    await uow.run(_BEGIN, begun=to_json(begun).decode())


_TAKE_BACK = text(
    """
    delete from key_role_assignments a
    using jsonb_to_recordset(cast(:cuts as jsonb))
        as c(account_id uuid, key_role_key text, since timestamptz)
    where a.workspace_id = :workspace_id and a.account_id = c.account_id
      and a.key_role_key = c.key_role_key and a.valid_from >= c.since
    """
)
_CUT = text(
    """
    update key_role_assignments a set valid_to = c.since
    from jsonb_to_recordset(cast(:cuts as jsonb))
        as c(account_id uuid, key_role_key text, since timestamptz)
    where a.workspace_id = :workspace_id and a.account_id = c.account_id
      and a.key_role_key = c.key_role_key and (a.valid_to is null or a.valid_to > c.since)
    """
)
_GO_ON = text(
    """
    update key_role_assignments a set valid_to = g.valid_to
    from jsonb_to_recordset(cast(:going_on as jsonb))
        as g(account_id uuid, key_role_key text, member_id uuid, valid_from timestamptz,
             valid_to timestamptz)
    where a.workspace_id = :workspace_id and a.account_id = g.account_id
      and a.key_role_key = g.key_role_key and a.member_id = g.member_id
      and a.valid_to = g.valid_from and a.valid_from < g.valid_from
    """
)


async def cut_holdings(
    uow: UnitOfWork, cuts: Sequence[Mapping[str, Any]], going_on: Sequence[Mapping[str, Any]]
) -> None:
    """Of each account_id and key_role_key nothing is left from `since` on, but that whoever goes on
    to hold it does: member_id, valid_from (which is `since`), valid_to.
    """
    await uow.run(_TAKE_BACK, cuts=to_json(cuts).decode())
    await uow.run(_CUT, cuts=to_json(cuts).decode())
    if going_on:
        await uow.run(_GO_ON, going_on=to_json(going_on).decode())


_COUNT_HELD = text(
    """
    with held as materialized (
        select distinct h.account_id from key_role_assignments h
        where h.workspace_id = :workspace_id and h.member_id = :member_id and h.valid_to is null
    )
    select count(*) from (
        select 1 from held cross join lateral (
            select a.id from accounts a where a.workspace_id = :workspace_id
              and a.id = held.account_id and a.deleted_at is null limit 1) living
        limit :limit) counted
    """
)


async def count_accounts_held(uow: UnitOfWork, member_id: UUID, limit: int) -> int:
    return await uow.one_value(int, _COUNT_HELD, member_id=member_id, limit=limit)
