from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import Text, bindparam, cast, func, select, text, update

from accounts_api.customers.imports.models import FoundImport, imports
from accounts_api.customers.imports.models import import_chunks as chunks
from shared.data import WORKSPACE, Transaction
from shared.uow import UnitOfWork

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


async def put_off(
    uow: UnitOfWork, import_id: UUID, failure: str | None, seconds: int, *, failed: bool
) -> None:
    """`failed`: it counts as an attempt."""
    await uow.run(
        update(imports)
        .where(imports.c.workspace_id == uow.workspace_id, imports.c.id == import_id)
        .values(
            attempts=imports.c.attempts + int(failed),
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


_NEXT = text(
    "select workspace_id, id from imports"
    " where status = 'running' and try_at <= clock_timestamp()"
    " order by try_at limit 1 for update skip locked"
)


async def next_running(scope: Transaction) -> FoundImport | None:
    """Of any workspace: the one that has waited longest and that nobody works on."""
    return await scope.row(FoundImport, _NEXT)
