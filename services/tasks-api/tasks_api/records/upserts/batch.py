"""Works out what rows make of the records that they name: no statements here.

Rows are taken in order, so two of one record build on each other and end as one change.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

from shared.bulk import WriteStatus
from shared.errors import AppError, Conflict, Fault, Invalid, NotFound, PreconditionFailed
from shared.ids import new_id
from shared.traits.patches import TraitWrite

State = dict[str, Any]
"""A record by its columns."""
Differences = Mapping[str, tuple[Any, Any]]


class ExternalIdTaken(Conflict):
    code = "external_id_taken"
    title = "Another record has this external id"


def taken(external_id: str | None, pointer: str = "") -> ExternalIdTaken:
    return ExternalIdTaken(
        f"The external id {external_id!r} is taken.",
        faults=[Fault(f"{pointer}/external_id", "taken", "Another record has it.")],
    )


@dataclass(frozen=True, slots=True)
class Edit:
    """One row. `id` or else `external_id` says which record; `given` holds what it says, by column;
    `pointer` is where it stands in the body.
    """

    pointer: str
    given: Mapping[str, Any]
    id: UUID | None = None
    external_id: str | None = None
    version: int | None = None
    """The version that the client edited, None for any."""
    restore: bool = False
    """Whether what a person deleted is to be there again."""

    def refused(self, faults: Sequence[Fault]) -> Invalid:
        return not_stored(self.pointer, faults)


def not_stored(pointer: str, faults: Sequence[Fault]) -> Invalid:
    """What its refusal says of what was stored: beside a row of many there are others."""
    what = "This row was not stored." if pointer else "Nothing was stored."
    return Invalid(f"{what} See `errors` for each fault.", faults=faults)


@dataclass(slots=True)
class Outcome:
    """What became of a row."""

    status: WriteStatus
    id: str | None = None
    external_id: str | None = None
    version: int | None = None
    error: AppError | None = None


@dataclass(slots=True)
class PendingRecord:
    """What is stored of a record (None: nothing yet) and what it would become."""

    before: State | None
    after: State
    outcomes: list[Outcome] = field(default_factory=list)


class Kind(ABC):
    """What one type of records is made of, for the rows of one call."""

    name: ClassVar[str]
    fields: ClassVar[tuple[str, ...]]
    """What rows write, and history tells."""
    not_found: ClassVar[type[NotFound]]
    traits: TraitWrite
    """What values of traits are held to."""

    @abstractmethod
    def fill(self, edit: Edit, before: State | None) -> State:
        """The record as the row makes it. Raises `AppError` for what cannot be so."""

    def patched(self, edit: Edit, before: State | None) -> tuple[dict[str, Any], list[Fault]]:
        """The traits as the row makes them."""
        if before is not None and "traits" not in edit.given:
            return before["traits"], []
        stood = None if before is None else before["traits"]
        return self.traits.patched(stood, edit.given.get("traits", {}), edit.pointer)

    @abstractmethod
    def sees(self, state: State) -> bool:
        """Whether it may be written by whoever sent the rows."""


class Batch:
    def __init__(self, kind: Kind, stored: Iterable[State]) -> None:
        self._kind = kind
        self._pending = {state["id"]: PendingRecord(state, state) for state in stored}
        self._by_external_id = {
            state["external_id"]: state["id"]
            for state in (pending.after for pending in self._pending.values())
            if state["external_id"] is not None
        }

    def apply(self, edit: Edit) -> Outcome:
        """Work one row in, or refuse it and leave its record as it was."""
        try:
            return self._applied(edit)
        except AppError as error:
            id_ = None if edit.id is None else str(edit.id)
            return Outcome("rejected", id_, edit.external_id, error=error)

    def _applied(self, edit: Edit) -> Outcome:
        pending = self._find(edit)
        before = None if pending is None else pending.after
        if edit.version is not None and (before is None or before["version"] != edit.version):
            raise PreconditionFailed("Somebody changed it after you read it. Read it again.")
        after = self._kind.fill(edit, before)
        if pending is None:
            after = {**after, "id": new_id(), "version": 1}
            pending = self._pending[after["id"]] = PendingRecord(None, after)
            status: WriteStatus = "created"
        else:
            status = "updated" if self.differences(before, after) else "unchanged"
            pending.after = after if status == "updated" else pending.after
        if before is not None:
            self._by_external_id.pop(before["external_id"], None)
        if after["external_id"] is not None:
            self._by_external_id[after["external_id"]] = after["id"]
        outcome = Outcome(status, str(after["id"]), after["external_id"])
        pending.outcomes.append(outcome)
        return outcome

    def _find(self, edit: Edit) -> PendingRecord | None:
        named = self._by_external_id.get(edit.external_id or "")
        if edit.id is None:
            pending = None if named is None else self._pending[named]
            if pending is not None and not self._kind.sees(pending.after):
                raise self._taken(edit)
            return pending
        pending = self._pending.get(edit.id)
        if pending is None or not self._kind.sees(pending.after):
            raise self._kind.not_found(f"There is no {self._kind.name} with this id.")
        if named not in {None, edit.id}:
            raise self._taken(edit)
        return pending

    def _taken(self, edit: Edit) -> ExternalIdTaken:
        return taken(edit.external_id, edit.pointer)

    def differences(self, before: State | None, after: State) -> Differences:
        return differences(self._kind.fields, before or {}, after)

    def finish(self) -> list[PendingRecord]:
        """The records to store, each with its new version; outcomes show where the whole batch left
        them, and rows that together changed nothing say so.
        """
        for pending in self._pending.values():
            if pending.before is not None and self.differences(pending.before, pending.after):
                pending.after["version"] = pending.before["version"] + 1
            elif pending.before is not None:
                pending.after = pending.before
            for outcome in pending.outcomes:
                outcome.version = pending.after["version"]
                if pending.after is pending.before:
                    outcome.status = "unchanged"
        return [
            pending for pending in self._pending.values() if pending.after is not pending.before
        ]


def differences(fields: Iterable[str], before: State, after: State) -> Differences:
    """Fields by name, traits one by one: a missing value and null are the same."""
    found = {
        name: (before.get(name), after.get(name))
        for name in fields
        if before.get(name) != after.get(name)
    }
    old, new = before.get("traits") or {}, after.get("traits") or {}
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            found[f"traits.{key}"] = (old.get(key), new.get(key))
    return found
