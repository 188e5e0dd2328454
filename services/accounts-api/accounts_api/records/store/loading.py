"""What a batch of edits needs to be worked out: the records, and all that the edits refer to."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from accounts_api.identity.members.service import known_members
from accounts_api.records.editing.batch import Batch
from accounts_api.records.editing.edits import Edit, Writer
from accounts_api.records.editing.lookups import Lookups, leaves_amount_alone, references
from accounts_api.records.editing.record_formulas import record_formulas
from accounts_api.records.field_owners.service import Owners, owners_of
from accounts_api.records.holdings.service import key_role_definitions
from accounts_api.records.schema.record_schemas import (
    ACCOUNT,
    CONTACT,
    RECORD_SCHEMAS,
    RecordSchema,
)
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.store import queries
from shared.lists import moment
from shared.traits.definitions import Definitions, read_definitions
from shared.uow import UnitOfWork


async def load_batch(
    uow: UnitOfWork,
    schema: RecordSchema,
    edits: Sequence[Edit],
    writer: Writer,
    *,
    lock: bool,
    holds: bool = True,
) -> Batch:
    """`holds` keeps what the edits refer to from being deleted before they are stored."""
    ids = sorted({edit.id for edit in edits if edit.id})
    # A create needs no look-up: the insert itself finds out whether its external id is taken.
    named = {e.external_id for e in edits if e.external_id and not e.id and e.mode != "create"}
    named |= {e for edit in edits if (e := edit.values.get("external_id"))}
    external_ids = sorted(named)
    if lock:
        await queries.lock(uow, schema, ids, external_ids)
    loaded = await queries.load(uow, schema, ids, external_ids, in_turn=not lock)
    states = loaded.states
    winners: Mapping[str, str] = {}
    deleters: Mapping[str, str | None] = {}
    tombstones = [state for state in states if state["deleted"]]
    if tombstones:
        gone = [state["id"] for state in tombstones]
        winners = await queries.winners(uow, schema, gone)
        deleters = await queries.deleters(uow, gone)
        known = {state["id"] for state in states}
        unseen = sorted(set(winners.values()) - known)
        if unseen:
            more = await queries.load(uow, schema, unseen)
            states += more.states
    definitions = read_definitions(loaded.definitions)
    lookups = await _load_lookups(uow, schema, edits, definitions, tombstones, holds=holds)
    if not writer.writes_owned:
        lookups.owners = await _load_owners(uow, schema, states)
    lookups.formulas = record_formulas(schema, loaded.definitions)
    if any(one.asks_when for one in lookups.formulas):
        lookups.context = await moment.evaluation_context(uow)
    if leaves_amount_alone(schema, edits):
        lookups.currency = await queries.currency(uow)
    dated = [edit.effective_at for edit in edits if edit.effective_at is not None]
    if dated:
        lookups.now = await uow.now()
        ids = [state["id"] for state in states]
        lookups.timelines = await queries.timelines(uow, schema, ids, min(dated)) if ids else {}
    batch = Batch(schema, writer, lookups)
    batch.winners, batch.deleters = winners, deleters
    batch.stored(states)
    return batch


async def _load_owners(
    uow: UnitOfWork, schema: RecordSchema, states: Sequence[RecordState]
) -> Owners:
    sources = sorted({state["source"] for state in states if state["source"] is not None})
    return await owners_of(uow, schema.record_type, sources) if sources else {}


async def _load_lookups(
    uow: UnitOfWork,
    schema: RecordSchema,
    edits: Sequence[Edit],
    definitions: Definitions,
    tombstones: Sequence[RecordState],
    *,
    holds: bool,
) -> Lookups:
    named = references(schema, edits, definitions, tombstones)
    known = Lookups(definitions=definitions)
    for parent in schema.parents:
        if any(named[parent.column]):
            known.parents[parent.column] = await queries.targets(
                uow, RECORD_SCHEMAS[parent.record_type], *named[parent.column], held=holds
            )
    if any(named["accounts"]):
        known.accounts = await queries.targets(uow, ACCOUNT, *named["accounts"], held=holds)
    if any(named["contacts"]):
        known.contacts, _ = await queries.targets(uow, CONTACT, *named["contacts"], held=holds)
    if any(named["members"]):
        ids = [UUID(id_) for id_ in named["members"][0]]
        members = await known_members(uow, ids)
        known.members = frozenset(str(member.id) for member in members if member.active)
        known.former_members = frozenset(str(m.id) for m in members) - known.members
    if any(edit.key_roles for edit in edits):
        known.key_roles = await key_role_definitions(uow)
    return known
