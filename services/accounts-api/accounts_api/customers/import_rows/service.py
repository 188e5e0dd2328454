"""What became of the rows of an import."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from accounts_api.customers.import_rows import queries
from accounts_api.customers.import_rows.errors import FileGone
from accounts_api.customers.imports.models import Import
from accounts_api.customers.imports.service import KEPT_DAYS, get_import
from shared.paging import CursorSigner, page_of
from shared.uow import UnitOfWork


async def list_rows(
    uow: UnitOfWork,
    cursors: CursorSigner,
    import_id: UUID,
    status: str | None,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    job = await get_import(uow, import_id)
    shape = ("import rows", str(import_id), status)
    after = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else 0
    rows = await queries.rows_page(
        uow, import_id, job.upload_id, status=status, after=after, limit=limit + 1
    )
    page = page_of(rows, limit, cursors, uow.workspace_id, shape, ("row",))
    data = [{**asdict(row), "errors": row.errors or []} for row in page["data"]]
    return {**page, "data": data}


def kept(job: Import) -> None:
    """Raises `FileGone`."""
    if job.file_removed_at is not None:
        raise FileGone(f"What became of rows is kept for {KEPT_DAYS} days.")
