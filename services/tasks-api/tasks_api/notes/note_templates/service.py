from collections.abc import Sequence
from typing import Any, Final, cast

from pydantic import TypeAdapter

from shared.audit import difference
from shared.errors import Conflict, NotFound
from shared.paging import CursorSigner, page_of
from shared.uow import UnitOfWork
from shared.usages import Usage, UsageTarget
from tasks_api.audit import audit
from tasks_api.notes.note_templates import queries
from tasks_api.notes.note_templates.rows import NewTemplate, Template
from tasks_api.notes.note_templates.rules import MID_CONTRACT_REVIEW, BoundField, clean
from tasks_api.notes.note_templates.schemas import NoteTemplateIn, NoteTemplatePatch, TemplateField

_FIELDS: Final = TypeAdapter(list[TemplateField])


class NoteTemplateNotFound(NotFound):
    code = "note_template_not_found"


class TemplateKeyTaken(Conflict):
    code = "note_template_key_taken"
    title = "A note template has this key"


async def ensure_shipped_template(uow: UnitOfWork) -> None:
    """Every workspace starts with one; editing it makes a newer version, which stays."""
    await queries.insert_template(uow, MID_CONTRACT_REVIEW)


async def list_templates(
    uow: UnitOfWork, cursor: str | None, limit: int, signer: CursorSigner
) -> dict[str, Any]:
    shape = ["note_templates"]
    after = signer.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.templates(uow, after, limit + 1)
    return page_of(rows, limit, signer, uow.workspace_id, shape, ("key",))


async def usages(
    uow: UnitOfWork, target: UsageTarget, record_type: str | None, key: str
) -> Sequence[Usage]:
    """A trait is used by the templates that ask for it. Those that ask of whatever record the note
    is about may mean any.
    """
    if target != "trait":
        return ()
    if record_type in {"task", "note"}:
        return ()  # no template writes them
    records, name = {"subject", record_type}, f"traits.{key}"
    return [
        Usage("note_template", template.key, template.title)
        for template in await queries.templates(uow)
        if any(
            field.get("field") == name and field.get("record") in records
            for field in template.fields
        )
    ]


async def get_template(uow: UnitOfWork, key: str, *, lock: bool = False) -> Template:
    """Raises `NoteTemplateNotFound`."""
    template = await queries.current_template(uow, key, lock=lock)
    if template is None:
        raise NoteTemplateNotFound(f"There is no note template {key!r}.")
    return template


async def create_template(uow: UnitOfWork, data: NoteTemplateIn) -> Template:
    values = {**data.model_dump(), "body": clean(data.body)}
    new = cast("NewTemplate", values)
    version = await queries.next_template_version(uow, data.key)
    taken = await queries.current_template(uow, data.key)
    template = taken or await queries.insert_template(uow, {**new, "version": version})
    if template is None or taken:
        raise TemplateKeyTaken(f"{data.key!r} is taken; edit that template or choose another key.")
    audit.record(uow, "note_template.created", key=data.key, after=values)
    return template


async def update_template(
    uow: UnitOfWork, template: Template, patch: NoteTemplatePatch
) -> Template:
    """A new version; notes keep the version they were written with."""
    changes = patch.changes()
    if "body" in changes:
        changes["body"] = clean(changes["body"])
    before = {"title": template.title, "body": template.body, "fields": template.fields}
    after = cast("NewTemplate", {**before, **changes})
    await queries.retire_template(uow, template.key)
    edited = await queries.insert_template(
        uow, {**after, "key": template.key, "version": template.version + 1}
    )
    if edited is None:
        raise Conflict("Someone else edited this template at the same time.")
    was, becomes = difference(before, changes)
    audit.record(uow, "note_template.updated", key=template.key, before=was, after=becomes)
    return edited


async def current_template(uow: UnitOfWork, key: str) -> Template | None:
    return await queries.current_template(uow, key)


async def template_keys(uow: UnitOfWork) -> list[str]:
    return [template.key for template in await queries.templates(uow)]


async def template_version(uow: UnitOfWork, key: str, version: int) -> Template:
    """The one that a note was written with, edited since or not."""
    return await queries.template_version(uow, key, version)


def fields_of(template: Template) -> list[BoundField]:
    """Raises `pydantic.ValidationError` for what an older release stored and this cannot read."""
    fields = _FIELDS.validate_python(template.fields)
    return [BoundField(**field.model_dump()) for field in fields]


async def retire_template(uow: UnitOfWork, template: Template) -> None:
    """Nobody can use it any more; notes keep the version they were written with."""
    await queries.retire_template(uow, template.key)
    before = {"title": template.title, "body": template.body, "fields": template.fields}
    audit.record(uow, "note_template.deleted", key=template.key, before=before)
