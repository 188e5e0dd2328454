from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from sqlalchemy import Text, cast, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from accounts_api.customers.imports.models import import_chunks as chunks
from accounts_api.customers.imports.models import import_rows as results
from accounts_api.customers.imports.models import imports


async def add_import(session: AsyncSession, workspace_id: UUID, fields: Mapping[str, Any]) -> Any:
    made = insert(imports).values(workspace_id=workspace_id, **fields).returning(imports)
    return (await session.execute(made)).one()


async def import_by_id(
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    *,
    lock: bool = False,
    skip_locked: bool = False,
) -> Any:
    found = select(imports).where(imports.c.workspace_id == workspace_id, imports.c.id == import_id)
    if lock:
        found = found.with_for_update(skip_locked=skip_locked)
    return (await session.execute(found)).one_or_none()


async def imports_page(
    session: AsyncSession, workspace_id: UUID, before: UUID | None, limit: int
) -> Sequence[Any]:
    """Newest first."""
    page = select(imports).where(imports.c.workspace_id == workspace_id)
    if before is not None:
        page = page.where(imports.c.id < before)
    return (await session.execute(page.order_by(imports.c.id.desc()).limit(limit))).all()


async def change_import(
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    fields: Mapping[str, Any],
    *,
    edited: bool = True,
) -> Any:
    """`edited`: by a person, and so another version."""
    changed = (
        update(imports)
        .where(imports.c.workspace_id == workspace_id, imports.c.id == import_id)
        .values(
            **fields,
            version=imports.c.version + int(edited),
            updated_at=func.clock_timestamp(),
        )
        .returning(imports)
    )
    return (await session.execute(changed)).one()


async def add_chunk(
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    upload_id: UUID,
    number: int,
    rows: Mapping[int, Sequence[str]],
) -> None:
    await session.execute(
        text(
            "insert into import_chunks (workspace_id, import_id, upload_id, number, rows)"
            " values (:workspace_id, :import_id, :upload_id, :number, cast(:rows as jsonb))"
        ),
        {
            "workspace_id": workspace_id,
            "import_id": import_id,
            "upload_id": upload_id,
            "number": number,
            "rows": to_json(rows).decode(),
        },
    )


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
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    upload_id: UUID,
    places: Sequence[int],
) -> None:
    """Bring rows that say the same in the columns at `places` into the first chunk that has one of
    them. A file of half a million rows takes seconds: statements of this transaction have a minute.
    """
    values = {"import_id": import_id, "upload_id": upload_id, "places": list(places)}
    await session.execute(_PATIENCE)
    await session.execute(_GATHER, {"workspace_id": workspace_id, **values})


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


async def duplicate_rows(
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    upload_id: UUID,
    places: Sequence[int],
    limit: int,
) -> Sequence[Any]:
    """Of the first records that several rows are about: id, numbers of the first twenty rows, and
    how many such records and rows the file has. As patient as `gather_rows`.
    """
    values = {"import_id": import_id, "upload_id": upload_id, "places": list(places)}
    await session.execute(_PATIENCE)
    found = await session.execute(
        _DUPLICATES, {"workspace_id": workspace_id, "limit": limit, **values}
    )
    return found.all()


async def remove_chunks(
    session: AsyncSession, workspace_id: UUID, import_id: UUID, *, all_but: UUID | None
) -> None:
    gone = delete(chunks).where(
        chunks.c.workspace_id == workspace_id, chunks.c.import_id == import_id
    )
    await session.execute(gone if all_but is None else gone.where(chunks.c.upload_id != all_but))


async def chunk_rows(
    session: AsyncSession, workspace_id: UUID, import_id: UUID, upload_id: UUID, number: int
) -> list[tuple[int, list[str]]] | None:
    """Numbers in the file and cells; None behind the last chunk."""
    found = await session.scalar(
        select(cast(chunks.c.rows, Text)).where(
            chunks.c.workspace_id == workspace_id,
            chunks.c.import_id == import_id,
            chunks.c.upload_id == upload_id,
            chunks.c.number == number,
        )
    )
    if found is None:
        return None
    return sorted((int(number), cells) for number, cells in from_json(found).items())


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
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    chunk: int,
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """What became of rows: row, status, record_id, external_id, errors."""
    if rows:
        given = {"workspace_id": workspace_id, "import_id": import_id, "chunk": chunk}
        await session.execute(_ADD_ROWS, {**given, "rows": to_json(rows).decode()})


async def advance(
    session: AsyncSession, workspace_id: UUID, import_id: UUID, counts: Mapping[str, int]
) -> None:
    """One chunk further: what is counted on top, and the checkpoint behind it."""
    await session.execute(
        update(imports)
        .where(imports.c.workspace_id == workspace_id, imports.c.id == import_id)
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
    session: AsyncSession, workspace_id: UUID, import_id: UUID, failure: str, seconds: int
) -> None:
    await session.execute(
        update(imports)
        .where(imports.c.workspace_id == workspace_id, imports.c.id == import_id)
        .values(
            attempts=imports.c.attempts + 1,
            failure=failure,
            try_at=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds),
        )
    )


async def rows_page(
    session: AsyncSession,
    workspace_id: UUID,
    import_id: UUID,
    upload_id: UUID | None,
    *,
    status: str | None,
    after: int,
    limit: int,
) -> Sequence[Any]:
    """What became of rows, by their number; with their cells while the file is kept."""
    found = await session.execute(
        text(
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
        ),
        {
            "workspace_id": workspace_id,
            "import_id": import_id,
            "upload_id": upload_id,
            "after": after,
            "limit": limit,
            **({"status": status} if status else {}),
        },
    )
    return found.all()


_MEMBERS = text(
    "select email_key, id::text as id from members"
    " where workspace_id = :workspace_id and active and email_key = any(:email_keys)"
)


async def members_by_email(
    session: AsyncSession, workspace_id: UUID, email_keys: Collection[str]
) -> dict[str, str]:
    """Ids by the key of the address."""
    if not email_keys:
        return {}
    given = {"workspace_id": workspace_id, "email_keys": list(email_keys)}
    return {row.email_key: row.id for row in await session.execute(_MEMBERS, given)}


_KEY_ROLES = text(
    "select key, title from key_role_definitions"
    " where workspace_id = :workspace_id and deleted_at is null order by key"
)


async def key_role_titles(session: AsyncSession, workspace_id: UUID) -> dict[str, str]:
    found = await session.execute(_KEY_ROLES, {"workspace_id": workspace_id})
    return {row.key: row.title for row in found}


async def waiting_rows(session: AsyncSession, workspace_id: UUID) -> int:
    left = select(func.sum(imports.c.rows - imports.c.processed_rows)).where(
        imports.c.workspace_id == workspace_id, imports.c.status == "running"
    )
    return int(await session.scalar(left) or 0)


_NEXT = text(
    "select workspace_id, id from imports"
    " where status = 'running' and try_at <= clock_timestamp()"
    " order by try_at limit 1 for update skip locked"
)


async def next_running(session: AsyncSession) -> Any:
    """Of any workspace: the one that has waited longest and that nobody works on."""
    return (await session.execute(_NEXT)).one_or_none()


_OLD = text(
    """
    select workspace_id, id from imports
    where file_removed_at is null and status <> 'running'
      and updated_at < clock_timestamp() - make_interval(days => :days)
    order by updated_at limit 1 for update skip locked
    """
)


async def old_import(session: AsyncSession, days: int) -> Any:
    """Of any workspace: one whose file has been kept long enough."""
    return (await session.execute(_OLD, {"days": days})).one_or_none()


async def remove_rows(session: AsyncSession, workspace_id: UUID, import_id: UUID) -> None:
    await session.execute(
        delete(results).where(
            results.c.workspace_id == workspace_id, results.c.import_id == import_id
        )
    )


async def note_removal(session: AsyncSession, workspace_id: UUID, import_id: UUID) -> None:
    await session.execute(
        update(imports)
        .where(imports.c.workspace_id == workspace_id, imports.c.id == import_id)
        .values(file_removed_at=func.clock_timestamp())
    )


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


async def remove_left_over(session: AsyncSession, limit: int) -> int:
    """Of any workspace: chunks of uploads that broke off."""
    gone = await session.execute(_LEFT_OVER, {"limit": limit})
    return int(gone.rowcount)  # type: ignore[attr-defined]
