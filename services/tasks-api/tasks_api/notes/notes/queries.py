from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, and_, any_, bindparam, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from shared.auth import Caller
from shared.data import WORKSPACE, Transaction
from shared.held_work import not_held
from shared.lists.service import Listed, ListQuery, page
from shared.paging import CursorSigner
from shared.uow import UnitOfWork
from tasks_api.notes.notes.models import deleted_notes, notes
from tasks_api.notes.notes.rows import NewNote, Note, NoteChanges, NoteTitle
from tasks_api.notes.notes.rules import NOTE, TOLD
from tasks_api.records.traits.service import fields_of
from tasks_api.records.upserts.tables import Upserted

_NOTES_OF_TEMPLATE = (
    select(notes.c.id, notes.c.title, notes.c.private)
    .where(notes.c.workspace_id == WORKSPACE, notes.c.template_key == bindparam("key"))
    .order_by(notes.c.id.desc())
    .limit(bindparam("most"))
)


async def notes_of_template(uow: UnitOfWork, key: str, limit: int) -> list[NoteTitle]:
    """Newest first."""
    return await uow.rows(NoteTitle, _NOTES_OF_TEMPLATE, key=key, most=limit)


async def insert_note(uow: UnitOfWork, new: NewNote) -> Note:
    return await uow.one(Note, insert(notes).values(**asdict(new)).returning(notes))


_NOTE = select(notes).where(notes.c.workspace_id == WORKSPACE, notes.c.id == bindparam("note_id"))


async def note_by_id(uow: UnitOfWork, note_id: UUID, *, lock: bool = False) -> Note | None:
    return await uow.row(Note, _NOTE.with_for_update() if lock else _NOTE, note_id=note_id)


async def change_note(uow: UnitOfWork, note_id: UUID, changes: NoteChanges) -> Note:
    changed = (
        update(notes)
        .where(notes.c.workspace_id == uow.workspace_id, notes.c.id == note_id)
        .values(**changes, version=notes.c.version + 1, updated_at=func.clock_timestamp())
        .returning(notes)
    )
    return await uow.one(Note, changed)


_DELETE_NOTE = text(
    """
    with gone as (
        delete from notes where workspace_id = :workspace_id and id = :note_id
        returning external_id)
    insert into deleted_notes (workspace_id, external_id)
    select :workspace_id, external_id from gone where external_id is not null
    on conflict do nothing
    """
)


async def delete_note(uow: UnitOfWork, note_id: UUID) -> None:
    """Nothing of it is left but its external id, so that no sync brings it back."""
    await uow.run(_DELETE_NOTE, note_id=note_id)


_DELETED = select(deleted_notes.c.external_id).where(
    deleted_notes.c.workspace_id == WORKSPACE,
    deleted_notes.c.external_id == any_(bindparam("external_ids", type_=ARRAY(Text))),
)


async def deleted_among(uow: UnitOfWork, external_ids: Iterable[str]) -> frozenset[str]:
    """Those that a note had which was deleted; another one may have one of them by now."""
    return frozenset(await uow.values(str, _DELETED, external_ids=list(external_ids)))


_BY_IDS = select(notes).where(
    notes.c.workspace_id == WORKSPACE, notes.c.id == any_(bindparam("ids", type_=ARRAY(Uuid)))
)


async def notes_by_id(uow: UnitOfWork, ids: Sequence[UUID]) -> list[Note]:
    return await uow.rows(Note, _BY_IDS, ids=list(ids))


_BY_EXTERNAL_ID = select(notes).where(
    notes.c.workspace_id == WORKSPACE, notes.c.external_id == bindparam("external_id")
)


async def note_by_external_id(uow: UnitOfWork, external_id: str) -> Note | None:
    return await uow.row(Note, _BY_EXTERNAL_ID, external_id=external_id)


UPSERTED: Final = Upserted(NOTE.name, notes, (*TOLD, "traits", "hidden_by"))


LISTED: Final = Listed(NOTE, "notes", notes, Note, sort="-authored_at", newest_first=True)
"""Written last first, wherever it was written."""


async def notes_page(
    uow: UnitOfWork, reader: Caller, query: ListQuery, signer: CursorSigner
) -> dict[str, Any]:
    """A private note is seen by its author only."""
    own = notes.c.author_id == reader.member_id
    if reader.member_id is None:
        own = and_(own, notes.c.author["id"].astext == reader.principal.id)
    seen_by = reader.member_id or reader.principal.id
    seen = and_(or_(~notes.c.private, own), notes.c.hidden_by == [])
    listed = LISTED.of(await fields_of(uow, NOTE.name)) if query.names_traits else LISTED
    return await page(uow, listed, query, signer, seen, shaped_by=[seen_by])


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


@dataclass(frozen=True, slots=True)
class ClaimedWrite:
    workspace_id: UUID
    id: UUID


async def claim_writes(scope: Transaction, limit: int) -> list[ClaimedWrite]:
    """Notes whose field values are to be written; claimed ones wait before a retry."""
    return await scope.rows(ClaimedWrite, _CLAIM, limit=limit)


_COUNT_WRITES = text(
    "select count(*) from notes where workspace_id = :workspace_id and field_write = 'pending'"
)


async def count_writes(uow: UnitOfWork) -> int:
    """Notes whose field values are not in their record yet."""
    return await uow.one_value(int, _COUNT_WRITES)
