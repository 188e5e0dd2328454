"""The traits of tasks and notes, which others keep."""

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
