"""What an edit makes of a record that is known to have changed after the instant it is told of.

Its facts hold from that instant until the next fact of their field: a field that became something
else later stays what it is now, and the others become what the edit says.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts_api.records.editing.edits import Edit
from accounts_api.records.editing.filling import Filling
from accounts_api.records.editing.record_formulas import compute
from accounts_api.records.editing.timeline import Fact, Timeline, copied
from accounts_api.records.schema.rules import RecordState, field_of, same


@dataclass(frozen=True, slots=True)
class ToldFact:
    """A row of the history to be."""

    field: str
    old: Any
    new: Any
    since: datetime | None
    """None: the instant at which it is stored."""
    late: bool = False
    """Whether the field was known to become something else afterwards."""


class DatedEdit:
    """`told` is the record as it is after the edit, and `facts` are what its history learns."""

    def __init__(
        self, filling: Filling, timeline: Timeline, edit: Edit, at: datetime, present: RecordState
    ) -> None:
        self.filling = filling
        self.timeline = timeline
        self.edit = edit
        self.at = at
        self.present = present
        self.facts: list[ToldFact] = []
        self.formulas = filling.lookups.formulas
        self.told = self._apply()

    def _apply(self) -> RecordState:
        later = self.timeline.later_fields(self.at)
        if self.edit.overrides:
            later -= self.edit.values.keys()
        revived = self.present["deleted"] and "deleted" not in later
        then = self.timeline.state(self.present, self.at)
        became = self._edited(self.edit, then, revived=revived)
        names = {name: new for name, (_, new) in self.filling.changes(then, became).items()}
        if self.edit.overrides:
            names |= self.edit.values
        after = self._edited(_without(self.edit, later), self.present, revived=revived)
        if "deleted" in later:
            after["deleted"] = self.present["deleted"]
        for name, new in names.items():
            if not self._is_moving(name):
                self._tell(name, new)
        self._tell_present(after)
        self._tell_formulas(after)
        return after

    def _edited(self, edit: Edit, before: RecordState, *, revived: bool) -> RecordState:
        after = copied(before)
        if edit.deleted:
            after["deleted"] = True
            return after
        if revived or edit.restore:
            after["deleted"] = False
        self.filling.fill(edit, before, after)
        return after

    def _is_moving(self, name: str) -> bool:
        """Whether it is a formula that time moves: what that was is worked out, not remembered."""
        return any(one.moves and name == f"traits.{one.key}" for one in self.formulas)

    def _say(self, name: str, new: Any, since: datetime) -> None:
        old = self.timeline.before(name, since, self.present)
        late = bool(self.timeline.later(name, since))
        self.timeline.tell(name, Fact(since, old, new))
        self.facts.append(ToldFact(name, old, new, since, late))

    def _tell(self, name: str, new: Any) -> None:
        """An edit that overrides says it of everything that was known to come later, too."""
        later = self.timeline.later(name, self.at) if self.edit.overrides else ()
        known = name in self.timeline.facts
        if not known or not same(self.timeline.value(name, self.at), new):
            self._say(name, new, self.at)
        for instant in dict.fromkeys(fact.valid_from for fact in later):
            if not same(self.timeline.value(name, instant), new):
                self._say(name, new, instant)

    def _tell_present(self, after: RecordState) -> None:
        """What follows from the edit now and did not then, such as a name from its parts."""
        for name, (was, new) in self.filling.changes(self.present, after).items():
            if self._is_moving(name):
                self.facts.append(ToldFact(name, was, new, None))
            elif not (facts := self.timeline.facts.get(name)):
                self._say(name, new, self.at)
            elif not same(facts[-1].new, new) and not self._is_formula(name):
                self._say(name, new, max(self.at, facts[-1].valid_from))

    def _is_formula(self, name: str) -> bool:
        return any(name == f"traits.{one.key}" for one in self.formulas)

    def _tell_formulas(self, after: RecordState) -> None:
        """The formulas that the record's own fields decide, at each instant at which these changed
        since.
        """
        steady = [one for one in self.formulas if not one.moves]
        for instant in self.timeline.instants(self.at) if steady else ():
            was = self.timeline.state(after, instant)
            computed = copied(was)
            compute(self.filling.schema, steady, computed, self.filling.lookups.context)
            for one in steady:
                name = f"traits.{one.key}"
                if not same(field_of(was, name), field_of(computed, name)):
                    self._say(name, field_of(computed, name), instant)


def _without(edit: Edit, fields: Collection[str]) -> Edit:
    """The edit without what it says of these fields."""

    def kept(said: dict[str, Any], group: str = "") -> dict[str, Any]:
        return {name: value for name, value in said.items() if f"{group}{name}" not in fields}

    return replace(
        edit,
        values=kept(edit.values),
        traits=kept(edit.traits, "traits."),
        forced_traits=kept(edit.forced_traits, "traits."),
        computed=kept(edit.computed, "traits."),
        parent_external_ids=kept(edit.parent_external_ids),
        links=None if "accounts" in fields else edit.links,
        key_roles=kept(edit.key_roles, "key_roles."),
    )
