from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import to_json
from sqlalchemy import text

from accounts_api.records.schema.record_schemas import RecordSchema
from shared.uow import UnitOfWork


async def children(uow: UnitOfWork, schema: RecordSchema, column: str, parent_id: str) -> list[str]:
    """Live records that hold `parent_id` in `column`."""
    statement = text(
        f"select id::text as id from {schema.table}"
        f" where workspace_id = :workspace_id{schema.own_rows} and {column} = cast(:parent as uuid)"
        " and deleted_at is null"
    )
    return await uow.values(str, statement, parent=parent_id, **schema.parameters)


@dataclass(frozen=True, slots=True)
class NamingTraits:
    """The traits of a record type whose values are contacts."""

    record_type: str
    keys: list[str]


_NAMING_TRAITS = text(
    "select record_type, array_agg(key order by key) as keys from trait_definitions"
    " where workspace_id = :workspace_id and type = 'contact' and deleted_at is null"
    " group by record_type"
)


async def traits_that_name_contacts(uow: UnitOfWork) -> dict[str, list[str]]:
    """Their keys, by the type of the records that have them."""
    return {one.record_type: one.keys for one in await uow.rows(NamingTraits, _NAMING_TRAITS)}


@dataclass(frozen=True, slots=True)
class NamedByTrait:
    id: str
    key: str


async def named_by_traits(
    uow: UnitOfWork, schema: RecordSchema, keys: Sequence[str], contact_id: str
) -> list[NamedByTrait]:
    """Live records that name a contact, once for each of the traits by which they do."""
    any_of = " or ".join(f"r.traits @> cast(:value_{place} as jsonb)" for place in range(len(keys)))
    statement = text(
        f"""
        select r.id::text as id, named.key
        from {schema.table} r
        join unnest(cast(:keys as text[])) named(key)
          on r.traits ->> named.key = cast(:contact as text)
        where r.workspace_id = :workspace_id{schema.own_rows} and r.deleted_at is null
          and ({any_of})
        order by r.id, named.key
        """
    )
    values = {f"value_{n}": to_json({key: contact_id}).decode() for n, key in enumerate(keys)}
    given = {"keys": list(keys), "contact": contact_id, **values, **schema.parameters}
    return await uow.rows(NamedByTrait, statement, **given)


_CONTACTS_OF = text(
    "select l.contact_id::text as id from account_contacts l"
    " join contacts c on c.workspace_id = :workspace_id and c.id = l.contact_id"
    " and c.deleted_at is null"
    " where l.workspace_id = :workspace_id and l.account_id = cast(:account as uuid)"
)


async def contacts_of(uow: UnitOfWork, account_id: str) -> list[str]:
    return await uow.values(str, _CONTACTS_OF, account=account_id)


_ADD_ALIAS = text(
    """
    with led_to_loser as (
        update record_aliases set winner_id = cast(:winner as uuid)
        where workspace_id = :workspace_id and record_type = :record_type
          and winner_id = cast(:loser as uuid)
    )
    insert into record_aliases (workspace_id, record_type, loser_id, winner_id)
    values (:workspace_id, :record_type, cast(:loser as uuid), cast(:winner as uuid))
    """
)


async def add_alias(uow: UnitOfWork, schema: RecordSchema, loser_id: str, winner_id: str) -> None:
    """What led to the loser leads to the winner, too: no winner is a loser, so an alias is never
    followed twice. Whoever merges holds both records, alive, and a loser never comes back.
    """
    await uow.run(_ADD_ALIAS, record_type=schema.record_type, loser=loser_id, winner=winner_id)
