from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from shared.data import WORKSPACE
from shared.uow import UnitOfWork
from tasks_api.notes.note_templates.models import note_templates
from tasks_api.notes.note_templates.rows import NewTemplate, Template

_TEMPLATE = select(note_templates).where(
    note_templates.c.workspace_id == WORKSPACE, note_templates.c.key == bindparam("key")
)


async def insert_template(uow: UnitOfWork, new: NewTemplate) -> Template | None:
    """None when this version exists already."""
    row = insert(note_templates).values(**new).on_conflict_do_nothing().returning(note_templates)
    return await uow.row(Template, row)


_CURRENT_TEMPLATE = _TEMPLATE.where(note_templates.c.current)


async def current_template(uow: UnitOfWork, key: str, *, lock: bool = False) -> Template | None:
    statement = _CURRENT_TEMPLATE.with_for_update() if lock else _CURRENT_TEMPLATE
    return await uow.row(Template, statement, key=key)


_TEMPLATE_VERSION = _TEMPLATE.where(note_templates.c.version == bindparam("version"))


async def template_version(uow: UnitOfWork, key: str, version: int) -> Template:
    return await uow.one(Template, _TEMPLATE_VERSION, key=key, version=version)


async def retire_template(uow: UnitOfWork, key: str) -> None:
    retired = (
        update(note_templates)
        .where(note_templates.c.workspace_id == uow.workspace_id, note_templates.c.key == key)
        .values(current=False)
    )
    await uow.run(retired)


_NEWEST_VERSION = select(func.max(note_templates.c.version)).where(
    note_templates.c.workspace_id == WORKSPACE, note_templates.c.key == bindparam("key")
)


async def next_template_version(uow: UnitOfWork, key: str) -> int:
    """One for a key that was never used."""
    return (await uow.value(int, _NEWEST_VERSION, key=key) or 0) + 1


async def templates(
    uow: UnitOfWork, after: str | None = None, limit: int | None = None
) -> list[Template]:
    """The current versions, by key."""
    page = (
        select(note_templates)
        .where(note_templates.c.workspace_id == WORKSPACE, note_templates.c.current)
        .order_by(note_templates.c.key)
        .limit(limit)
    )
    if after is not None:
        page = page.where(note_templates.c.key > after)
    return await uow.rows(Template, page)
