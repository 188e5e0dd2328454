"""Lists of rows by the page, as clients ask for them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select

from shared.data import RowType
from shared.uow import UnitOfWork

R = TypeVar("R", bound=RowType)


async def rows_of_page(
    uow: UnitOfWork,
    kind: type[R],
    table: Table,
    filters: Mapping[str, object],
    *conditions: ColumnElement[bool],
    after_id: UUID | None,
    limit: int,
    newest_first: bool = True,
) -> list[R]:
    """At most one row more than `limit`. `filters` are columns and their values; None is any."""
    columns = table.c
    page = select(*(columns[field.name] for field in fields(kind))).where(
        columns.workspace_id == uow.workspace_id,
        *conditions,
        *(columns[name] == value for name, value in filters.items() if value is not None),
    )
    if after_id is not None:
        page = page.where(columns.id < after_id if newest_first else columns.id > after_id)
    order = columns.id.desc() if newest_first else columns.id
    return await uow.rows(kind, page.order_by(order).limit(limit + 1))
