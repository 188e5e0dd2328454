"""What a write makes of the traits of a record, every fault of it found in one pass."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.auth import Caller
from shared.errors import Fault
from shared.spelling import suggestion
from shared.traits.definitions import Definitions, EditableBy
from shared.traits.values import InvalidTraitValue, beside, coerce

EVERY_EDITOR: Final[frozenset[EditableBy]] = frozenset({"everyone", "leaders", "admins", "source"})
_BY_ROLE: Final[Mapping[str | None, frozenset[EditableBy]]] = {
    "admin": frozenset({"everyone", "leaders", "admins"}),
    "leader": frozenset({"everyone", "leaders"}),
}


def editable_by(caller: Caller) -> frozenset[EditableBy]:
    """Whose traits they may edit: our own services edit everybody's."""
    if caller.principal.type == "service":
        return EVERY_EDITOR
    return _BY_ROLE.get(caller.role, frozenset({"everyone"}))


def defaults(definitions: Definitions) -> dict[str, Any]:
    """The traits of a new record of which nothing is said."""
    return {
        key: definition.default
        for key, definition in definitions.items()
        if definition.default is not None and not definition.deprecated
    }


@dataclass(frozen=True, slots=True)
class TraitWrite:
    """What the traits of a write are held to."""

    definitions: Definitions
    plural: str
    """What the records are called in a refusal."""
    may_edit: frozenset[EditableBy]
    is_source: bool = False
    """Not held to what the workspace requires of its people."""
    members: Collection[str] = frozenset()
    """Those that values name and that there are."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    """For each that values name, the one that stands for it."""

    def patched(
        self,
        before: Mapping[str, Any] | None,
        said: Mapping[str, Any],
        pointer: str = "",
        forced: Mapping[str, Any] | None = None,
    ) -> tuple[dict[str, Any], list[Fault]]:
        """The traits as they are to be, and what is wrong with `said`; None before is a new record.
        `pointer` is where the record stands in the body. `forced` are set, or
        cleared by None, whatever their definitions say to it.
        """
        faults, patch = [], {}
        for key, value in said.items():
            try:
                patch[key] = self._value(key, value)
            except InvalidTraitValue as invalid:
                faults.append(invalid.at(_place(pointer, key)))
        patch |= forced or {}
        kept = defaults(self.definitions) if before is None else before
        traits = {
            key: value
            for key, value in {**kept, **patch}.items()
            if not (key in patch and value is None)
        }
        for key, value in traits.items():
            definition = self.definitions.get(key)
            parent = definition.depends_on if definition else None
            if definition and parent and (key in patch or parent in patch):
                unfit = beside(definition, value, traits)
                if unfit is not None:
                    faults.append(unfit.at(_place(pointer, key)))
        return traits, [*faults, *self._missing(traits, before, said, pointer)]

    def _value(self, key: str, value: Any) -> Any:
        definition = self.definitions.get(key)
        if definition is None:
            message = f"{self.plural} have no trait {key[:100]!r}."
            near = suggestion(key, self.definitions) or {}
            raise InvalidTraitValue("unknown_trait", message, **near)
        if definition.type == "formula":
            return coerce(definition, value)
        if definition.editable_by not in self.may_edit:
            raise InvalidTraitValue(
                "not_editable", f"Only {definition.editable_by} may edit this trait."
            )
        if value is None:
            return None
        if definition.deprecated:
            raise InvalidTraitValue(
                "deprecated", "This trait is deprecated: it can only be cleared."
            )
        kept = coerce(definition, value)
        if definition.type == "member" and kept not in self.members:
            raise InvalidTraitValue("unknown_member", "There is no such member.")
        if definition.type == "contact":
            if kept not in self.contacts:
                raise InvalidTraitValue("unknown_contact", "There is no such contact.")
            return self.contacts[kept]
        return kept

    def _missing(
        self,
        traits: Mapping[str, Any],
        before: Mapping[str, Any] | None,
        said: Mapping[str, Any],
        pointer: str,
    ) -> list[Fault]:
        """A record from before a trait was required may stay without it; nobody may clear it."""
        if self.is_source:
            return []
        return [
            Fault(_place(pointer, key), "required", "This trait is required.")
            for key, definition in self.definitions.items()
            if definition.required
            and not definition.deprecated
            and key not in traits
            and (before is None or key in said)
        ]


def _place(pointer: str, key: str) -> str:
    return f"{pointer}/traits/{key.replace('~', '~0').replace('/', '~1')}"
