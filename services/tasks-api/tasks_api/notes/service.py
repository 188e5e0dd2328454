from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from shared.answers import Answer
from shared.audit import difference
from shared.auth import Caller, Subject
from shared.errors import Conflict, Fault, Forbidden, InUse, Invalid, NotFound, check_version
from shared.events.base import Cause
from shared.events.tasks import NoteLogged
from shared.fetch import Row
from shared.ids import new_id
from shared.logging import get_logger
from shared.paging import CursorSigner, page_of
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage, UsageTarget
from tasks_api.audit import audit
from tasks_api.notes import client, queries
from tasks_api.notes.rules import (
    MID_CONTRACT_REVIEW,
    BoundRecord,
    RecordPatch,
    binding_faults,
    clean,
    conflict_faults,
    record_patches,
    told_faults,
    value_faults,
)
from tasks_api.notes.schemas import NoteIn, NoteTemplateIn, TemplateField
from tasks_api.replica import service as replica
from tasks_api.work.tasks import service as tasks

log = get_logger(__name__)

_USAGES_COUNTED_TO: Final = 1_000
_USAGES_NAMED: Final = 20
_FIELDS: Final = TypeAdapter(list[TemplateField])
_FORBIDDEN: Final = 403
_CONFLICT: Final = 409


class NoteNotFound(NotFound):
    code = "note_not_found"


class NoteTemplateNotFound(NotFound):
    code = "note_template_not_found"


class TemplateKeyTaken(Conflict):
    code = "note_template_key_taken"
    title = "A note template has this key"


class FieldConflict(Conflict):
    code = "field_conflict"
    title = "Someone else changed these fields first"


async def ensure_shipped_template(uow: UnitOfWork) -> None:
    """Every workspace starts with one; editing it makes a newer version, which stays."""
    await queries.insert_template(
        uow.session, {"workspace_id": uow.workspace_id, "version": 1, **MID_CONTRACT_REVIEW}
    )


async def list_templates(
    uow: UnitOfWork, cursor: str | None, limit: int, signer: CursorSigner
) -> dict[str, Any]:
    shape = ["note_templates"]
    after = signer.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.templates(uow.session, uow.workspace_id, after, limit + 1)
    return page_of(rows, limit, signer, uow.workspace_id, shape, ("key",))


async def uses(
    uow: UnitOfWork, what: UsageTarget, record_type: str | None, key: str
) -> Sequence[Usage]:
    """A trait is used by the templates that ask for it. Those that ask of whatever record the note
    is about may mean any.
    """
    if what != "trait":
        return ()
    wanted, field = {"subject", record_type}, f"traits.{key}"
    return [
        Usage("note_template", str(row["key"]), row["title"])
        for row in await queries.templates(uow.session, uow.workspace_id)
        if any(one.get("field") == field and one.get("record") in wanted for one in row["fields"])
    ]


async def get_template(uow: UnitOfWork, key: str, *, lock: bool = False) -> Row:
    """Raises `NoteTemplateNotFound`."""
    found = await queries.current_template(uow.session, uow.workspace_id, key, lock=lock)
    if found is None:
        raise NoteTemplateNotFound(f"There is no note template {key!r}.")
    return found


async def create_template(uow: UnitOfWork, data: NoteTemplateIn) -> Row:
    values = {**data.model_dump(), "body": clean(data.body)}
    version = await queries.next_template_version(uow.session, uow.workspace_id, data.key)
    taken = await queries.current_template(uow.session, uow.workspace_id, data.key)
    made = taken or await queries.insert_template(
        uow.session, {"workspace_id": uow.workspace_id, "version": version, **values}
    )
    if made is None or taken:
        raise TemplateKeyTaken(f"{data.key!r} is taken; edit that template or choose another key.")
    audit.record(uow, "note_template.created", key=data.key, after=values)
    return made


async def edit_template(uow: UnitOfWork, template: Row, changes: dict[str, Any]) -> Row:
    """A new version; notes keep the version they were written with."""
    if "body" in changes:
        changes["body"] = clean(changes["body"])
    kept = {name: template[name] for name in ("key", "title", "body", "fields")}
    await queries.retire_template(uow.session, uow.workspace_id, template["key"])
    made = await queries.insert_template(
        uow.session,
        {
            "workspace_id": uow.workspace_id,
            "version": template["version"] + 1,
            **kept,
            **changes,
        },
    )
    if made is None:
        raise Conflict("Someone else edited this template at the same time.")
    was, becomes = difference(kept, changes)
    audit.record(uow, "note_template.updated", key=template["key"], before=was, after=becomes)
    return made


async def template_usages(uow: UnitOfWork, key: str) -> dict[str, Any]:
    """The notes that were written with it; the newest that everyone may see are named."""
    await get_template(uow, key)
    found = await queries.notes_of_template(
        uow.session, uow.workspace_id, key, _USAGES_COUNTED_TO + 1
    )
    usages = [
        Usage("note", str(note["id"]), note["title"]) for note in found if not note["private"]
    ]
    return {
        "records": min(len(found), _USAGES_COUNTED_TO),
        "more_records": len(found) > _USAGES_COUNTED_TO,
        "usages": usages[:_USAGES_NAMED],
    }


async def delete_template(uow: UnitOfWork, key: str, version: int | None, *, force: bool) -> None:
    """Raises `InUse` when notes were written with it, unless forced. They keep their version."""
    template = await get_template(uow, key, lock=True)
    check_version(version, template["version"])
    usages = await template_usages(uow, key)
    if usages["records"] and not force:
        raise InUse(
            "With `force=true` its notes stay as they are, and nobody can use it.", **usages
        )
    await queries.retire_template(uow.session, uow.workspace_id, key)
    before = {name: template[name] for name in ("title", "body", "fields")}
    audit.record(uow, "note_template.deleted", key=key, before=before)


@dataclass(frozen=True, slots=True)
class Draft:
    """A note as it will be stored, and what it writes to records."""

    values: Row
    fields: Sequence[Row]
    patches: Mapping[BoundRecord, RecordPatch]


async def draft_of(uow: UnitOfWork, caller: Caller, data: NoteIn) -> Draft:
    """Raises `Invalid` for a note that could not be stored."""
    template = await _template_of(uow, data)
    fields: Sequence[Row] = template["fields"] if template else []
    if template is not None or data.field_values:
        _check_values(fields, data.field_values)
    patches = record_patches(fields, data.model_dump())
    faults = binding_faults(patches, data.record_versions)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    zone = await uow.zone()
    values = {
        **data.model_dump(exclude={"body", "noted_on"}),
        "workspace_id": uow.workspace_id,
        "id": new_id(),
        "body": clean(data.body),
        "template_version": template["version"] if template else None,
        "noted_on": data.noted_on or (await uow.now()).astimezone(zone).date(),
        "author_id": caller.member_id,
        "author": caller.principal.model_dump(mode="json"),
        "field_write": "none",
    }
    return Draft(values, fields, patches)


async def write_fields(running: Service, draft: Draft) -> Draft:
    """Write the note's fields as its author, before the note is stored: should it then not be, the
    next attempt finds what it would write. A draft is what waits for the accounts service. Raises
    `Forbidden`, `FieldConflict` or `Invalid` with every fault.
    """
    try:
        answer = await _ask(running, draft.values, draft.patches)
    except client.AccountsAway as error:
        log.info("note fields wait", note_id=str(draft.values["id"]), error=str(error))
        return replace(draft, values={**draft.values, "field_write": "pending"})
    if answer.status == _FORBIDDEN:
        refusal = answer.json()
        raise Forbidden(refusal.get("detail", ""), permission=refusal.get("permission"))
    faults = _faults_of(answer, draft.fields, draft.values)
    if answer.status == _CONFLICT:
        raise FieldConflict("Nothing was stored: both values are in `errors`.", faults=faults)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    return replace(draft, values={**draft.values, "field_write": "written"})


async def _ask(running: Service, note: Row, patches: Mapping[BoundRecord, RecordPatch]) -> Answer:
    return await client.patch_records(
        running,
        note["workspace_id"],
        cause_of(note),
        Subject.of(Cause.model_validate(note["author"])),
        patches,
    )


def cause_of(note: Row) -> tuple[Cause, ...]:
    """The person, their key, and the note."""
    author = Cause.model_validate(note["author"])
    by_key = author.type != "member" and note["author_id"] is not None
    person = (Cause(type="member", id=str(note["author_id"])),) if by_key else ()
    return (*person, author, Cause(type="note", id=str(note["id"]), label=note["template_key"]))


def _faults_of(answer: Answer, fields: Sequence[Row], note: Row) -> list[Fault]:
    if answer.status == _CONFLICT:
        return conflict_faults(fields, note, answer.json()["conflicts"])
    return told_faults(fields, note, answer.json().get("errors", []))


async def log_note(uow: UnitOfWork, draft: Draft) -> Row:
    """Partners hear of it unless it is private."""
    note = await queries.insert_note(uow.session, draft.values)
    if not note["private"]:
        uow.publish(
            NoteLogged(
                note_id=note["id"],
                template_key=note["template_key"],
                subject_type=note["subject_type"],
                subject_id=note["subject_id"],
                account_id=note["account_id"],
                author_id=note["author_id"],
                field_values=note["field_values"],
            )
        )
    if note["field_write"] == "pending":
        uow.wake_worker()
    return note


async def _template_of(uow: UnitOfWork, data: NoteIn) -> Row | None:
    if data.template_key is None:
        return None
    found = await queries.current_template(uow.session, uow.workspace_id, data.template_key)
    if found is None:
        fault = Fault("/template_key", "unknown_template", "There is no note template of this key.")
        raise Invalid("Nothing was stored.", faults=[fault])
    try:
        _FIELDS.validate_python(found["fields"])
    except ValidationError:
        message = "What is stored of this note template cannot be read any more; save it again."
        fault = Fault("/template_key", "unreadable_template", message)
        raise Invalid("Nothing was stored.", faults=[fault]) from None
    return found


def _check_values(fields: Sequence[Row], values: Mapping[str, Any]) -> None:
    faults = value_faults(fields, values)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


async def get_note(uow: UnitOfWork, caller: Caller, note_id: UUID, *, lock: bool = False) -> Row:
    """Raises `NoteNotFound`, also for someone else's private note."""
    note = await queries.note_by_id(uow.session, uow.workspace_id, note_id, lock=lock)
    if note is None or (note["private"] and not _is_own(note, caller)):
        raise NoteNotFound("There is no note with this id.")
    return note


def _is_own(note: Row, caller: Caller) -> bool:
    """A member's by whichever of their keys; a key without a member has its own."""
    if caller.member_id is not None:
        return bool(note["author_id"] == caller.member_id)
    return note["author_id"] is None and note["author"]["id"] == caller.principal.id


async def edit_note(uow: UnitOfWork, note: Row, changes: dict[str, Any]) -> Row:
    if "body" in changes:
        changes["body"] = clean(changes["body"])
    if changes.get("noted_on", note["noted_on"]) is None:
        changes.pop("noted_on")
    if not changes:
        return note
    return await queries.change_note(uow.session, uow.workspace_id, note["id"], changes)


async def delete_note(uow: UnitOfWork, note_id: UUID) -> None:
    await queries.delete_note(uow.session, uow.workspace_id, note_id)


async def list_notes(
    uow: UnitOfWork,
    caller: Caller,
    subject_id: UUID | None,
    account_id: UUID | None,
    cursor: str | None,
    limit: int,
    signer: CursorSigner,
) -> dict[str, Any]:
    shape = ["notes", subject_id, account_id]
    before = UUID(signer.read(cursor, uow.workspace_id, shape)[0]) if cursor else None
    rows = await queries.notes_page(
        uow.session, uow.workspace_id, caller, subject_id, account_id, before, limit
    )
    return page_of(rows, limit, signer, uow.workspace_id, shape, ("id",))


async def pending_draft(uow: UnitOfWork, note_id: UUID) -> Draft | None:
    """None when it was written meanwhile."""
    note = await queries.note_by_id(uow.session, uow.workspace_id, note_id)
    if note is None or note["field_write"] != "pending" or note["template_key"] is None:
        return None
    template = await queries.template_version(
        uow.session, uow.workspace_id, note["template_key"], note["template_version"]
    )
    return Draft(note, template["fields"], record_patches(template["fields"], note))


async def write_later(running: Service, draft: Draft) -> list[Fault]:
    """What stands in the way of a draft's fields, judged as its author may and as the records are
    now. Raises `AccountsAway`.
    """
    answer = await _ask(running, draft.values, draft.patches)
    if answer.status == _FORBIDDEN:
        refusal = answer.json()
        return [Fault("/field_values", refusal["code"], refusal.get("detail") or refusal["title"])]
    return _faults_of(answer, draft.fields, draft.values)


async def settle_draft(uow: UnitOfWork, note: Row, faults: Sequence[Fault]) -> None:
    """Say what became of the fields; what was refused is a task for the author."""
    changes = {
        "field_write": "refused" if faults else "written",
        "field_faults": [fault.as_json() for fault in faults],
    }
    await queries.change_note(uow.session, uow.workspace_id, note["id"], changes)
    if faults:
        await tasks.open_for_cause(
            uow,
            "note_fields_refused",
            f"note_fields_refused:{note['id']}",
            names={},
            source={"type": "note", "id": str(note["id"])},
            subject_type=note["subject_type"],
            subject_id=note["subject_id"],
            account_id=note["account_id"],
            assignee_id=await replica.active_member(uow, note["author_id"]),
            due_rule={"business_days": 1},
            data={"note_id": str(note["id"])},
        )


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_writes(uow.session, uow.workspace_id)
