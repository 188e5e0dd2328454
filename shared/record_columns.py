"""Columns that name records of accounts-api, and how they follow when a record becomes another one.

Each service lists all of its own; a test compares the lists with the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class RecordColumn:
    """`type` is the record type, or `type_column` holds it. `kept` says why a column does not
    follow a merge by itself: its feature sees to it, or it says what was so then. `deleted` says
    what a deletion does, in the service that the records are in.
    """

    table: str
    column: str
    type: str | None = None
    type_column: str | None = None
    kept: str | None = None
    deleted: str | None = None

    def names(self, record_type: str) -> str | None:
        """The condition by which a row names the record `:id`; None where none can."""
        if self.type is not None:
            return f"{self.column} = :id" if self.type == record_type else None
        return f"{self.column} = :id and {self.type_column} = :record_type"


async def follow_merge(
    uow: UnitOfWork, columns: Sequence[RecordColumn], record_type: str, loser: UUID, winner: UUID
) -> None:
    """What named the loser names the winner. A repeated call changes nothing."""
    for column in columns:
        condition = column.names(record_type)
        if column.kept is None and condition is not None:
            statement = text(
                f"update {column.table} set {column.column} = :winner"
                f" where workspace_id = :workspace_id and {condition}"
            )
            await uow.run(statement, **_named(column, record_type, loser), winner=winner)


def _named(column: RecordColumn, record_type: str, record_id: UUID) -> dict[str, object]:
    named: dict[str, object] = {"id": record_id}
    return named if column.type is not None else {**named, "record_type": record_type}
