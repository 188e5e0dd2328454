from dataclasses import dataclass

from sqlalchemy import Table


@dataclass(frozen=True, slots=True)
class Upserted:
    """A table whose records are upserted."""

    kind: str
    table: Table
    columns: tuple[str, ...]
    """What an update may set."""
