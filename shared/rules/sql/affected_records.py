"""From changed records back to those whose rules see them, along a path of relations."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from shared.rules.sql.rows import Row, record_table
from shared.rules.types.catalog import Catalog


def reach(
    catalog: Catalog, type_name: str, path: Sequence[str], workspace_id: UUID, seen: Sequence[UUID]
) -> Select[Any]:
    """Pairs of (id at the start of `path`, id of the one seen at its end).

    Deleted records on the way count: their going is what may be told here.
    """
    type_ = catalog.types[type_name]
    row = Row(type_, record_table(type_))
    start, source = row, row.table
    for name in path:
        relation = catalog.scope(row.type.name).relations[name]
        target = catalog.types[relation.target]
        other = record_table(target)
        link, joined = row.joined(relation, other)
        if link is not None:
            source = source.join(link, link.c.workspace_id == row.workspace)
        source = source.join(other, (other.c.workspace_id == row.workspace) & joined)
        row = Row(target, other, link)
    wanted = bindparam(None, list(seen), type_=ARRAY(Uuid()))
    return (
        select(start.id, row.id)
        .select_from(source)
        .where(start.workspace == workspace_id, row.workspace == workspace_id)
        .where(row.id == any_(wanted))
    )
