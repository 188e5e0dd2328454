"""Files of records on their way in. Statements are Core."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from accounts_api.customers.imports.rules import AmountUnits, EmptyCells
from accounts_api.customers.imports.schemas import ImportStatus
from accounts_api.db import Base
from accounts_api.language.spreadsheets.formats import DateOrder, DecimalSign
from shared.columns import AT, NOW, created, versioned, workspace_key
from shared.quiet import Automation
from shared.traits.definitions import EditableBy

_ZERO = text("0")


def _count(name: str, comment: str | None = None) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default=_ZERO, comment=comment)


def _of_import() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["workspace_id", "import_id"], ["accounts.imports.workspace_id", "accounts.imports.id"]
    )


imports = Table(
    "imports",
    Base.metadata,
    workspace_key(),
    Column("id", Uuid, nullable=False),
    Column("record_type", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="waiting"),
    Column("amounts", Text, nullable=False),
    Column("empty_cells", Text, nullable=False),
    Column("delimiter", Text),
    Column("dates", Text, comment="as a person says; null: as the file shows"),
    Column("decimals", Text, comment="as a person says; null: as the file shows"),
    Column("automation", Text, nullable=False, server_default="quiet"),
    Column("allow_implausible", Boolean, nullable=False, server_default=text("false")),
    Column(
        "evidence",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="by column, the cells that show how the file writes days, numbers and ids",
    ),
    Column("upload_id", Uuid, comment="whose chunks are the file; others are left over"),
    Column("columns", JSONB, nullable=False, server_default=text("'[]'")),
    Column(
        "mapping",
        JSONB,
        nullable=False,
        server_default=text("'{}'"),
        comment="target by column; null leaves the column out",
    ),
    Column("size_bytes", BigInteger, nullable=False, server_default=_ZERO),
    _count("rows"),
    _count("processed_rows"),
    _count("next_chunk", "chunks before it are stored: the checkpoint"),
    _count("created"),
    _count("updated"),
    _count("unchanged"),
    _count("rejected"),
    Column(
        "may_edit",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="whose traits the one who started it may edit",
    ),
    Column(
        "is_source",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="started by a service of ours",
    ),
    Column("cause", JSONB, nullable=False, server_default=text("'[]'")),
    _count("attempts"),
    Column("try_at", AT, nullable=False, server_default=NOW),
    Column("failure", Text),
    Column("started_at", AT),
    Column("finished_at", AT),
    Column("file_removed_at", AT),
    *versioned(),
    PrimaryKeyConstraint("workspace_id", "id"),
    CheckConstraint(
        "status in ('waiting', 'ready', 'running', 'finished', 'failed', 'cancelled')",
        name="status",
    ),
    CheckConstraint("amounts in ('minor', 'major')", name="amounts"),
    CheckConstraint("empty_cells in ('leave', 'clear')", name="empty_cells"),
    CheckConstraint("dates in ('day_first', 'month_first')", name="dates"),
    CheckConstraint("decimals in ('point', 'comma')", name="decimals"),
    CheckConstraint("automation in ('run', 'quiet')", name="automation"),
    Index("ix_imports_running", "try_at", postgresql_where=text("status = 'running'")),
    Index(
        "ix_imports_file",
        "updated_at",
        postgresql_where=text("file_removed_at is null and status <> 'running'"),
    ),
)
import_chunks = Table(
    "import_chunks",
    Base.metadata,
    workspace_key(),
    Column("import_id", Uuid, nullable=False),
    Column("upload_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column(
        "rows", JSONB, nullable=False, comment="pairs of the row's number in the file and its cells"
    ),
    created(),
    PrimaryKeyConstraint("workspace_id", "import_id", "upload_id", "number"),
    _of_import(),
)
import_rows = Table(
    "import_rows",
    Base.metadata,
    workspace_key(),
    Column("import_id", Uuid, nullable=False),
    Column("row", Integer, nullable=False),
    Column("chunk", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("record_id", Uuid),
    Column("external_id", Text),
    Column("errors", JSONB(none_as_null=True)),
    PrimaryKeyConstraint("workspace_id", "import_id", "row"),
    _of_import(),
    CheckConstraint("status in ('created', 'updated', 'rejected')", name="status"),
    Index("ix_import_rows_of_status", "workspace_id", "import_id", "status", "row"),
)


@dataclass(frozen=True, slots=True)
class Import:
    workspace_id: UUID
    id: UUID
    record_type: str
    file_name: str
    status: ImportStatus
    amounts: AmountUnits
    empty_cells: EmptyCells
    delimiter: str | None
    dates: DateOrder | None
    decimals: DecimalSign | None
    automation: Automation
    allow_implausible: bool
    evidence: Any
    """What was seen of each column; of another release perhaps in another form, so it is `Any`."""
    upload_id: UUID | None
    columns: list[str]
    mapping: Any
    """Columns to targets; of another release perhaps in another form, too."""
    size_bytes: int
    rows: int
    processed_rows: int
    next_chunk: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    may_edit: list[EditableBy]
    is_source: bool
    cause: list[dict[str, Any]]
    attempts: int
    try_at: datetime
    failure: str | None
    started_at: datetime | None
    finished_at: datetime | None
    file_removed_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class FoundImport:
    workspace_id: UUID
    id: UUID


__all__ = ["FoundImport", "Import", "import_chunks", "import_rows", "imports"]
