from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from accounts_api.customers.imports.rules import Amounts, EmptyCells
from accounts_api.language.spreadsheets.csv_file import LONGEST_NAME, MOST_COLUMNS
from accounts_api.language.spreadsheets.formats import DateOrder, DecimalSign
from accounts_api.records.requests.schemas import RecordTypeKey
from shared.schemas import In, Out, Patch, Title

ImportStatus = Literal["waiting", "ready", "running", "finished", "failed", "cancelled"]
Delimiter = Literal["comma", "semicolon", "tab", "pipe"]
FileName = Title
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NAME)]
TargetName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Mapping = Annotated[
    dict[ColumnName, TargetName | None],
    Field(
        max_length=MOST_COLUMNS,
        description="Column to field, `traits.<key>` or `key_roles.<key>`; null leaves it out.",
    ),
]

_AMOUNTS = (
    "How money is written: `minor` units, as everywhere in this API (4800000), or `major` ones, as"
    " people write it (48000.00)."
)
_DATES = (
    "What stands first in dates such as 3/4/2026. Left out or null: as the file shows, see"
    " `detected_formats`. A date that nothing settles is rejected."
)
_DECIMALS = (
    "The decimal sign of its numbers. Left out or null: as the file shows, see `detected_formats`."
    " A number such as 1,250 that nothing settles is rejected."
)
_EMPTY = "What an empty cell says: `leave` the value as it is, or `clear` it."


class ImportIn(In):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "record_type": "account",
                    "file_name": "accounts.csv",
                    "csv": "External ID,Company,ARR\r\ncrm-1001,Acme,4800000\r\n",
                },
                {"record_type": "contact", "file_name": "people.csv", "amounts": "major"},
            ]
        }
    )

    record_type: RecordTypeKey
    file_name: FileName
    csv: str | None = Field(
        default=None,
        max_length=500_000,
        description="The file itself, if it is small. Else send it to `/v1/imports/{id}/file`.",
    )
    delimiter: Delimiter | None = Field(
        default=None,
        description="Left out: the one that a first line such as `sep=;` names, else the one that"
        " stands most often in the header.",
    )
    amounts: Amounts = Field(default="minor", description=_AMOUNTS)
    empty_cells: EmptyCells = Field(default="leave", description=_EMPTY)
    dates: DateOrder | None = Field(default=None, description=_DATES)
    decimals: DecimalSign | None = Field(default=None, description=_DECIMALS)


class ImportPatch(Patch):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mapping": {"Company": "name", "Notes": None}}]}
    )

    mapping: Mapping = Field(default_factory=dict)
    amounts: Amounts = Field(default="minor", description=_AMOUNTS)
    empty_cells: EmptyCells = Field(default="leave", description=_EMPTY)
    dates: DateOrder | None = Field(default=None, description=_DATES)
    decimals: DecimalSign | None = Field(default=None, description=_DECIMALS)


class ImportColumn(Out):
    name: str
    target: str | None


class ImportTarget(Out):
    name: str
    type: str
    title: str


class DetectedDates(Out):
    value: DateOrder
    column: str
    row: int
    cell: str


class DetectedDecimals(Out):
    value: DecimalSign
    column: str
    row: int
    cell: str


class DetectedFormats(Out):
    """What the first 2,000 rows show in columns that are mapped to dates and numbers, and the cell
    that shows it. Null: nothing does, or they contradict each other.
    """

    dates: DetectedDates | None
    decimals: DetectedDecimals | None


_EXAMPLE: dict[str, Any] = {
    "id": "0198c0de-0300-7a3b-8c4d-5e6f708192a3",
    "record_type": "account",
    "file_name": "accounts.csv",
    "status": "ready",
    "columns": [
        {"name": "External ID", "target": "external_id"},
        {"name": "Company", "target": "name"},
        {"name": "ARR", "target": "arr"},
    ],
    "delimiter": "comma",
    "amounts": "minor",
    "empty_cells": "leave",
    "dates": None,
    "decimals": None,
    "detected_formats": {"dates": None, "decimals": None},
    "size_bytes": 52,
    "rows": 1,
    "processed_rows": 0,
    "created": 0,
    "updated": 0,
    "unchanged": 0,
    "rejected": 0,
    "failure": None,
    "started_at": None,
    "finished_at": None,
    "file_removed_at": None,
    "version": 2,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:01Z",
}


class ImportOut(Out):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    record_type: str
    file_name: str
    status: ImportStatus = Field(
        description="`waiting` for its file, `ready` to be mapped and started, `running`, and how"
        " it ended."
    )
    columns: list[ImportColumn] = Field(description="What each column of the file is mapped to.")
    delimiter: Delimiter | None
    amounts: Amounts
    empty_cells: EmptyCells
    dates: DateOrder | None
    decimals: DecimalSign | None
    detected_formats: DetectedFormats
    size_bytes: int
    rows: int = Field(description="Of the file, without its header.")
    processed_rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    failure: str | None
    started_at: datetime | None
    finished_at: datetime | None
    file_removed_at: datetime | None = Field(
        description="The file and what became of its rows are kept for 30 days."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class ImportDetail(ImportOut):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "targets": [
                        {"name": "arr", "type": "amount", "title": "arr"},
                        {"name": "key_roles.csm", "type": "members", "title": "CSM"},
                    ],
                }
            ]
        }
    )

    targets: list[ImportTarget] = Field(description="What a column can be mapped to.")
