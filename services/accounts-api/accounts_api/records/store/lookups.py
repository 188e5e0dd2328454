"""What is looked up for a batch of edits before they are applied: what they refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts_api.language.rules.context import EvaluationContext
from accounts_api.records.field_owners.service import Owners, owners_of
from accounts_api.records.schema.record_schemas import (
    ACCOUNT,
    CONTACT,
    RECORD_SCHEMAS,
    RecordSchema,
)
from accounts_api.records.schema.rules import RecordState
from accounts_api.records.schema.trait_values import Definitions
from accounts_api.records.store import queries, storing
from accounts_api.records.store.edits import Edit
from accounts_api.records.store.record_formulas import RecordFormula
from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass
class Lookups:
    """What was looked up for a batch: ids and external ids that may be referred to."""

    definitions: Definitions = field(default_factory=dict)
    parents: dict[str, tuple[Mapping[str, str], Mapping[str, str]]] = field(default_factory=dict)
    """By the column that holds the parent's id."""
    accounts: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
    contacts: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    key_roles: Mapping[str, bool] = field(default_factory=dict)
    owners: Owners = field(default_factory=dict)
    """What connections write, and therefore nobody else on records that came by them."""
    formulas: Sequence[RecordFormula] = ()
    """Worked out whenever a record is written."""
    context: EvaluationContext | None = None


def references(
    schema: RecordSchema, edits: Sequence[Edit], definitions: Definitions
) -> dict[str, tuple[set[str], set[str]]]:
    """Ids and external ids that the edits name, by what they are said to be the ids of."""
    named: dict[str, tuple[set[str], set[str]]] = {
        name: (set(), set())
        for name in (*(p.column for p in schema.parents), "accounts", "contacts", "members")
    }
    by_type = {key: known.type for key, known in definitions.items()}
    for edit in edits:
        for parent in schema.parents:
            named[parent.column][0].update(filter(None, [edit.values.get(parent.column)]))
        for column, external_id in edit.parent_external_ids.items():
            named[column][1].add(external_id)
        for link in edit.links or ():
            named["accounts"][0].update(filter(None, [link.get("account_id")]))
            named["accounts"][1].update(filter(None, [link.get("account_external_id")]))
        for holders in edit.key_roles.values():
            named["members"][0].update(holders)
        for key, value in edit.traits.items():
            if by_type.get(key) in {"member", "contact"} and isinstance(value, str):
                named[f"{by_type[key]}s"][0].update(_as_uuid(value))
    return named


def _as_uuid(value: str) -> list[str]:
    try:
        return [str(UUID(value))]
    except ValueError:
        return []


async def load_owners(
    uow: UnitOfWork, schema: RecordSchema, states: Sequence[RecordState]
) -> Owners:
    sources = sorted({state["source"] for state in states if state["source"] is not None})
    return await owners_of(uow, schema.record_type, sources) if sources else {}


async def load_lookups(
    uow: UnitOfWork, schema: RecordSchema, edits: Sequence[Edit], definitions: Definitions
) -> Lookups:
    named = references(schema, edits, definitions)
    known = Lookups(definitions=definitions)
    for parent in schema.parents:
        if any(named[parent.column]):
            known.parents[parent.column] = await queries.targets(
                uow.session,
                uow.workspace_id,
                RECORD_SCHEMAS[parent.record_type],
                *named[parent.column],
            )
    if any(named["accounts"]):
        known.accounts = await queries.targets(
            uow.session, uow.workspace_id, ACCOUNT, *named["accounts"]
        )
    if any(named["contacts"]):
        by_id, _ = await queries.targets(uow.session, uow.workspace_id, CONTACT, *named["contacts"])
        known.contacts = frozenset(by_id)
    if any(named["members"]):
        known.members = await queries.known_members(
            uow.session, uow.workspace_id, named["members"][0]
        )
    if any(edit.key_roles for edit in edits):
        known.key_roles = await key_role_definitions(uow)
    return known


DEFAULT_KEY_ROLES = (
    ("csm", "CSM"),
    ("account_executive", "Account Executive"),
    ("implementation_specialist", "Implementation Specialist"),
    ("renewal_manager", "Renewal Manager"),
)


async def known_key_roles(uow: UnitOfWork) -> frozenset[str]:
    """The keys of the roles there are, or would be once someone asked; makes none."""
    found = await queries.key_roles(uow.session, uow.workspace_id)
    return frozenset(found or (key for key, _ in DEFAULT_KEY_ROLES))


async def key_role_definitions(uow: UnitOfWork) -> dict[str, bool]:
    """Key of each key role to whether several members may hold it; makes the usual four if the
    workspace has none yet.
    """
    found = await queries.key_roles(uow.session, uow.workspace_id)
    if found:
        return found
    rows = [{"id": new_id(), "key": key, "title": title} for key, title in DEFAULT_KEY_ROLES]
    await storing.add_key_roles(uow.session, uow.workspace_id, rows)
    return await queries.key_roles(uow.session, uow.workspace_id)
