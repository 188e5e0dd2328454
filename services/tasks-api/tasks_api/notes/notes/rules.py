"""What a rule may ask of a note, which fields of records its answers stand for, and what is wrong
with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.auth import Caller
from shared.errors import Fault
from shared.events.tasks import TouchKind
from shared.rules.types.catalog import Field, FieldType, RecordType
from tasks_api.notes.note_templates.rules import BoundField, NoteRecord
from tasks_api.notes.notes.rows import FIELD_WRITES, NewNote

NOTE: Final = RecordType(
    "note",
    "notes",
    (
        Field("id", FieldType.ID),
        Field("external_id", FieldType.TEXT),
        Field("source", FieldType.TEXT),
        Field("template_key", FieldType.TEXT),
        Field("template_version", FieldType.NUMBER),
        Field("subject_type", FieldType.TEXT),
        Field("subject_id", FieldType.ID),
        Field("account_id", FieldType.ID),
        Field("title", FieldType.TEXT),
        Field("body", FieldType.TEXT),
        Field("category", FieldType.TEXT),
        Field("tags", FieldType.MULTI_SELECT),
        Field("private", FieldType.BOOLEAN),
        Field("noted_on", FieldType.DATE),
        Field("author_id", FieldType.ID),
        Field("authored_at", FieldType.DATETIME),
        Field("field_write", FieldType.SELECT, options=FIELD_WRITES),
        Field("created_at", FieldType.DATETIME),
        Field("updated_at", FieldType.DATETIME),
    ),
    elsewhere={
        "account": "account_id",
        "author": "author_id",
        "template": "template_key",
        **dict.fromkeys(("subject", "organization", "contact", "opportunity"), "subject_id"),
    },
)


TOLD: Final = (
    "external_id",
    "source",
    "subject_type",
    "subject_id",
    "account_id",
    "title",
    "body",
    "category",
    "tags",
    "private",
    "noted_on",
    "author_id",
    "authored_at",
)
"""The fields whose changes the history of a note tells."""


def is_own(author_id: UUID | None, author: Mapping[str, Any], caller: Caller) -> bool:
    """A member's by whichever of their keys; a key without a member has its own."""
    if caller.member_id is not None:
        return author_id == caller.member_id
    return author_id is None and bool(author["id"] == caller.principal.id)


def value_faults(fields: Sequence[BoundField], values: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the values given for a template's fields: every fault at once."""
    known = {field.key for field in fields}
    unknown = [
        Fault(
            f"/field_values/{key}",
            "unknown_field",
            f"This template has the fields {', '.join(sorted(known)) or 'none'}.",
        )
        for key in values
        if key not in known
    ]
    missing = [
        Fault(f"/field_values/{field.key}", "required", f"{field.label} must be filled.")
        for field in fields
        if field.required and values.get(field.key) in (None, "")
    ]
    return [*unknown, *missing]


_OF_EVERY_FAULT = frozenset({"pointer", "code", "message"})


@dataclass(frozen=True, slots=True)
class RecordPatch:
    """What a note writes to one record, which its author saw at `version`."""

    record_type: str
    id: UUID | None
    """None: a field of an account, of a note that names none."""
    version: int
    values: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        return {
            "record_type": self.record_type,
            "id": str(self.id),
            "version": self.version,
            "values": self.values,
        }


def record_patches(fields: Sequence[BoundField], note: NewNote) -> dict[NoteRecord, RecordPatch]:
    """What the note's field values stand for. The account of a note about an account is its
    subject. A record whose version nobody said stands at none, so that no other value is lost.
    """
    values: dict[NoteRecord, dict[str, Any]] = {}
    for field in fields:
        if field.key not in note.field_values:
            continue
        patch = values.setdefault(_record(field, note), {})
        name, _, trait = field.field.partition(".")
        if trait:
            patch.setdefault(name, {})[trait] = note.field_values[field.key]
        else:
            patch[name] = note.field_values[field.key]
    where: dict[NoteRecord, tuple[str, Any]] = {
        "subject": (note.subject_type, note.subject_id),
        "account": ("account", note.account_id),
    }
    versions = note.record_versions
    return {
        record: RecordPatch(*where[record], cast("int", versions.get(record, 0)), patch)
        for record, patch in values.items()
    }


def binding_faults(
    patches: Mapping[NoteRecord, RecordPatch], versions: Mapping[NoteRecord, int]
) -> list[Fault]:
    """What must be said besides the values, so that they can be written."""
    unsaid = [
        Fault(
            f"/record_versions/{record}",
            "required",
            f"Say which version of the {patch.record_type} you saw: the number in its ETag.",
        )
        for record, patch in patches.items()
        if record not in versions
    ]
    account = patches.get("account")
    if account is not None and account.id is None:
        message = "The template writes fields of an account: say which."
        return [Fault("/account_id", "required", message), *unsaid]
    return unsaid


def record_faults(
    fields: Sequence[BoundField],
    note: NewNote,
    errors: Sequence[Mapping[str, Any]],
) -> list[Fault]:
    """The accounts service's faults, at the note's own values."""
    places = {_place(field, note): field.key for field in fields}
    faults = []
    for error in errors:
        record, _, field = error["pointer"].removeprefix("/").partition("/")
        place = next((p for p in places if f"{record}/{field}/".startswith(f"{p}/")), None)
        pointer = f"/{record}_id" if place is None else f"/field_values/{places[place]}"
        extra = {key: value for key, value in error.items() if key not in _OF_EVERY_FAULT}
        faults.append(Fault(pointer, error["code"], error["message"], {**extra, "record": record}))
    return faults


def conflict_faults(
    fields: Sequence[BoundField],
    note: NewNote,
    conflicts: Mapping[str, Mapping[str, Any]],
) -> list[Fault]:
    """Each value that would go where somebody else was first, beside the one that stands there."""
    faults = []
    for field in fields:
        record = _record(field, note)
        if field.key not in note.field_values or record not in conflicts:
            continue
        name, _, trait = field.field.partition(".")
        stands = conflicts[record]["values"].get(name)
        theirs = (stands or {}).get(trait) if trait else stands
        yours = note.field_values[field.key]
        both = {
            "record": record,
            "version": conflicts[record]["version"],
            "yours": yours,
            "theirs": theirs,
        }
        message = "The record changed after you saw it. Choose one of the two values."
        faults.append(Fault(f"/field_values/{field.key}", "changed_meanwhile", message, both))
    return faults


def _record(field: BoundField, note: NewNote) -> NoteRecord:
    of_account = note.subject_type == "account" and note.account_id in {
        None,
        note.subject_id,
    }
    return "subject" if of_account else field.record


def _place(field: BoundField, note: NewNote) -> str:
    return f"{_record(field, note)}/{field.field.replace('.', '/')}"


MEETING: Final = "meeting"
"""The category of notes that are about a meeting, in any case."""


def touch_kinds(note: NewNote) -> list[TouchKind]:
    """What a note says of when somebody spoke with a customer. A private one says nothing."""
    if note.private:
        return []
    is_meeting = note.category is not None and note.category.casefold() == MEETING
    return ["note", "meeting"] if is_meeting else ["note"]


def touched(note: NewNote) -> tuple[UUID | None, UUID | None]:
    """The account and the contact that it is about, if it is about some."""
    account_id = note.subject_id if note.subject_type == "account" else note.account_id
    return account_id, note.subject_id if note.subject_type == "contact" else None


def touched_at(note: NewNote, zone: ZoneInfo) -> datetime:
    """When it was written, or the start of the day that it is about, if that was an earlier one."""
    if note.noted_on >= note.authored_at.astimezone(zone).date():
        return note.authored_at
    return datetime.combine(note.noted_on, time(), zone).astimezone(UTC)
