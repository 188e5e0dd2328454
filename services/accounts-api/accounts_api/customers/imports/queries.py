from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import bindparam, delete, func, insert, select, text, update

from accounts_api.customers.imports.models import FoundImport, Import, imports
from accounts_api.customers.imports.models import import_chunks as chunks
from shared.data import WORKSPACE, Transaction
from shared.uow import UnitOfWork
from shared.usages import MOST_USAGES

_OF_WORKSPACE = select(imports).where(imports.c.workspace_id == WORKSPACE)
_BY_ID = _OF_WORKSPACE.where(imports.c.id == bindparam("import_id"))


async def add_import(uow: UnitOfWork, values: Mapping[str, object]) -> Import:
    return await uow.one(Import, insert(imports).values(**values).returning(imports))


async def import_by_id(
    uow: UnitOfWork, import_id: UUID, *, lock: bool = False, skip_locked: bool = False
) -> Import | None:
    statement = _BY_ID.with_for_update(skip_locked=skip_locked) if lock else _BY_ID
    return await uow.row(Import, statement, import_id=import_id)


async def imports_page(uow: UnitOfWork, before: UUID | None, limit: int) -> list[Import]:
    """Newest first."""
    page = _OF_WORKSPACE if before is None else _OF_WORKSPACE.where(imports.c.id < before)
    return await uow.rows(Import, page.order_by(imports.c.id.desc()).limit(limit))


async def change_import(
    uow: UnitOfWork, import_id: UUID, values: Mapping[str, object], *, edited: bool = True
) -> Import:
    """`edited`: by a person, and so another version."""
    new = {"version": imports.c.version + int(edited), "updated_at": func.clock_timestamp()}
    changed = (
        update(imports)
        .where(imports.c.workspace_id == uow.workspace_id, imports.c.id == import_id)
        .values(**values, **new)
    )
    return await uow.one(Import, changed.returning(imports))


_ADD_CHUNK = text(
    "insert into import_chunks (workspace_id, import_id, upload_id, number, rows)"
    " values (:workspace_id, :import_id, :upload_id, :number, cast(:rows as jsonb))"
)


async def add_chunk(
    uow: UnitOfWork,
    import_id: UUID,
    upload_id: UUID,
    number: int,
    rows: Iterable[tuple[int, Sequence[str]]],
) -> None:
    place = {"import_id": import_id, "upload_id": upload_id, "number": number}
    await uow.run(_ADD_CHUNK, **place, rows=to_json(dict(rows)).decode())


async def remove_other_chunks(uow: UnitOfWork, import_id: UUID, upload_id: UUID) -> None:
    """Those of former uploads."""
    await uow.run(
        delete(chunks).where(
            chunks.c.workspace_id == uow.workspace_id,
            chunks.c.import_id == import_id,
            chunks.c.upload_id != upload_id,
        )
    )


_WAITING_ROWS = select(func.coalesce(func.sum(imports.c.rows - imports.c.processed_rows), 0)).where(
    imports.c.workspace_id == WORKSPACE, imports.c.status == "running"
)


async def waiting_rows(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _WAITING_ROWS)


_OLD = text(
    """
    select workspace_id, id from imports
    where file_removed_at is null and status <> 'running'
      and updated_at < clock_timestamp() - make_interval(days => :days)
    order by updated_at limit 1 for update skip locked
    """
)


async def old_import(scope: Transaction, days: int) -> FoundImport | None:
    """Of any workspace: one whose file has been kept long enough."""
    return await scope.row(FoundImport, _OLD, days=days)


_REMOVE_FILE = text(
    """
    with results as (
        delete from import_rows where workspace_id = :workspace_id and import_id = :import_id
    ), file as (
        delete from import_chunks where workspace_id = :workspace_id and import_id = :import_id
    )
    update imports set file_removed_at = clock_timestamp()
    where workspace_id = :workspace_id and id = :import_id
    """
)


async def remove_file(scope: Transaction, workspace_id: UUID, import_id: UUID) -> None:
    """And what became of its rows."""
    await scope.run(_REMOVE_FILE, workspace_id=workspace_id, import_id=import_id)


_LEFT_OVER = text(
    """
    delete from import_chunks where ctid in (
        select c.ctid from import_chunks c
        join imports i on i.workspace_id = c.workspace_id and i.id = c.import_id
        where c.upload_id is distinct from i.upload_id
          and c.created_at < clock_timestamp() - interval '1 day'
        limit :limit
    )
    """
)


async def remove_left_over(scope: Transaction, limit: int) -> int:
    """Of any workspace: chunks of uploads that broke off."""
    return await scope.run(_LEFT_OVER, limit=limit)


_WRITING = (
    _OF_WORKSPACE.where(
        imports.c.record_type == bindparam("record_type"),
        imports.c.status.in_(("ready", "running")),
        text(":target in (select value from jsonb_each_text(imports.mapping))"),
    )
    .order_by(imports.c.file_name, imports.c.id)
    .limit(MOST_USAGES)
)


async def imports_writing(uow: UnitOfWork, record_type: str, target: str) -> list[Import]:
    """Those that have not ended and write a trait or a key role; as many as usages are listed."""
    return await uow.rows(Import, _WRITING, record_type=record_type, target=target)
