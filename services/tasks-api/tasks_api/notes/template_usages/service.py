"""Which notes were written with a template, and the end of one that no note uses."""

from typing import Any, Final

from shared.errors import InUse, check_version
from shared.uow import UnitOfWork
from shared.usages import Usage
from tasks_api.notes.note_templates import service as templates
from tasks_api.notes.notes import service as notes

_USAGES_COUNTED_TO: Final = 1_000
_USAGES_NAMED: Final = 20


async def template_usages(uow: UnitOfWork, key: str) -> dict[str, Any]:
    """The notes that were written with it; the newest that everyone may see are named."""
    await templates.get_template(uow, key)
    written = await notes.notes_of_template(uow, key, _USAGES_COUNTED_TO + 1)
    named = [Usage("note", str(note.id), note.title) for note in written if not note.private]
    return {
        "records": min(len(written), _USAGES_COUNTED_TO),
        "more_records": len(written) > _USAGES_COUNTED_TO,
        "usages": named[:_USAGES_NAMED],
    }


async def delete_template(uow: UnitOfWork, key: str, version: int | None, *, force: bool) -> None:
    """Raises `InUse` when notes were written with it, unless forced. They keep their version."""
    template = await templates.get_template(uow, key, lock=True)
    check_version(version, template.version)
    using = await template_usages(uow, key)
    if using["records"] and not force:
        raise InUse("With `force=true` its notes stay as they are, and nobody can use it.", **using)
    await templates.retire_template(uow, template)
