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
