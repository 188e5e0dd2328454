"""The rejected rows of an import as a file that can be mended and imported again."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from accounts_api.customers.import_rows import queries
from accounts_api.customers.import_rows.queries import ImportRow
from accounts_api.customers.imports.models import Import
from accounts_api.language.spreadsheets.csv_cells import lines
from shared.auth import Caller
from shared.uow import UnitsOfWork

_BATCH: Final = 500


async def stream(units: UnitsOfWork, caller: Caller, job: Import) -> AsyncIterator[bytes]:
    yield lines([[*job.columns, "import_row", "import_errors"]])
    after = 0
    while True:
        async with units.begin(caller.workspace_id, caller.cause, read_only=True) as uow:
            rows = await queries.rows_page(
                uow, job.id, job.upload_id, status="rejected", after=after, limit=_BATCH
            )
        yield lines(_cells(job.columns, row) for row in rows)
        if len(rows) < _BATCH:
            return
        after = rows[-1].row


def _cells(columns: Sequence[str], row: ImportRow) -> list[Any]:
    """A row with too few or too many cells keeps its reasons where the others have them."""
    width = len(columns)
    cells = [*(row.cells or ()), *[""] * width][:width]
    why = "; ".join(
        f"{error['column']}: {error['message']}" if error["column"] else error["message"]
        for error in row.errors or ()
    )
    return [*cells, row.row, why]
