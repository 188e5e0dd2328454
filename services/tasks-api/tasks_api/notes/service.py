from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from shared.auth import Caller
from shared.errors import Conflict, Fault, InUse, Invalid, NotFound
from shared.events.tasks import NoteLogged
from shared.fetch import Row
from shared.ids import new_id
from shared.paging import CursorSigner
from shared.uow import UnitOfWork
from shared.web.routing import check_version
from shared.web.where_used import Use, What
from tasks_api.notes import queries
from tasks_api.notes.rules import MID_CONTRACT_REVIEW, clean, record_patches, value_faults
from tasks_api.notes.schemas import NoteIn, NoteTemplateIn

_USES_COUNTED_TO: Final = 1_000
_USERS_NAMED: Final = 20


class NoteNotFound(NotFound):
    code = "note_not_found"


class NoteTemplateNotFound(NotFound):
    code = "note_template_not_found"


class TemplateKeyTaken(Conflict):
    code = "note_template_key_taken"
    title = "A note template has this key"


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
    return _page(rows, limit, signer, uow.workspace_id, shape, "key")


async def uses(uow: UnitOfWork, what: What, record_type: str | None, key: str) -> Sequence[Use]:
    """A trait is used by the templates that ask for it. Those that ask of whatever record the note
    is about may mean any.
    """
    if what != "trait":
        return ()
    wanted, field = {"subject", record_type}, f"traits.{key}"
    return [
        Use("note_template", row["key"], row["title"])
        for row in await queries.templates(uow.session, uow.workspace_id)
        if any(asked["field"] == field and asked["record"] in wanted for asked in row["fields"])
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
    return made


async def template_use(uow: UnitOfWork, key: str) -> dict[str, Any]:
    """The notes that were written with it; the newest that everyone may see are named."""
    await get_template(uow, key)
    found = await queries.notes_of_template(
        uow.session, uow.workspace_id, key, _USES_COUNTED_TO + 1
    )
    users = [Use("note", note["id"], note["title"]) for note in found if not note["private"]]
    return {
        "records": min(len(found), _USES_COUNTED_TO),
        "more_records": len(found) > _USES_COUNTED_TO,
        "users": users[:_USERS_NAMED],
    }


async def delete_template(uow: UnitOfWork, key: str, version: int | None, *, force: bool) -> None:
    """Raises `InUse` when notes were written with it, unless forced. They keep their version."""
    template = await get_template(uow, key, lock=True)
    check_version(version, template["version"])
    use = await template_use(uow, key)
    if use["records"] and not force:
        raise InUse("With `force=true` its notes stay as they are, and nobody can use it.", **use)
    await queries.retire_template(uow.session, uow.workspace_id, key)


async def log_note(uow: UnitOfWork, caller: Caller, data: NoteIn) -> Row:
    template = await _template_of(uow, data)
    if template is not None or data.field_values:
        _check_values(template["fields"] if template else [], data.field_values)
    zone = await uow.zone()
    values = data.model_dump(exclude={"body", "noted_on"})
    note = await queries.insert_note(
        uow.session,
        {
            **values,
            "workspace_id": uow.workspace_id,
            "id": new_id(),
            "body": clean(data.body),
            "template_version": template["version"] if template else None,
            "noted_on": data.noted_on or (await uow.now()).astimezone(zone).date(),
            "author_id": caller.member_id,
            "author": caller.principal.model_dump(mode="json"),
            "field_write": "pending" if data.field_values else "none",
        },
    )
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
    uow.wake_worker()
    return note


async def _template_of(uow: UnitOfWork, data: NoteIn) -> Row | None:
    if data.template_key is None:
        return None
    found = await queries.current_template(uow.session, uow.workspace_id, data.template_key)
    if found is None:
        fault = Fault("/template_key", "unknown_template", "There is no note template of this key.")
        raise Invalid("Nothing was stored.", faults=[fault])
    return found


def _check_values(fields: Sequence[Row], values: Mapping[str, Any]) -> None:
    faults = value_faults(fields, values)
    if faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)


async def get_note(uow: UnitOfWork, caller: Caller, note_id: UUID, *, lock: bool = False) -> Row:
    """Raises `NoteNotFound`, also for someone else's private note."""
    note = await queries.note_by_id(uow.session, uow.workspace_id, note_id, lock=lock)
    hidden = note is not None and note["private"] and note["author_id"] != caller.member_id
    if note is None or hidden:
        raise NoteNotFound("There is no note with this id.")
    return note


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
        uow.session, uow.workspace_id, caller.member_id, subject_id, account_id, before, limit
    )
    return _page(rows, limit, signer, uow.workspace_id, shape, "id")


def _page(
    rows: Sequence[Row],
    limit: int,
    signer: CursorSigner,
    workspace_id: UUID,
    shape: Sequence[Any],
    key: str,
) -> dict[str, Any]:
    kept, more = rows[:limit], len(rows) > limit
    next_cursor = signer.sign(workspace_id, shape, [str(kept[-1][key])]) if more else None
    return {"data": [dict(row) for row in kept], "next_cursor": next_cursor, "has_more": more}


async def pending_write(uow: UnitOfWork, note_id: UUID) -> tuple[Row, dict[str, Any]] | None:
    """The note and the merge patches it stands for, None when it was written meanwhile."""
    note = await queries.note_by_id(uow.session, uow.workspace_id, note_id)
    if note is None or note["field_write"] != "pending" or note["template_key"] is None:
        return None
    template = await queries.template_version(
        uow.session, uow.workspace_id, note["template_key"], note["template_version"]
    )
    return note, record_patches(template["fields"], note["field_values"])


async def record_write(
    uow: UnitOfWork, note_id: UUID, outcome: str, faults: Sequence[Mapping[str, Any]]
) -> None:
    changes = {"field_write": outcome, "field_faults": list(faults)}
    await queries.change_note(uow.session, uow.workspace_id, note_id, changes)


async def count_due(uow: UnitOfWork) -> int:
    return await queries.count_writes(uow.session, uow.workspace_id)
