from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID

from pydantic import ValidationError

from shared.auth import Caller, Subject
from shared.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from shared.events.base import Cause
from shared.events.tasks import NoteLogged, NoteTouched
from shared.ids import new_id
from shared.lists.service import ListQuery
from shared.logging import get_logger
from shared.net.answers import Answer
from shared.paging import CursorSigner
from shared.service import Service
from shared.spelling import suggestion
from shared.traits.patches import TraitWrite
from shared.uow import UnitOfWork
from tasks_api.notes.note_templates import service as templates
from tasks_api.notes.note_templates.rows import Template
from tasks_api.notes.note_templates.rules import BoundField, NoteRecord, clean
from tasks_api.notes.note_templates.service import fields_of
from tasks_api.notes.notes import client, queries
from tasks_api.notes.notes.rows import NewNote, Note, NoteChanges, NoteTitle
from tasks_api.notes.notes.rules import (
    NOTE,
    TOLD,
    RecordPatch,
    binding_faults,
    conflict_faults,
    is_own,
    record_faults,
    record_patches,
    touch_kinds,
    touched,
    touched_at,
    value_faults,
)
from tasks_api.notes.notes.schemas import NoteIn, NotePatch
from tasks_api.records.history import service as history
from tasks_api.records.traits.service import patched, traits_of_new
from tasks_api.records.upserts.authorship import Moment
from tasks_api.records.upserts.batch import Edit, differences
from tasks_api.records.upserts.service import claim
from tasks_api.replica import service as replica
from tasks_api.work.task_causes import service as task_causes

log = get_logger(__name__)

_FORBIDDEN: Final = 403
_CONFLICT: Final = 409
N = TypeVar("N", bound=NewNote)


UPSERTED: Final = queries.UPSERTED
deleted_among = queries.deleted_among


class NoteNotFound(NotFound):
    code = "note_not_found"


class FieldConflict(Conflict):
    code = "field_conflict"
    title = "Someone else changed these fields first"


@dataclass(frozen=True, slots=True)
class Draft(Generic[N]):
    """A note, stored or not yet, and what it writes to records."""

    workspace_id: UUID
    note: N
    fields: Sequence[BoundField]
    patches: Mapping[NoteRecord, RecordPatch]


async def draft_of(
    uow: UnitOfWork, caller: Caller, data: NoteIn, members: Collection[str]
) -> Draft[NewNote]:
    """`members` are those that values of traits name. Raises `Invalid` for a note that could not be
    stored, and `Forbidden`.
    """
    traits = await traits_of_new(uow, caller, NOTE.name, data.traits, members)
    template = await _template_of(uow, data)
    fields = fields_of(template) if template else []
    if template is not None or data.field_values:
        _check_values(fields, data.field_values)
    authored = await _authored(uow, caller, data)
    note = NewNote(
        id=new_id(),
        external_id=data.external_id,
        source=data.source,
        template_key=data.template_key,
        template_version=template.version if template else None,
        subject_type=data.subject_type,
        subject_id=data.subject_id,
        account_id=data.account_id,
        title=data.title,
        body=clean(data.body),
        category=data.category,
        tags=data.tags,
        private=data.private,
        noted_on=data.noted_on or authored["authored_at"].astimezone(await uow.zone()).date(),
        **authored,
        author=caller.principal.model_dump(mode="json"),
        traits=traits,
        field_values=data.field_values,
        record_versions=cast("Mapping[str, int]", data.record_versions),
        field_write="none",
        hidden_by=sorted(await replica.ignored_among(uow, replica.accounts_of(data.model_dump()))),
    )
    patches = record_patches(fields, note)
    faults = binding_faults(patches, data.record_versions)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    return Draft(uow.workspace_id, note, fields, patches)


async def with_traits(
    uow: UnitOfWork,
    caller: Caller,
    draft: Draft[NewNote],
    said: Mapping[str, Any],
    members: Collection[str],
) -> Draft[NewNote]:
    """The draft of a transaction before, with what traits are by now. Raises `Invalid`."""
    traits = await traits_of_new(uow, caller, NOTE.name, said, members)
    return replace(draft, note=replace(draft.note, traits=traits))


async def _authored(uow: UnitOfWork, caller: Caller, data: NoteIn) -> dict[str, Any]:
    """By whom and when. What writes fields of records does so as whoever asks."""
    given = data.model_dump(include={"author_id", "authored_at"}, exclude_unset=True)
    moment = await Moment.of(uow, caller)
    told = moment.told(Edit("", given), None, member="author_id", instant="authored_at")
    if data.field_values and told["author_id"] != caller.member_id:
        message = "A note that writes fields of records is by whoever asks: leave it out."
        raise Invalid("Nothing was stored.", faults=[Fault("/author_id", "contradiction", message)])
    return told


async def write_fields(running: Service, draft: Draft[NewNote]) -> Draft[NewNote]:
    """Write the note's fields as its author, before the note is stored: should it then not be, the
    next attempt finds what it would write. A draft is what waits for the accounts service. Raises
    `Forbidden`, `FieldConflict` or `Invalid` with every fault.
    """
    try:
        answer = await _ask(running, draft)
    except client.AccountsAway as error:
        log.info("note fields wait", note_id=str(draft.note.id), error=str(error))
        return replace(draft, note=replace(draft.note, field_write="pending"))
    if answer.status == _FORBIDDEN:
        refusal = answer.json()
        raise Forbidden(refusal.get("detail", ""), permission=refusal.get("permission"))
    faults = _faults_of(answer, draft)
    if answer.status == _CONFLICT:
        raise FieldConflict("Nothing was stored: both values are in `errors`.", faults=faults)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    return replace(draft, note=replace(draft.note, field_write="written"))


async def _ask(running: Service, draft: Draft[N]) -> Answer:
    return await client.patch_records(
        running,
        draft.workspace_id,
        cause_of(draft.note),
        Subject.of(Cause.model_validate(draft.note.author)),
        draft.patches,
    )


def cause_of(note: NewNote) -> tuple[Cause, ...]:
    """The person, their key, and the note."""
    author = Cause.model_validate(note.author)
    by_key = author.type != "member" and note.author_id is not None
    person = (Cause(type="member", id=str(note.author_id)),) if by_key else ()
    return (*person, author, Cause(type="note", id=str(note.id), label=note.template_key))


def _faults_of(answer: Answer, draft: Draft[N]) -> list[Fault]:
    if answer.status == _CONFLICT:
        return conflict_faults(draft.fields, draft.note, answer.json()["conflicts"])
    return record_faults(draft.fields, draft.note, answer.json().get("errors", []))


async def create_note(uow: UnitOfWork, draft: Draft[NewNote]) -> Note:
    """Published, so that partners see it, unless it is private. Raises `ExternalIdTaken`."""
    await claim(uow, queries.UPSERTED, draft.note.external_id)
    note = await queries.insert_note(uow, draft.note)
    await history.record_created(uow, NOTE.name, [(note.id, note.authored_at)])
    publish_logged(uow, note)
    await publish_touches(uow, [note])
    if note.field_write == "pending":
        uow.wake_worker()
    return note


def publish_logged(uow: UnitOfWork, note: Note) -> None:
    if not note.private:
        uow.publish(
            NoteLogged(
                note_id=note.id,
                template_key=note.template_key,
                subject_type=note.subject_type,
                subject_id=note.subject_id,
                account_id=note.account_id,
                author_id=note.author_id,
                field_values={**note.field_values},
                external_id=note.external_id,
                source=note.source,
                authored_at=note.authored_at,
                traits={**note.traits},
            )
        )


async def publish_touches(
    uow: UnitOfWork, notes: Iterable[Note], *, told: Collection[UUID] = (), gone: bool = False
) -> None:
    """Tell what notes say of the last contact with a customer. One that says nothing is told of if
    something was `told` of it, by id; so is one that is `gone`.
    """
    zone = await uow.zone()
    for note in notes:
        account_id, contact_id = touched(note)
        if (account_id or contact_id) and (touch_kinds(note) or note.id in told):
            uow.publish(
                NoteTouched(
                    note_id=note.id,
                    kinds=[] if gone else touch_kinds(note),
                    at=touched_at(note, zone),
                    account_id=account_id,
                    contact_id=contact_id,
                )
            )


async def notes_by_id(uow: UnitOfWork, ids: Sequence[UUID]) -> list[Note]:
    return await queries.notes_by_id(uow, ids) if ids else []


async def get_note_by_external_id(uow: UnitOfWork, caller: Caller, external_id: str) -> Note:
    """Raises `NoteNotFound`, also for someone else's private note."""
    return _seen(await queries.note_by_external_id(uow, external_id), caller)


async def _template_of(uow: UnitOfWork, data: NoteIn) -> Template | None:
    if data.template_key is None:
        return None
    template = await templates.current_template(uow, data.template_key)
    if template is None:
        near = suggestion(data.template_key, await templates.template_keys(uow))
        message = "There is no note template of this key."
        fault = Fault("/template_key", "unknown_template", message, near)
        raise Invalid("Nothing was stored.", faults=[fault])
    try:
        fields_of(template)
    except ValidationError:
        message = "What is stored of this note template cannot be read any more; save it again."
        fault = Fault("/template_key", "unreadable_template", message)
        raise Invalid("Nothing was stored.", faults=[fault]) from None
    return template


def _check_values(fields: Sequence[BoundField], values: Mapping[str, Any]) -> None:
    faults = value_faults(fields, values)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


async def get_note(uow: UnitOfWork, caller: Caller, note_id: UUID, *, lock: bool = False) -> Note:
    """Raises `NoteNotFound`, also for someone else's private note."""
    return _seen(await queries.note_by_id(uow, note_id, lock=lock), caller)


def _seen(note: Note | None, caller: Caller) -> Note:
    if note is None or (note.private and not is_own(note.author_id, note.author, caller)):
        raise NoteNotFound("There is no note with this id.")
    return note


async def update_note(
    uow: UnitOfWork, note: Note, patch: NotePatch, held_to: TraitWrite | None
) -> Note:
    """`held_to` is for values of traits, if there are any. Raises `Invalid`."""
    changes = patch.changes()
    changes.pop("traits", None)
    if held_to is not None:
        changes["traits"] = patched(held_to, note.traits, patch.traits)
    if "body" in changes:
        changes["body"] = clean(changes["body"])
    if changes.get("noted_on", note.noted_on) is None:
        changes.pop("noted_on")
    if not changes:
        return note
    changed = await queries.change_note(uow, note.id, cast("NoteChanges", changes))
    told = differences(TOLD, asdict(note), asdict(changed))
    await history.record_changes(uow, NOTE.name, [(note.id, told)])
    if changes.keys() & {"category", "noted_on", "private"}:
        await publish_touches(uow, [changed], told=[note.id] if touch_kinds(note) else [])
    return changed


async def delete_note(uow: UnitOfWork, note: Note) -> None:
    """With its history; its external id is kept, so that no sync brings it back."""
    await queries.delete_note(uow, note.id)
    await history.forget(uow, note.id)
    await publish_touches(uow, [note], gone=True)


async def list_notes(
    uow: UnitOfWork, caller: Caller, query: ListQuery, signer: CursorSigner
) -> dict[str, Any]:
    """Raises `Invalid` for a faulty rule or order."""
    return await queries.notes_page(uow, caller, query, signer)


async def pending_draft(uow: UnitOfWork, note_id: UUID) -> Draft[Note] | None:
    """None when it was written meanwhile."""
    note = await queries.note_by_id(uow, note_id)
    if note is None or note.field_write != "pending":
        return None
    if note.template_key is None or note.template_version is None:
        return None
    template = await templates.template_version(uow, note.template_key, note.template_version)
    fields = fields_of(template)
    return Draft(uow.workspace_id, note, fields, record_patches(fields, note))


async def write_later(running: Service, draft: Draft[Note]) -> list[Fault]:
    """What stands in the way of a draft's fields, as its author may write and as the records are
    now. Raises `AccountsAway`.
    """
    answer = await _ask(running, draft)
    if answer.status == _FORBIDDEN:
        refusal = answer.json()
        return [Fault("/field_values", refusal["code"], refusal.get("detail") or refusal["title"])]
    return _faults_of(answer, draft)


async def settle_draft(uow: UnitOfWork, note: Note, faults: Sequence[Fault]) -> None:
    """Say what became of the fields; what was refused is a task for the author."""
    changes: NoteChanges = {
        "field_write": "refused" if faults else "written",
        "field_faults": [fault.as_json() for fault in faults],
    }
    await queries.change_note(uow, note.id, changes)
    if faults:
        await task_causes.open_for_cause(
            uow,
            "note_fields_refused",
            f"note_fields_refused:{note.id}",
            names={},
            opened_by={"type": "note", "id": str(note.id)},
            subject_type=note.subject_type,
            subject_id=note.subject_id,
            account_id=note.account_id,
            assignee_id=await replica.active_member(uow, note.author_id),
            due_rule={"business_days": 1},
            data={"note_id": str(note.id)},
        )


async def count_pending(uow: UnitOfWork) -> int:
    """Notes whose field values are not in their record yet."""
    return await queries.count_writes(uow)


async def notes_of_template(uow: UnitOfWork, key: str, limit: int) -> list[NoteTitle]:
    """Newest first."""
    return await queries.notes_of_template(uow, key, limit)
