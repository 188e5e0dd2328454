from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.auth import Caller
from shared.fetch import Row, fetch_all, fetch_maybe, fetch_one
from shared.held import not_held
from tasks_api.notes.models import note_templates, notes


async def insert_template(session: AsyncSession, values: dict[str, Any]) -> Row | None:
    """None when this version exists already."""
    row = insert(note_templates).values(**values).on_conflict_do_nothing().returning(note_templates)
    return await fetch_maybe(session, row)


async def current_template(
    session: AsyncSession, workspace_id: UUID, key: str, *, lock: bool = False
) -> Row | None:
    found = select(note_templates).where(
        note_templates.c.workspace_id == workspace_id,
        note_templates.c.key == key,
        note_templates.c.current,
    )
    if lock:
        found = found.with_for_update()
    return await fetch_maybe(session, found)


async def template_version(
    session: AsyncSession, workspace_id: UUID, key: str, version: int
) -> Row:
    found = select(note_templates).where(
        note_templates.c.workspace_id == workspace_id,
        note_templates.c.key == key,
        note_templates.c.version == version,
    )
    return await fetch_one(session, found)


async def retire_template(session: AsyncSession, workspace_id: UUID, key: str) -> None:
    retired = (
        update(note_templates)
        .where(note_templates.c.workspace_id == workspace_id, note_templates.c.key == key)
        .values(current=False)
    )
    await session.execute(retired)


async def next_template_version(session: AsyncSession, workspace_id: UUID, key: str) -> int:
    """One for a key that was never used."""
    newest = select(func.max(note_templates.c.version)).where(
        note_templates.c.workspace_id == workspace_id, note_templates.c.key == key
    )
    return (await session.scalar(newest) or 0) + 1


async def notes_of_template(
    session: AsyncSession, workspace_id: UUID, key: str, limit: int
) -> list[Row]:
    """Rows of id, title and private, the newest first."""
    found = (
        select(notes.c.id, notes.c.title, notes.c.private)
        .where(notes.c.workspace_id == workspace_id, notes.c.template_key == key)
        .order_by(notes.c.id.desc())
        .limit(limit)
    )
    return await fetch_all(session, found)


async def templates(
    session: AsyncSession, workspace_id: UUID, after: str | None = None, limit: int | None = None
) -> list[Row]:
    """The current versions, by key."""
    found = (
        select(note_templates)
        .where(note_templates.c.workspace_id == workspace_id, note_templates.c.current)
        .order_by(note_templates.c.key)
        .limit(limit)
    )
    if after is not None:
        found = found.where(note_templates.c.key > after)
    return await fetch_all(session, found)


async def insert_note(session: AsyncSession, values: dict[str, Any]) -> Row:
    row = insert(notes).values(**values).returning(notes)
    return await fetch_one(session, row)


async def note_by_id(
    session: AsyncSession, workspace_id: UUID, note_id: UUID, *, lock: bool = False
) -> Row | None:
    found = select(notes).where(notes.c.workspace_id == workspace_id, notes.c.id == note_id)
    if lock:
        found = found.with_for_update()
    return await fetch_maybe(session, found)


async def change_note(
    session: AsyncSession, workspace_id: UUID, note_id: UUID, changes: dict[str, Any]
) -> Row:
    changed = (
        update(notes)
        .where(notes.c.workspace_id == workspace_id, notes.c.id == note_id)
        .values(**changes, version=notes.c.version + 1, updated_at=func.clock_timestamp())
        .returning(notes)
    )
    return await fetch_one(session, changed)


async def delete_note(session: AsyncSession, workspace_id: UUID, note_id: UUID) -> None:
    await session.execute(
        delete(notes).where(notes.c.workspace_id == workspace_id, notes.c.id == note_id)
    )


async def notes_page(
    session: AsyncSession,
    workspace_id: UUID,
    reader: Caller,
    subject_id: UUID | None,
    account_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Row]:
    """Newest first. A private note is seen by its author only."""
    own = notes.c.author_id == reader.member_id
    if reader.member_id is None:
        own = and_(own, notes.c.author["id"].astext == reader.principal.id)
    found = (
        select(notes)
        .where(notes.c.workspace_id == workspace_id, or_(~notes.c.private, own))
        .order_by(notes.c.id.desc())
        .limit(limit + 1)
    )
    if subject_id is not None:
        found = found.where(notes.c.subject_id == subject_id)
    if account_id is not None:
        found = found.where(notes.c.account_id == account_id)
    if before is not None:
        found = found.where(notes.c.id < before)
    return await fetch_all(session, found)


WRITES: Final = "note_fields"
_CLAIM = text(
    f"""
    update notes set write_attempts = write_attempts + 1,
        write_after = clock_timestamp() + least(power(2, write_attempts), 3600) * interval '5 s'
    where (workspace_id, id) in (
        select workspace_id, id from notes n
        where field_write = 'pending' and (write_after <= clock_timestamp() or exists (
            select 1 from held_work h where h.workspace_id = n.workspace_id
              and h.step = '{WRITES}' and h.item = n.id::text and h.retry_at <= clock_timestamp()))
          and {not_held(WRITES, "n.workspace_id", "n.id::text")}
        order by write_after limit :limit for update skip locked)
    returning workspace_id, id
    """
)


async def claim_writes(session: AsyncSession, limit: int) -> list[tuple[UUID, UUID]]:
    """(workspace, note) whose field values are to be written; claimed ones wait before a retry."""
    rows = await session.execute(_CLAIM, {"limit": limit})
    return [(row.workspace_id, row.id) for row in rows]


_COUNT_WRITES = text(
    "select count(*) from notes where workspace_id = :workspace_id and field_write = 'pending'"
)


async def count_writes(session: AsyncSession, workspace_id: UUID) -> int:
    """Notes whose field values are not in their record yet."""
    counted = await session.execute(_COUNT_WRITES, {"workspace_id": workspace_id})
    return int(counted.scalar_one())
