"""Who of an account is worth writing to first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

PLAN_ROLES = ("Decision Maker", "Champion", "Economic Buyer", "Executive Sponsor")
"""Account plan roles in the order in which they are asked for."""


@dataclass(frozen=True, slots=True)
class Person:
    """What ranking needs to know of a contact."""

    id: UUID
    plan_roles: Sequence[str]
    chosen_by_trait: bool


def ranked(people: Iterable[Person]) -> list[Person]:
    """Best first: who has the trait, then by account plan role, then who was added last."""
    newest_first = sorted(people, key=lambda person: person.id, reverse=True)
    return sorted(newest_first, key=_rank)


def _rank(person: Person) -> tuple[bool, int]:
    return not person.chosen_by_trait, _role_rank(person.plan_roles)


def _role_rank(roles: Sequence[str]) -> int:
    known = [PLAN_ROLES.index(role) for role in roles if role in PLAN_ROLES]
    return min(known, default=len(PLAN_ROLES))


def reason_of_rank(person: Person, trait: str | None) -> str:
    """Says to a person why this contact stands where it stands."""
    words = [trait.replace("_", " ")] if trait is not None and person.chosen_by_trait else []
    words += [role for role in PLAN_ROLES if role in person.plan_roles]
    return ", ".join(words) or "contact of the account"
