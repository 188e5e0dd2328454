"""What others learn of traits: those of tasks and notes, which they keep; those that move."""

from typing import Any, ClassVar
from uuid import UUID

from shared.events.base import Event


class TraitChanged(Event):
    """A trait of tasks or notes was made, edited or deleted. Who keeps these records copies it, and
    brings their values into its new form or clears those of one that is gone.
    """

    name: ClassVar[str] = "accounts.trait_changed.v1"

    id: UUID
    record_type: str
    key: str
    title: str
    definition: dict[str, Any]
    """As `shared.traits.values` reads it."""
    deleted: bool
    version: int


class MovingFieldsChanged(Event):
    """Other formulas than before may have another value because time passed. Nobody is told of that
    value itself: a copy of a record holds what it was with the last change of the record.
    """

    name: ClassVar[str] = "accounts.moving_fields_changed.v1"

    version: int
    fields: list[str]
    """All of them, such as `account.traits.days_left`."""
