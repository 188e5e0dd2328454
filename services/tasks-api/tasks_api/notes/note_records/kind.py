"""What a row makes of a note."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from typing_extensions import override

from shared.errors import Conflict, Fault
from shared.traits.patches import TraitWrite
from tasks_api.notes.note_templates.rules import clean
from tasks_api.notes.notes.rules import NOTE, TOLD, is_own
from tasks_api.notes.notes.service import NoteNotFound
from tasks_api.records.upserts.authorship import AUTHORS, Moment
from tasks_api.records.upserts.batch import Edit, Kind, State
from tasks_api.replica import service as replica

_NEW: Final[State] = {
    "external_id": None,
    "source": None,
    "template_key": None,
    "template_version": None,
    "subject_type": None,
    "subject_id": None,
    "account_id": None,
    "title": "",
    "body": "",
    "category": None,
    "tags": [],
    "private": False,
    "noted_on": None,
    "author_id": None,
    "authored_at": None,
    "traits": {},
    "field_values": {},
    "record_versions": {},
    "field_write": "none",
    "field_faults": [],
    "write_attempts": 0,
    "hidden_by": [],
}


class DeletedByPerson(Conflict):
    code = "deleted_by_person"
    title = "A person deleted this note"


@dataclass(frozen=True)
class NoteKind(Kind):
    name = NOTE.name
    fields = TOLD
    not_found = NoteNotFound

    moment: Moment
    ignored: frozenset[UUID]
    """Accounts that are in no list."""
    deleted: frozenset[str]
    """External ids of notes that were deleted."""
    shows: bool
    """Whether the answer shows the note, so that a private one of somebody else is not written."""
    traits: TraitWrite

    @override
    def fill(self, edit: Edit, before: State | None) -> State:
        moment = self.moment
        if before is None and edit.external_id in self.deleted and not edit.restore:
            raise DeletedByPerson("A person deleted it. Send `restore: true` to make it anew.")
        was = before or {
            **_NEW,
            "author": moment.caller.principal.model_dump(mode="json"),
            "write_after": moment.now,
        }
        authored = moment.told(edit, before, member="author_id", instant="authored_at")
        traits, faults = self.patched(edit, before)
        note = {**was, **edit.given, **authored, "traits": traits}
        if replica.accounts_of(note) != replica.accounts_of(was):
            note["hidden_by"] = sorted(replica.accounts_of(note) & self.ignored)
        if "body" in edit.given:
            note["body"] = clean(note["body"])
        if note["noted_on"] is None:
            day = note["authored_at"].astimezone(moment.zone).date()
            note["noted_on"] = was["noted_on"] or day
        faults += [
            Fault(f"{edit.pointer}/{name}", "required", message)
            for name, message in (
                ("title", "Say what the note is."),
                ("subject_id", "Say which record it is about."),
            )
            if not note[name]
        ]
        if faults:
            raise edit.refused(faults)
        return note

    @override
    def sees(self, state: State) -> bool:
        caller = self.moment.caller
        if not state["private"] or is_own(state["author_id"], state["author"], caller):
            return True
        return not self.shows and AUTHORS in caller.permissions
