"""What becomes of a contact, given the rule that holds for it and what is known of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from shared.rules.interpreter.depends import Dependency

DECIDED: Final = Dependency("contact", "deactivated_at")


def evaluated_rule_of(workspace_id: UUID) -> UUID:
    """The rules decide together, so the engine evaluates them as one."""
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
