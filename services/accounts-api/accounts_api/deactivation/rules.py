"""What becomes of a contact, given the rule that holds for it and what is known of it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from pydantic_core import from_json

from accounts_api.rules.catalog import Catalog, Field, FieldType
from accounts_api.rules.check import check
from accounts_api.rules.checked import Rule
from accounts_api.rules.depends import Sight
from accounts_api.rules.syntax.json_form import read_json

DECIDED: Final = Sight("contact", "deactivated_at")


def watch_of(workspace_id: UUID) -> UUID:
    """The rules decide together, so they are one watch."""
    return uuid5(workspace_id, "contact deactivation")


@dataclass(frozen=True, slots=True)
class Kept:
    """A rule's own deactivation of a contact, as it was stored."""

    rule_id: UUID
    since: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kept` is what to remember of the rule; `deactivated_at` what the contact is to have."""

    kept: Kept | None
    deactivated_at: datetime | None


def decide(
    rule_id: UUID | None,
    mapped: datetime | None,
    kept: Kept | None,
    deactivated_at: datetime | None,
    at: datetime,
    now: datetime,
) -> Outcome:
    """`rule_id` is the first rule that matches. What a person, or another system, deactivated is
    theirs: no rule takes it back, and no rule takes it over.
    """
    if rule_id is None:
        ours = kept is not None and deactivated_at == kept.since
        return Outcome(None, None if ours else deactivated_at)
    if kept is None and deactivated_at is not None:
        return Outcome(None, deactivated_at)
    first = at if kept is None else kept.since
    since = first if mapped is None or mapped > now else mapped
    return Outcome(Kept(rule_id, since), since)


@lru_cache(maxsize=1024)
def contact_rule(catalog: Catalog, document: str) -> Rule:
    """A stored rule from its JSON text. Raises `RuleFaulty` when it can be used no more."""
    return check(read_json(from_json(document)), catalog, "contact")


def date_field(catalog: Catalog, name: str) -> Field | None:
    """The contact's own date of this name."""
    field = catalog.scope("contact").fields.get(name)
    dated = field is not None and field.type in {FieldType.DATE, FieldType.DATETIME}
    return field if dated else None
