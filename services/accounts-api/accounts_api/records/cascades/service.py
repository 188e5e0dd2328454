"""What belongs to a record leaves with it, and comes back with it.

A record that is deleted takes along what has no other living owner: opportunities and contacts of
an account, instances of object types of whatever they belong to. Each is deleted as any record is,
with its history and its event, at the instant at which its last owner went; the last link of the
cause says with whom. That is how they are found again when one of their owners comes back, and how
they differ from those that a person deleted.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from accounts_api.records.cascades import queries
from accounts_api.records.cascades.queries import Astray, QueuedOwner
from accounts_api.records.editing.edits import Edit, Outcome
from accounts_api.records.schema.record_catalog import find_schema, object_schemas
from accounts_api.records.schema.record_schemas import RECORD_SCHEMAS, RecordSchema
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.store import service as store
from accounts_api.records.store.hooks import RecordChange
from shared import held_work
from shared.events.base import Cause, chain_of
from shared.service import Service
from shared.uow import UnitOfWork, caused_by

PIECE: Final = 500
"""Records of one type that follow in a transaction."""
_OWNERS: Final = 20
"""Whose own follow at once."""
_OWNING: Final = {"accounts", *(f"{record_type}_id" for record_type in RECORD_SCHEMAS)}
"""Fields that may say to whom a record belongs."""


async def follow_owners(uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]) -> None:
    """A listener of record changes: what belongs to the records follows them in their transaction,
    as far as that is one piece; the rest follows in the background. What has left its last living
    owner is with the deleted ones, and goes.
    """
    await _join_owners(uow, record_type, changes)
    moved = [str(one.id) for one in changes if one.change in {"deleted", "undeleted"}]
    owned = await _owned_types(uow, record_type) if moved else ()
    if not owned:
        return
    await store.hold_off_references(uow, RECORD_SCHEMAS[record_type], moved)
    await _follow_or_queue(uow, record_type, moved, owned)


async def _join_owners(uow: UnitOfWork, record_type: str, changes: Sequence[RecordChange]) -> None:
    """Records that an edit took from their last living owner follow those whom they still have."""
    parted = [one for one in changes if one.change == "updated" and one.fields & _OWNING]
    schema = await find_schema(uow, record_type) if parted else None
    if schema is None:
        return
    owning = set(queries.owning_fields(schema))
    moved = [one.after for one in parted if one.fields & owning]
    owners: dict[str, dict[str, set[str]]] = {}
    living: dict[str, Mapping[str, str]] = {}
    for owner_type in queries.owner_types(schema):
        owners[owner_type] = {one["id"]: _owners(schema, owner_type, one) for one in moved}
        every = set().union(*owners[owner_type].values())
        living[owner_type] = await store.living(uow, RECORD_SCHEMAS[owner_type], every)
    alone = [
        one["id"]
        for one in moved
        if not any(owners[kind][one["id"]] & living[kind].keys() for kind in owners)
    ]
    for owner_type, by_record in owners.items():
        if gone := set().union(*(by_record[record_id] for record_id in alone)):
            await _follow_or_queue(uow, owner_type, sorted(gone), [schema])


def _owners(schema: RecordSchema, owner_type: str, state: RecordState) -> set[str]:
    if schema.related == "accounts":
        return {link["account_id"] for link in state["accounts"]}
    return {owner} if (owner := state[f"{owner_type}_id"]) is not None else set()


async def _follow_or_queue(
    uow: UnitOfWork, record_type: str, owners: Sequence[str], owned: Iterable[RecordSchema]
) -> None:
    refused, more = await _follow(uow, record_type, owners, owned)
    if refused or more:
        await queries.queue(uow, record_type, owners)
        uow.wake_worker()


async def _owned_types(uow: UnitOfWork, record_type: str) -> Sequence[RecordSchema]:
    if record_type not in RECORD_SCHEMAS:
        return ()  # nothing belongs to an instance of an object type
    every = [*RECORD_SCHEMAS.values(), *await object_schemas(uow)]
    return [schema for schema in every if record_type in queries.owner_types(schema)]


async def _follow(
    uow: UnitOfWork, record_type: str, owners: Sequence[str], owned: Iterable[RecordSchema]
) -> tuple[list[Outcome], bool]:
    """One piece of what belongs to the owners goes where they are. Those that could not, and
    whether there may be more.
    """
    refused, more = [], False
    for schema in owned:
        await queries.lock_owned(uow, schema, record_type, owners)
        found = await queries.astray(uow, schema, record_type, owners, PIECE + 1)
        if found:
            await uow.fresh_now()
        by_owner = groupby(found[:PIECE], lambda one: (one.owner_id, one.owner_name))
        more = more or len(found) > PIECE
        for place, ((owner_id, name), some) in enumerate(by_owner):
            if place == _OWNERS:
                more = True
                break
            link = Cause(type="record", id=owner_id, label=name)
            async with caused_by(uow, (*uow.cause, link)):
                outcomes = await store.write_each(uow, schema, [_edit(one) for one in some])
            refused += [outcome for outcome in outcomes if outcome.error is not None]
    return refused, more


def _edit(one: Astray) -> Edit:
    return Edit(id=one.id, deleted=one.goes, restore=not one.goes, effective_at=one.at)


async def step(service: Service) -> bool:
    """One more piece of what belongs to a record that moved."""
    async with service.units.across_workspaces() as scope:
        owner = await queries.next_queued(scope)
    if owner is None:
        return False
    await held_work.attempt(
        service.units,
        owner.workspace_id,
        chain_of(owner.cause),
        partial(_go_on, owner=owner),
        step=queries.STEP,
        item=owner.item,
        about={"record_type": owner.record_type, "record_id": owner.record_id},
    )
    return True


async def _go_on(uow: UnitOfWork, owner: QueuedOwner) -> None:
    owned = await _owned_types(uow, owner.record_type)
    refused, more = await _follow(uow, owner.record_type, [owner.record_id], owned)
    store.all_written(refused)
    if not more:
        await queries.finish(uow, owner)


async def count_queued(uow: UnitOfWork) -> int:
    """Records whose own have not all followed them yet."""
    return await queries.count_queued(uow)
