from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import Text, bindparam, cast, delete, func, insert, select, text, update

from accounts_api.customers.imports.models import Import, imports
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


_PATIENCE = text("select set_config('statement_timeout', '60s', true)")
# Cells are read again only where something moves: most files have one row for each record.
_GATHER = text(
    """
    with read as (
        select c.number, each.key as row,
               (select string_agg(btrim(each.value ->> place), chr(0x1f) order by at)
                from unnest(cast(:places as integer[])) with ordinality as told(place, at)) as key
        from import_chunks c cross join lateral jsonb_each(c.rows) each
        where c.workspace_id = :workspace_id and c.import_id = :import_id
          and c.upload_id = :upload_id
    ), placed as (
        select number, row, min(number) over (partition by key) as home
        from read where btrim(key, chr(0x1f)) <> ''
    ), moved as (
        select number, row, home from placed where home <> number
    ), touched as (
        select number from moved union select home from moved
    ), gathered as (
        select coalesce(moved.home, c.number) as number,
               jsonb_object_agg(each.key, each.value) as rows
        from touched join import_chunks c using (number) cross join lateral jsonb_each(c.rows) each
        left join moved on moved.number = c.number and moved.row = each.key
        where c.workspace_id = :workspace_id and c.import_id = :import_id
          and c.upload_id = :upload_id
        group by 1
    )
    update import_chunks c set rows = coalesce(gathered.rows, '{}')
    from touched left join gathered using (number)
    where c.workspace_id = :workspace_id and c.import_id = :import_id and c.upload_id = :upload_id
      and c.number = touched.number
    """
)


async def gather_rows(
    uow: UnitOfWork, import_id: UUID, upload_id: UUID | None, places: Sequence[int]
) -> None:
    """Bring rows that say the same in the columns at `places` into the first chunk that has one of
    them. A file of half a million rows takes seconds: statements of this transaction have a minute.
    """
    await uow.run(_PATIENCE)
    await uow.run(_GATHER, import_id=import_id, upload_id=upload_id, places=list(places))


_DUPLICATES = text(
    """
    with read as (
        select cast(each.key as integer) as row,
               (select string_agg(btrim(each.value ->> place), chr(0x1f) order by at)
                from unnest(cast(:places as integer[])) with ordinality as told(place, at)) as id
        from import_chunks c cross join lateral jsonb_each(c.rows) each
        where c.workspace_id = :workspace_id and c.import_id = :import_id
          and c.upload_id = :upload_id
    ), several as (
        select id, (array_agg(row order by row))[1\\:20] as rows, count(*) as many,
               min(row) as first
        from read where btrim(id, chr(0x1f)) <> '' group by id having count(*) > 1
    )
    select btrim(replace(id, chr(0x1f), ' ')) as id, rows, count(*) over () as records,
           cast(sum(many) over () as bigint) as all_rows
    from several order by first limit :limit
    """
)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """A record that several rows are about, with the numbers of the first twenty, and how many such
    records and rows the file has.
    """

    id: str
    rows: list[int]
    records: int
    all_rows: int


async def duplicate_rows(
    uow: UnitOfWork, import_id: UUID, upload_id: UUID | None, places: Sequence[int], limit: int
) -> list[Duplicates]:
    """Of the first records that several rows are about. As patient as `gather_rows`."""
    file = {"import_id": import_id, "upload_id": upload_id}
    await uow.run(_PATIENCE)
    return await uow.rows(Duplicates, _DUPLICATES, **file, places=list(places), limit=limit)


async def remove_other_chunks(uow: UnitOfWork, import_id: UUID, upload_id: UUID) -> None:
    """Those of former uploads."""
    await uow.run(
        delete(chunks).where(
            chunks.c.workspace_id == uow.workspace_id,
            chunks.c.import_id == import_id,
            chunks.c.upload_id != upload_id,
        )
    )


_CHUNK = select(cast(chunks.c.rows, Text)).where(
    chunks.c.workspace_id == WORKSPACE,
    chunks.c.import_id == bindparam("import_id"),
    chunks.c.upload_id == bindparam("upload_id"),
    chunks.c.number == bindparam("number"),
)


async def chunk_rows(
    uow: UnitOfWork, import_id: UUID, upload_id: UUID | None, number: int
) -> list[tuple[int, list[str]]] | None:
    """Numbers in the file and cells; None behind the last chunk."""
    place = {"import_id": import_id, "upload_id": upload_id, "number": number}
    rows = await uow.value(str, _CHUNK, **place)
    if rows is None:
        return None
    return sorted((int(number), cells) for number, cells in from_json(rows).items())


_ADD_ROWS = text(
    """
    insert into import_rows
        (workspace_id, import_id, row, chunk, status, record_id, external_id, errors)
    select :workspace_id, :import_id, r.row, :chunk, r.status, r.record_id, r.external_id, r.errors
    from jsonb_to_recordset(cast(:rows as jsonb))
           as r(row integer, status text, record_id uuid, external_id text, errors jsonb)
    """
)


async def add_rows(
    uow: UnitOfWork, import_id: UUID, chunk: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """What became of rows: row, status, record_id, external_id, errors."""
    if rows:
        await uow.run(_ADD_ROWS, import_id=import_id, chunk=chunk, rows=to_json(rows).decode())


async def advance(uow: UnitOfWork, import_id: UUID, counts: Mapping[str, int]) -> None:
    """One chunk further: what is counted on top, and the checkpoint behind it."""
    await uow.run(
        update(imports)
        .where(imports.c.workspace_id == uow.workspace_id, imports.c.id == import_id)
        .values(
            **{name: imports.c[name] + by for name, by in counts.items()},
            processed_rows=imports.c.processed_rows + sum(counts.values()),
            next_chunk=imports.c.next_chunk + 1,
            attempts=0,
            failure=None,
            try_at=func.clock_timestamp(),
            updated_at=func.clock_timestamp(),
        )
    )


async def put_off(uow: UnitOfWork, import_id: UUID, failure: str, seconds: int) -> None:
    await uow.run(
        update(imports)
        .where(imports.c.workspace_id == uow.workspace_id, imports.c.id == import_id)
        .values(
            attempts=imports.c.attempts + 1,
            failure=failure,
            try_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
        )
    )


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What became of a row."""

    row: int
    status: str
    record_id: UUID | None
    external_id: str | None
    errors: list[dict[str, Any]] | None
    cells: list[str] | None
    """While the file is kept."""


async def rows_page(
    uow: UnitOfWork,
    import_id: UUID,
    upload_id: UUID | None,
    *,
    status: str | None,
    after: int,
    limit: int,
) -> list[ImportRow]:
    """By their number."""
    page = text(
        f"""
        select r.row, r.status, r.record_id, r.external_id, r.errors,
               c.rows -> r.row::text as cells
        from import_rows r
        left join import_chunks c on c.workspace_id = r.workspace_id
         and c.import_id = r.import_id and c.upload_id = :upload_id and c.number = r.chunk
        where r.workspace_id = :workspace_id and r.import_id = :import_id and r.row > :after
          {"and r.status = :status" if status else ""}
        order by r.row limit :limit
        """
    )
    file = {"import_id": import_id, "upload_id": upload_id}
    of_status = {"status": status} if status else {}
    return await uow.rows(ImportRow, page, **file, **of_status, after=after, limit=limit)


_WAITING_ROWS = select(func.coalesce(func.sum(imports.c.rows - imports.c.processed_rows), 0)).where(
    imports.c.workspace_id == WORKSPACE, imports.c.status == "running"
)


async def waiting_rows(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _WAITING_ROWS)


@dataclass(frozen=True, slots=True)
class FoundImport:
    workspace_id: UUID
    id: UUID


_NEXT = text(
    "select workspace_id, id from imports"
    " where status = 'running' and try_at <= clock_timestamp()"
    " order by try_at limit 1 for update skip locked"
)


async def next_running(scope: Transaction) -> FoundImport | None:
    """Of any workspace: the one that has waited longest and that nobody works on."""
    return await scope.row(FoundImport, _NEXT)


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
