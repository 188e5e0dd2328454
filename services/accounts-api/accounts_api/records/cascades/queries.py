from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import TextClause, text

from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS, RecordSchema
from shared.data import Transaction
from shared.held_work import not_held
from shared.uow import UnitOfWork

STEP: Final = "cascades"


def owner_types(schema: RecordSchema) -> list[str]:
    """Types of records that it belongs to: it leaves with the last of them."""
    linked = {"account"} if schema.related == "accounts" else set()
    return sorted({parent.record_type for parent in schema.parents if parent.owns} | linked)


def _owner_ids(schema: RecordSchema, owner_type: str) -> str:
    """A query of the owners of a type that the row `c` has."""
    if schema.related == "accounts":
        return (
            "select l.account_id as id from account_contacts l"
            " where l.workspace_id = :workspace_id and l.contact_id = c.id"
        )
    return f"select c.{owner_type}_id as id where c.{owner_type}_id is not null"


def _has_living_owner(schema: RecordSchema) -> str:
    """Of an owner that was merged away the winner stands for it."""
    return " or ".join(
        f"""
        exists (
            select 1 from ({_owner_ids(schema, owner_type)}) named
            left join record_aliases alias on alias.workspace_id = :workspace_id
             and alias.record_type = '{owner_type}' and alias.loser_id = named.id
            join {RECORD_SCHEMAS[owner_type].table} living
              on living.workspace_id = :workspace_id
             and living.id = case when alias.winner_id is null then named.id
                                  else alias.winner_id end
             and living.deleted_at is null)
        """
        for owner_type in owner_types(schema)
    )


def owning_fields(schema: RecordSchema) -> list[str]:
    """Fields that say to whom it belongs."""
    if schema.related == "accounts":
        return ["accounts"]
    return [f"{owner_type}_id" for owner_type in owner_types(schema)]


def _of_owners(schema: RecordSchema, owner_type: str) -> str:
    """The condition by which the row `c` belongs to one of `:owners`."""
    if schema.related == "accounts":
        return (
            "c.id in (select l.contact_id from account_contacts l"
            " where l.workspace_id = :workspace_id and l.account_id = any(cast(:owners as uuid[])))"
        )
    return f"c.{owner_type}_id = any(cast(:owners as uuid[]))"


@cache
def _lock(schema: RecordSchema, owner_type: str) -> TextClause:
    return text(
        f"""
        select 1 from {schema.table} c
        where c.workspace_id = :workspace_id{schema.own_rows}
          and {_of_owners(schema, owner_type)}
        order by c.id for no key update
        """
    )


async def lock_owned(
    uow: UnitOfWork, schema: RecordSchema, owner_type: str, owners: Sequence[str]
) -> None:
    """Keep other writers from all that belongs to these, however it stands: of two owners of one
    record that go at a time, the second one sees that the first is gone.
    """
    await uow.run(_lock(schema, owner_type), owners=list(owners), **schema.parameters)


@dataclass(frozen=True, slots=True)
class Astray:
    """A record that is not where its owners are: it should go, or come back."""

    id: str
    goes: bool
    at: datetime
    """Since when it should."""
    owner_id: str
    owner_name: str


@cache
def _astray(schema: RecordSchema, owner_type: str) -> TextClause:
    every_owner = " union all ".join(_owner_ids(schema, one) for one in owner_types(schema))
    return text(
        f"""
        with owned as (
            select c.*, ({_has_living_owner(schema)}) as is_owned,
                   (select one.id from ({_owner_ids(schema, owner_type)}) one
                    where one.id = any(cast(:owners as uuid[]))
                    order by one.id limit 1) as owner_id
            from {schema.table} c
            where c.workspace_id = :workspace_id{schema.own_rows}
              and {_of_owners(schema, owner_type)}
        )
        select c.id::text as id, c.deleted_at is null as goes,
               c.owner_id::text as owner_id, greatest(
            (select max(own.valid_from) from field_changes own
             where own.workspace_id = :workspace_id and own.record_id = c.id
               and own.field = any(cast(:owning as text[]))),
            (select max(moved.valid_from) from (
                select distinct on (of_owner.record_id) of_owner.valid_from
                from field_changes of_owner
                where of_owner.workspace_id = :workspace_id and of_owner.field = 'deleted'
                  and of_owner.record_id in ({every_owner})
                order by of_owner.record_id, of_owner.id desc) moved)
            ) as at, owner.name as owner_name
        from owned c
        join {RECORD_SCHEMAS[owner_type].table} owner on owner.workspace_id = :workspace_id
         and owner.id = c.owner_id
        where case
            when c.deleted_at is null then not c.is_owned
            else c.is_owned and (
                select last.cause -> -1 ->> 'type' from field_changes last
                where last.workspace_id = :workspace_id and last.record_id = c.id
                  and last.field = 'deleted'
                order by last.id desc limit 1) = 'record' end
        order by c.owner_id, c.id limit :limit
        """
    )


async def astray(
    uow: UnitOfWork, schema: RecordSchema, owner_type: str, owners: Sequence[str], limit: int
) -> list[Astray]:
    """Of what belongs to these owners: the living that have no living owner left, and those that
    left with an owner and have a living one. What a person deleted stays so. It is so since the
    owners are as they are, and since the record has these.
    """
    given: dict[str, Any] = {"owners": list(owners), "limit": limit, **schema.parameters}
    given["owning"] = ["deleted", *owning_fields(schema)]
    return await uow.rows(Astray, _astray(schema, owner_type), **given)


_QUEUE = text(
    """
    insert into cascades (workspace_id, record_type, record_id, cause)
    select :workspace_id, :record_type, id, cast(:cause as jsonb)
    from unnest(cast(:ids as uuid[])) id
    on conflict (workspace_id, record_type, record_id) do update
    set version = cascades.version + 1, cause = excluded.cause
    """
)


async def queue(uow: UnitOfWork, record_type: str, ids: Sequence[str]) -> None:
    cause = to_json(uow.cause).decode()
    await uow.run(_QUEUE, record_type=record_type, ids=sorted(ids), cause=cause)


@dataclass(frozen=True, slots=True)
class QueuedOwner:
    workspace_id: UUID
    record_type: str
    record_id: str
    version: int
    cause: list[Any]

    @property
    def item(self) -> str:
        return f"{self.record_type}:{self.record_id}"


_ITEM: Final = "c.record_type || ':' || c.record_id"
_NEXT = text(
    "select workspace_id, record_type, record_id::text as record_id, version, cause"
    " from cascades c"
    f" where {not_held(STEP, 'c.workspace_id', _ITEM)}"
    " order by created_at limit 1"
)


async def next_queued(scope: Transaction) -> QueuedOwner | None:
    """Of any workspace."""
    return await scope.row(QueuedOwner, _NEXT)


_FINISH = text(
    "delete from cascades where workspace_id = :workspace_id and record_type = :record_type"
    " and record_id = cast(:record_id as uuid) and version = :version"
)


async def finish(uow: UnitOfWork, owner: QueuedOwner) -> None:
    """Unless it moved again meanwhile."""
    await uow.run(
        _FINISH,
        record_type=owner.record_type,
        record_id=owner.record_id,
        version=owner.version,
    )


_COUNT = text("select count(*) from cascades where workspace_id = :workspace_id")


async def count_queued(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _COUNT)
