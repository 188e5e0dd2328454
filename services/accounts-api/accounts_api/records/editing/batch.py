"""Works out, for a batch of edits of one record type, what each record would become: no statements
here.

Edits are taken in order, so two of one record build on each other and end as one change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from accounts_api.records.editing.dating import DatedEdit, ToldFact
from accounts_api.records.editing.edits import Edit, Outcome, Writer
from accounts_api.records.editing.errors import OwnerDeleted
from accounts_api.records.editing.filling import Differences, Filling
from accounts_api.records.editing.lookups import Lookups
from accounts_api.records.editing.record_formulas import compute
from accounts_api.records.editing.timeline import Fact, Timeline, copied
from accounts_api.records.schema.errors import (
    DeletedByPerson,
    MergedAway,
    OwnedElsewhere,
    RecordDeleted,
    RecordNotFound,
)
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import RecordState
from shared.errors import AppError, Fault, Invalid, PreconditionFailed
from shared.ids import new_id


@dataclass
class PendingRecord:
    """One record of the batch: what is stored (None: nothing yet) and what it would become."""

    before: RecordState | None
    after: RecordState
    edits: list[int] = field(default_factory=list)
    """Which edits made it so, by their place in the batch."""
    since: datetime | None = None
    """Of a new one: its first instant, if that is not now."""
    timeline: Timeline | None = None
    """Known if any edit of the batch is told of an instant."""
    facts: list[ToldFact] = field(default_factory=list)
    """What its history learns, if any edit of it is told of an instant."""

    @property
    def first_since(self) -> datetime | None:
        """The earliest instant that an edit of it was told of."""
        told = [fact.since for fact in self.facts if fact.since is not None]
        return min([*told, *([self.since] if self.since else [])], default=None)

    @property
    def held_since(self) -> dict[str, datetime]:
        """By field, the latest instant that an edit of it was told of."""
        held: dict[str, datetime] = {}
        for fact in self.facts:
            if fact.since is not None:
                held[fact.field] = max(fact.since, held.get(fact.field, fact.since))
        return held

    @property
    def told_since(self) -> dict[str, datetime]:
        """By field, the earliest instant that an edit of it was told of."""
        told = {"created": self.since} if self.since else {}
        for fact in self.facts:
            if fact.since is not None:
                told[fact.field] = min(fact.since, told.get(fact.field, fact.since))
        return told


class Batch:
    def __init__(self, schema: RecordSchema, writer: Writer, known: Lookups) -> None:
        self.schema = schema
        self.writer = writer
        self.lookups = known
        self.filling = Filling(schema, writer, known)
        self.pending: dict[str, PendingRecord] = {}
        self.outcomes: list[Outcome] = []
        self.winners: Mapping[str, str] = {}
        self.deleters: Mapping[str, str | None] = {}

    def stored(self, states: Iterable[RecordState]) -> None:
        """What time has made of formulas since they were stored is none of the edits' changes."""
        moving = [one for one in self.lookups.formulas if one.moves]
        for state in states:
            timeline = self.lookups.timelines.get(state["id"])
            if moving:
                compute(self.schema, moving, state, self.lookups.context)
            self.pending[state["id"]] = PendingRecord(state, dict(state), timeline=timeline)
            if state["external_id"] is not None:
                self.filling.by_external_id[state["external_id"]] = state["id"]

    def apply(self, edit: Edit) -> None:
        """Work one edit in, or refuse it and leave its record as it was."""
        try:
            outcome = self._applied(edit)
        except AppError as error:
            outcome = Outcome("rejected", edit.id, edit.external_id, error=error)
        self.outcomes.append(outcome)

    def _applied(self, edit: Edit) -> Outcome:
        found = self._find(edit)
        if found is None:
            return self._create(edit)
        if edit.version is not None and edit.version != found.after["version"]:
            raise PreconditionFailed(
                f"You edited version {edit.version}; it is now at version"
                f" {found.after['version']}. Read it again.",
                current_version=found.after["version"],
            )
        return self._change(edit, found)

    def _find(self, edit: Edit) -> PendingRecord | None:
        """The record an edit is about.

        One that was merged away stands for its winner, but not when it is to go or to come back.
        """
        if edit.id is None:
            known = self.filling.by_external_id.get(edit.external_id or "")
            return self.pending[known] if known else None
        itself = edit.deleted or edit.restore
        seen = edit.id if itself else self.winners.get(edit.id, edit.id)
        if seen not in self.pending:
            raise RecordNotFound(f"There is no {self.schema.record_type} with this id.")
        return self.pending[seen]

    def _create(self, edit: Edit) -> Outcome:
        if edit.mode == "update":
            raise RecordNotFound(f"There is no {self.schema.record_type} with this external id.")
        if edit.version is not None:
            raise PreconditionFailed(
                f"There is no {self.schema.record_type} with this external id."
            )
        if edit.deleted:
            return Outcome("unchanged", external_id=edit.external_id)
        after: RecordState = {
            "id": str(new_id()),
            "external_id": edit.external_id,
            "source": None,
            **{column.name: column.default for column in self.schema.columns},
            "traits": {},
            "version": 0,
            "computed_version": 0,
            "deleted": False,
        }
        if self.schema.related:
            after[self.schema.related] = {} if self.schema.related == "key_roles" else []
        edit, since = self._dated(edit, None)
        self.filling.fill(edit, None, after)
        pending = PendingRecord(None, after, [len(self.outcomes)], since)
        if self.lookups.now is not None:
            pending.timeline = Timeline(since or self.lookups.now)
        self.pending[after["id"]] = pending
        if edit.external_id is not None:
            self.filling.by_external_id[edit.external_id] = after["id"]
        return Outcome("created", pending.after["id"], edit.external_id)

    def _change(self, edit: Edit, found: PendingRecord) -> Outcome:
        before = found.after
        if before["deleted"] and edit.deleted:
            if edit.mode == "update":
                raise RecordDeleted(f"This {self.schema.record_type} was deleted before.")
            return Outcome("unchanged", before["id"], before["external_id"], before["version"])
        rejoined: frozenset[str] = frozenset()
        if before["deleted"]:
            self._revive(edit, before)
            edit, rejoined = self._rejoined(edit, before)
        edit, at = self._dated(edit, found.timeline)
        late = None
        if at is not None:
            self._catch_up(found)
        if at is not None and found.timeline is not None and found.timeline.later_fields(at):
            late = DatedEdit(self.filling, found.timeline.copy(), edit, at, before)
            after = late.told
        elif edit.deleted:
            after = {**before, "deleted": True}
        else:
            after = {**copied(before), "deleted": False}
            self.filling.fill(edit, before, after)
        if before["deleted"] and not after["deleted"]:
            self._must_be_owned(after)
        changed = self.filling.changes(before, after)
        touched = changed.keys() | {fact.field for fact in late.facts} if late else changed.keys()
        if owned := self.filling.owned(edit, before, touched - rejoined):
            raise OwnedElsewhere(
                f"{edit.not_stored} {' '.join(dict.fromkeys(fault.message for fault in owned))}",
                faults=owned,
            )
        outcome = Outcome("updated" if touched else "unchanged", before["id"], after["external_id"])
        if touched:
            self._note(found, changed, at, late)
            found.after = after
            found.edits.append(len(self.outcomes))
            if after["external_id"] is not None:
                self.filling.by_external_id[after["external_id"]] = after["id"]
        return outcome

    def _dated(self, edit: Edit, timeline: Timeline | None) -> tuple[Edit, datetime | None]:
        """The edit and the instant that it is told of. A source is taken at the nearest instant of
        the record. Of anyone else an instant outside is a fault.
        """
        at, now = edit.effective_at, self.lookups.now
        if at is None or now is None:
            return edit, None
        born = timeline.born if timeline else at
        if self.writer.is_source:
            return edit, min(max(at, born), now)
        if at > now:
            message = f"It is {now.isoformat()} by the workspace's clock: that is still to come."
            fault = Fault(f"{edit.pointer}/effective_at", "in_the_future", message)
        elif at < born:
            message = f"The first instant of this {self.schema.record_type} is {born.isoformat()}."
            fault = Fault(f"{edit.pointer}/effective_at", "before_the_record", message)
        else:
            return edit, at
        if edit.deleted:
            raise Invalid(edit.not_stored, faults=[fault])
        return replace(edit, faults=(*edit.faults, fault)), None

    def _catch_up(self, found: PendingRecord) -> None:
        """Edits that are told of no instant are counted together, until one of the record is."""
        if found.timeline and not found.facts and found.before is not None:
            changed = self.filling.changes(found.before, found.after)
            self._tell(found, found.timeline, changed, None)

    def _note(
        self,
        found: PendingRecord,
        changed: Differences,
        at: datetime | None,
        late: DatedEdit | None,
    ) -> None:
        """Keep when each change of an edit became true."""
        if late is not None:
            found.timeline = late.timeline
            found.facts += late.facts
        elif found.timeline and (at or found.facts or found.since):
            self._tell(found, found.timeline, changed, at)

    def _tell(
        self, found: PendingRecord, timeline: Timeline, changed: Differences, at: datetime | None
    ) -> None:
        instant = at or self.lookups.now or timeline.born
        for name, (was, became) in changed.items():
            timeline.tell(name, Fact(instant, was, became))
            found.facts.append(ToldFact(name, was, became, instant))

    def _revive(self, edit: Edit, tombstone: RecordState) -> None:
        """Whether an edit may bring back a deleted record. Raises what refuses it."""
        if tombstone["id"] in self.winners:
            raise MergedAway(
                f"It was merged into {self.winners[tombstone['id']]}.",
                winner_id=self.winners[tombstone["id"]],
            )
        if edit.restore:
            return
        if edit.mode == "update":
            raise RecordDeleted(f"This {self.schema.record_type} was deleted; undelete it first.")
        if self.deleters.get(tombstone["id"]) in {"member", "api_key"}:
            raise DeletedByPerson(
                "A person deleted it. Send `restore: true` to bring it back on purpose."
            )

    def _rejoined(self, edit: Edit, tombstone: RecordState) -> tuple[Edit, frozenset[str]]:
        """An edit that brings a record back says to whom it belongs, because these may have become
        others meanwhile; and which of its fields say only that.
        """
        values = {
            parent.column: tombstone[parent.column]
            for parent in self.schema.parents
            if tombstone[parent.column] is not None
            and parent.column not in edit.values
            and parent.column not in edit.parent_external_ids
        }
        names = set(values)
        edit = replace(edit, values={**values, **edit.values})
        if tombstone.get("accounts") and (edit.links is None or edit.adds_links):
            names |= {"accounts"} if edit.links is None else set()
            links = [*tombstone["accounts"], *(edit.links or ())]
            edit = replace(edit, links=links, adds_links=False)
        followed = {
            key: winner
            for key, named in tombstone["traits"].items()
            if (known := self.lookups.definitions.get(key)) and known.type == "contact"
            if (winner := self.lookups.contacts.get(named, named)) != named
        }
        names |= {f"traits.{key}" for key in followed}
        return replace(edit, forced_traits={**followed, **edit.forced_traits}), frozenset(names)

    def _must_be_owned(self, after: RecordState) -> None:
        """Raises `OwnerDeleted` for a record whose owners are all deleted."""
        owners = [
            (parent.record_type, after[parent.column], self.lookups.parents.get(parent.column))
            for parent in self.schema.parents
            if parent.owns and after[parent.column] is not None
        ]
        owners += [
            ("account", link["account_id"], self.lookups.accounts)
            for link in after.get("accounts") or ()
        ]
        if owners and not any(
            found and (owner in found[0].values() or owner in found[1].values())
            for _, owner, found in owners
        ):
            owner_type, owner, _ = owners[0]
            raise OwnerDeleted(
                f"The {owner_type} {owner} was deleted: undelete that first.", owner_id=owner
            )

    def changed(self) -> list[tuple[PendingRecord, Differences]]:
        """The records that end otherwise than they are stored; new ones included."""
        changes = [(p, self.filling.changes(p.before, p.after)) for p in self.pending.values()]
        return [
            (pending, changed)
            for pending, changed in changes
            if changed or pending.facts or pending.before is None
        ]

    def computed_among(self, fields: Iterable[str]) -> set[str]:
        """Those of the fields that no client can write."""
        formulas = {f"traits.{k}" for k, one in self.lookups.definitions.items() if one.formula}
        return {name for name in fields if name in self.schema.computed or name in formulas}

    def undone(self) -> list[int]:
        """The places of edits that together left a record as it was."""
        several = [
            one
            for one in self.pending.values()
            if one.before and len(one.edits) > 1 and not one.facts
        ]
        unchanged = [one for one in several if not self.filling.changes(one.before, one.after)]
        return [place for one in unchanged for place in one.edits]

    def refuse(self, pending: PendingRecord, error: AppError) -> None:
        """Take back every edit of one record."""
        for place in pending.edits:
            outcome = self.outcomes[place]
            self.outcomes[place] = Outcome(
                "rejected", outcome.id if pending.before else None, outcome.external_id, error=error
            )
        if pending.before is None:
            del self.pending[pending.after["id"]]
        else:
            pending.after = pending.before
            pending.facts = []
