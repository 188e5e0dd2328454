"""Two records that are one customer become one.

The winner keeps what it has and takes what it lacks; what belonged to the loser belongs to it; the
loser leaves a tombstone whose ids lead to the winner.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from accounts_api.identity.members.service import active_members
from accounts_api.record_columns import RECORD_COLUMNS
from accounts_api.records.editing.edits import OURSELVES, Edit, Outcome
from accounts_api.records.field_owners.service import owners_of
from accounts_api.records.merging import queries
from accounts_api.records.schema.errors import CannotMerge, RecordNotFound
from accounts_api.records.schema.record_catalog import object_schemas
from accounts_api.records.schema.record_schemas import (
    ACCOUNT,
    CONTACT,
    RECORD_SCHEMAS,
    RecordSchema,
)
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.store import service as store
from shared.errors import Fault, invalid
from shared.record_columns import follow_merge
from shared.traits.definitions import Definitions
from shared.uow import UnitOfWork

_OWNED = frozenset(
    {"lifecycle_status", "lifecycle_status_since", "email_key", "email_status", "deactivated_at"}
    | {"manually_enter_renewal_sequence", "renewal_sequence_status", "renewal_sequence_status_at"}
)
"""Columns that say what happened to the record itself: never taken from another."""


async def merge(uow: UnitOfWork, schema: RecordSchema, winner_id: str, loser_id: str) -> Outcome:
    """The winner as it ends. Raises `CannotMerge`, or `Invalid` for a loser that is not here."""
    if winner_id == loser_id:
        raise CannotMerge("A record cannot be merged into itself.")
    states, definitions = await store.locked(uow, schema, [winner_id, loser_id])
    by_id = {state["id"]: state for state in states}
    winner, loser = by_id.get(winner_id), by_id.get(loser_id)
    if winner is None or winner["deleted"]:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    if loser is None or loser["deleted"]:
        raise invalid(
            "/loser_id", f"unknown_{schema.record_type}", f"There is no such {schema.record_type}."
        )
    return await _merge(uow, schema, winner, loser, definitions)


async def merge_at_source(uow: UnitOfWork, schema: RecordSchema, row: Edit) -> Outcome:
    """A source says that one external id was merged into another. A repeated
    call changes nothing.
    """
    named = [row.external_id or "", row.merged_into or ""]
    states, definitions = await store.locked(uow, schema, external_ids=named)
    by_external_id = {state["external_id"]: state for state in states}
    winner, loser = by_external_id.get(row.merged_into), by_external_id.get(row.external_id)
    if loser is None or loser["deleted"]:
        known = loser["id"] if loser else None
        return Outcome("unchanged", known, row.external_id, loser["version"] if loser else None)
    if winner is None or winner["deleted"] or winner["id"] == loser["id"]:
        pointer = f"{row.pointer}/merged_into_external_id"
        fault = Fault(
            pointer, f"unknown_{schema.record_type}", f"There is no such {schema.record_type}."
        )
        return Outcome(
            "rejected",
            loser["id"],
            row.external_id,
            error=CannotMerge(fault.message, faults=[fault]),
        )
    await _merge(uow, schema, winner, loser, definitions)
    return Outcome("updated", loser["id"], row.external_id, loser["version"] + 1)


async def _merge(
    uow: UnitOfWork,
    schema: RecordSchema,
    winner: RecordState,
    loser: RecordState,
    definitions: Definitions,
) -> Outcome:
    owned = await _owned(uow, schema, winner)
    filling = _filling(schema, winner, loser, definitions, owned)
    if schema.related == "key_roles":
        held = winner["key_roles"]
        taken = {
            key: who
            for key, who in loser["key_roles"].items()
            if key not in held and f"key_roles.{key}" not in owned
        }
        filling.key_roles = await _still_members(uow, taken)
    if schema.related == "accounts" and "accounts" not in owned:
        filling.links = _united([*winner["accounts"], *loser["accounts"]])
    await store.hold_off_references(uow, schema, [loser["id"]])
    await _hand_over(uow, schema, winner["id"], loser["id"])
    gone = Edit(id=loser["id"], deleted=True)
    await store.write(uow, schema, [gone], OURSELVES, merged_into=UUID(winner["id"]))
    await queries.add_alias(uow, schema, loser["id"], winner["id"])
    ids = UUID(loser["id"]), UUID(winner["id"])
    await follow_merge(uow, RECORD_COLUMNS, schema.record_type, *ids)
    (outcome,) = await store.write(uow, schema, [filling], OURSELVES)
    if outcome.error is not None:
        # What the loser had no longer fits its definitions: the winner stays as it is.
        (outcome,) = await store.write(uow, schema, [Edit(id=winner["id"])], OURSELVES)
    return outcome


async def _owned(uow: UnitOfWork, schema: RecordSchema, winner: RecordState) -> frozenset[str]:
    """Fields of the winner that a connection writes: what they lack, they lack there too."""
    if winner["source"] is None:
        return frozenset()
    owners = await owners_of(uow, schema.record_type, [winner["source"]])
    return frozenset(field for _, field in owners)


def _filling(
    schema: RecordSchema,
    winner: RecordState,
    loser: RecordState,
    definitions: Definitions,
    owned: Collection[str],
) -> Edit:
    values = {
        name: loser[name]
        for name in schema.visible
        if name not in _OWNED and winner[name] is None and loser[name] is not None
    }
    if "arr" in schema.visible:
        values |= _money(winner, loser)
    values = {name: value for name, value in values.items() if name not in owned}
    traits: dict[str, Any] = {}
    for key, value in loser["traits"].items():
        definition = definitions.get(key)
        usable = definition is not None and not (definition.deprecated or definition.formula)
        # An option that depends on another choice is only right beside the same choice.
        alike = definition is None or definition.depends_on is None
        is_free = key not in winner["traits"] and f"traits.{key}" not in owned
        if usable and alike and is_free:
            traits[key] = value
    return Edit(mode="update", id=winner["id"], values=values, traits=traits)


def _money(winner: RecordState, loser: RecordState) -> dict[str, Any]:
    """An amount and its currency go together: neither is taken beside another's."""
    if winner["arr"] is not None:
        return {"arr": winner["arr"], "currency": winner["currency"]}
    if loser["arr"] is not None:
        return {"arr": loser["arr"], "currency": loser["currency"]}
    return {"arr": None, "currency": winner["currency"] or loser["currency"]}


def _united(links: Iterable[RecordState]) -> list[dict[str, Any]]:
    """One link for each account, with every part that any of its links had."""
    found: dict[str, dict[str, None]] = {}
    for link in links:
        found.setdefault(link["account_id"], {}).update(dict.fromkeys(link["plan_roles"]))
    return [
        {"account_id": account_id, "plan_roles": list(roles)} for account_id, roles in found.items()
    ]


async def _still_members(uow: UnitOfWork, roles: dict[str, list[str]]) -> dict[str, list[str]]:
    named = {UUID(member) for holders in roles.values() for member in holders}
    active = await active_members(uow, named)
    kept = {key: [m for m in holders if UUID(m) in active] for key, holders in roles.items()}
    return {key: holders for key, holders in kept.items() if holders}


async def _hand_over(uow: UnitOfWork, schema: RecordSchema, winner_id: str, loser_id: str) -> None:
    """What belonged to the loser belongs to the winner."""
    if schema.type_id is not None:
        return  # nothing belongs to an instance of an object type
    every = [*RECORD_SCHEMAS.values(), *await object_schemas(uow)]
    for child in every:
        for parent in child.parents:
            if parent.record_type == schema.record_type:
                await _reparent(uow, child, parent.column, winner_id, loser_id)
    if schema is ACCOUNT:
        await _relink(uow, winner_id, loser_id)
    if schema is CONTACT:
        naming = await queries.traits_that_name_contacts(uow)
        for child in every:
            if keys := naming.get(child.record_type):
                await _rename(uow, child, keys, winner_id, loser_id)


async def _reparent(
    uow: UnitOfWork, schema: RecordSchema, column: str, winner_id: str, loser_id: str
) -> None:
    ids = await queries.children(uow, schema, column, loser_id)
    edits = [Edit(id=child, values={column: winner_id}) for child in ids]
    if edits:
        await store.write(uow, schema, edits, OURSELVES)


async def _rename(
    uow: UnitOfWork, schema: RecordSchema, keys: Sequence[str], winner_id: str, loser_id: str
) -> None:
    """Traits that name the contact name the winner, deprecated ones, too."""
    named = await queries.named_by_traits(uow, schema, keys, loser_id)
    edits = [
        Edit(id=record_id, forced_traits={one.key: winner_id for one in some})
        for record_id, some in groupby(named, lambda one: one.id)
    ]
    if edits:
        await store.write(uow, schema, edits, OURSELVES)


async def _relink(uow: UnitOfWork, winner_id: str, loser_id: str) -> None:
    """Contacts keep their part in the account; who was linked to both has both parts."""
    ids = await queries.contacts_of(uow, loser_id)
    if not ids:
        return
    edits = []
    for contact in await store.states_of(uow, CONTACT, ids):
        moved = [
            {**link, "account_id": winner_id} if link["account_id"] == loser_id else link
            for link in sorted(contact["accounts"], key=lambda link: link["account_id"] == loser_id)
        ]
        edits.append(Edit(id=contact["id"], links=_united(moved)))
    await store.write(uow, CONTACT, edits, OURSELVES)
