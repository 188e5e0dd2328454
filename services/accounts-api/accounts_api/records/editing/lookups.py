"""What is looked up for a batch of edits before they are applied: what they refer to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from accounts_api.records.editing.edits import Edit
from accounts_api.records.editing.record_formulas import RecordFormula
from accounts_api.records.editing.timeline import Timeline
from accounts_api.records.field_owners.service import Owners
from accounts_api.records.schema.record_schemas import (
    RecordSchema,
)
from accounts_api.records.schema.rules import RecordState
from shared.rules.types.context import EvaluationContext
from shared.traits.definitions import Definitions


@dataclass
class Lookups:
    """What was looked up for a batch: ids and external ids that may be referred to."""

    definitions: Definitions = field(default_factory=dict)
    parents: dict[str, tuple[Mapping[str, str], Mapping[str, str]]] = field(default_factory=dict)
    """By the column that holds the parent's id."""
    accounts: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
    contacts: Mapping[str, str] = field(default_factory=dict)
    """Those whom traits name."""
    members: frozenset[str] = frozenset()
    former_members: frozenset[str] = frozenset()
    """Of members who were deactivated: those whom an edit may name all the same."""
    key_roles: Mapping[str, bool] = field(default_factory=dict)
    owners: Owners = field(default_factory=dict)
    """What connections write, and therefore nobody else on records that came by them."""
    formulas: Sequence[RecordFormula] = ()
    """Worked out whenever a record is written."""
    context: EvaluationContext | None = None
    currency: str | None = None
    """The workspace's, if any edit leaves an amount without one."""
    now: datetime | None = None
    """Workspace time, if any edit is told of an instant."""
    timelines: Mapping[str, Timeline] = field(default_factory=dict)
    """By record id, and as far back as an edit is told of."""


def leaves_amount_alone(schema: RecordSchema, edits: Sequence[Edit]) -> bool:
    """Whether an edit speaks of an amount and not of its currency."""
    return "currency" in schema.by_name and any(
        edit.values.keys() & {"arr", "currency"} and not edit.values.get("currency")
        for edit in edits
    )


def references(
    schema: RecordSchema,
    edits: Sequence[Edit],
    definitions: Definitions,
    tombstones: Sequence[RecordState],
) -> dict[str, tuple[set[str], set[str]]]:
    """Ids and external ids that the edits name, by what they are said to be the ids of; and what
    tombstones belong to, which may have to come back.
    """
    named: dict[str, tuple[set[str], set[str]]] = {
        name: (set(), set())
        for name in (*(p.column for p in schema.parents), "accounts", "contacts", "members")
    }
    by_type = {key: known.type for key, known in definitions.items()}
    for tombstone in tombstones:
        named["contacts"][0].update(
            value for key, value in tombstone["traits"].items() if by_type.get(key) == "contact"
        )
        for parent in schema.parents:
            named[parent.column][0].update(filter(None, [tombstone[parent.column]]))
        for link in tombstone.get("accounts") or ():
            named["accounts"][0].add(link["account_id"])
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
