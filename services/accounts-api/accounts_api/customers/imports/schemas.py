from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from typing_extensions import TypeAliasType

from accounts_api.customers.import_destinations.rules import ImportTargetType
from accounts_api.customers.imports.rules import AmountUnits, EmptyCells
from accounts_api.language.spreadsheets.csv_file import LONGEST_NAME, MOST_COLUMNS
from accounts_api.language.spreadsheets.formats import DateOrder, DecimalSign
from accounts_api.records.requests.schemas import RecordTypeKey
from shared.quiet import Automation
from shared.schemas import In, Out, Patch, Title

ImportStatus = TypeAliasType(
    "ImportStatus",
    Annotated[
        Literal["waiting", "ready", "running", "finished", "failed", "cancelled"],
        Field(
            description="How far an import is: `waiting` for its file, `ready` to be mapped and"
            " started, `running`, or how it ended."
        ),
    ],
)
CsvDelimiter = TypeAliasType(
    "CsvDelimiter",
    Annotated[
        Literal["comma", "semicolon", "tab", "pipe"],
        Field(description="What separates the cells of a file."),
    ],
)
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
_AUTOMATION = (
    "What follows from its rows. `quiet`: nothing begins, and `GET /v1/quiet-batches/{id}`, with"
    " the id of the import, shows what would have. `run`: sequences, tasks, notifications and"
    " webhooks follow as always."
)
_IMPLAUSIBLE = (
    "True lets rows say what cannot be so, such as a contract that ends before it starts; else they"
    " are rejected."
)
_EMPTY = "What an empty cell says: `leave` the value as it is, or `clear` it."


class ImportIn(In):
    """A file that is to become records, and how to read it."""

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

    record_type: RecordTypeKey = Field(
        description="What the rows are: `organization`, `account`, `contact`, `opportunity`, the"
        " key of an object type, `member`, `key_role_holding`, `note` or `task`."
    )
    file_name: FileName = Field(
        description="What the file is called where it comes from; it names the import."
    )
    csv: str | None = Field(
        default=None,
        max_length=500_000,
        description="The file itself, if it is small. Else send it to `/v1/imports/{id}/file`.",
    )
    delimiter: CsvDelimiter | None = Field(
        default=None,
        description="Left out: the one that a first line such as `sep=;` names, else the one that"
        " stands most often in the header.",
    )
    amounts: AmountUnits = Field(default="minor", description=_AMOUNTS)
    empty_cells: EmptyCells = Field(default="leave", description=_EMPTY)
    dates: DateOrder | None = Field(default=None, description=_DATES)
    decimals: DecimalSign | None = Field(default=None, description=_DECIMALS)
    automation: Automation = Field(default="quiet", description=_AUTOMATION)
    allow_implausible: bool = Field(default=False, description=_IMPLAUSIBLE)


class ImportPatch(Patch):
    """How the file is to be read; what is left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"mapping": {"Company": "name", "Notes": None}}]}
    )

    mapping: Mapping = Field(default_factory=dict)
    amounts: AmountUnits = Field(default="minor", description=_AMOUNTS)
    empty_cells: EmptyCells = Field(default="leave", description=_EMPTY)
    dates: DateOrder | None = Field(default=None, description=_DATES)
    decimals: DecimalSign | None = Field(default=None, description=_DECIMALS)
    automation: Automation = Field(default="quiet", description=_AUTOMATION)
    allow_implausible: bool = Field(default=False, description=_IMPLAUSIBLE)


class ImportColumn(Out):
    """A column of the file, and what it is mapped to."""

    name: str = Field(description="What the header of the file calls the column.")
    target: str | None = Field(
        description="The field that the column is mapped to; null when it is left out."
    )


class ImportTarget(Out):
    """Something that a column can be mapped to."""

    name: str = Field(description="The field, `traits.<key>` or `key_roles.<key>`.")
    type: ImportTargetType = Field(description="How the cells of such a column are read.")
    title: str = Field(description="What people call the field.")


class DetectedDates(Out):
    """The order of dates that the file shows, and the cell that shows it."""

    value: DateOrder = Field(description="What stands first in its dates.")
    column: str = Field(description="The column of the cell that shows it.")
    row: int = Field(description="The row of that cell, as spreadsheets count: the header is 1.")
    cell: str = Field(description="What stands in that cell.")


class DetectedDecimals(Out):
    """The decimal sign that the file shows, and the cell that shows it."""

    value: DecimalSign = Field(description="The decimal sign of its numbers.")
    column: str = Field(description="The column of the cell that shows it.")
    row: int = Field(description="The row of that cell, as spreadsheets count: the header is 1.")
    cell: str = Field(description="What stands in that cell.")


class DetectedFormats(Out):
    """What the first 2,000 rows show in columns that are mapped to dates and numbers, and the cell
    that shows it. Null: nothing does, or they contradict each other.
    """

    dates: DetectedDates | None = Field(
        description="What the columns that are mapped to dates show; null when nothing does."
    )
    decimals: DetectedDecimals | None = Field(
        description="What the columns that are mapped to numbers show; null when nothing does."
    )


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
    "automation": "quiet",
    "allow_implausible": False,
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
    """An import: a file of rows on its way to records."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: UUID
    record_type: str = Field(description="What the rows become, such as `account` or `member`.")
    file_name: str = Field(description="What the file is called where it comes from.")
    status: ImportStatus = Field(
        description="How far the import is: `waiting` for its file, `ready` to be mapped and"
        " started, `running`, and how it ended."
    )
    columns: list[ImportColumn] = Field(description="What each column of the file is mapped to.")
    delimiter: CsvDelimiter | None = Field(
        description="What separates the cells of the file; null before there is one."
    )
    amounts: AmountUnits = Field(description="How money is written in the file.")
    empty_cells: EmptyCells = Field(description="What an empty cell says.")
    dates: DateOrder | None = Field(
        description="What stands first in its dates; null follows `detected_formats`."
    )
    decimals: DecimalSign | None = Field(
        description="The decimal sign of its numbers; null follows `detected_formats`."
    )
    automation: Automation = Field(description="What follows from its rows.")
    allow_implausible: bool = Field(
        description="Whether rows may say what cannot be so, such as a contract that ends before it"
        " starts."
    )
    detected_formats: DetectedFormats
    size_bytes: int = Field(description="The size of the file in bytes.")
    rows: int = Field(description="How many rows the file has, without its header.")
    processed_rows: int = Field(description="How many rows have been dealt with.")
    created: int = Field(description="How many rows created a record.")
    updated: int = Field(description="How many rows changed a record.")
    unchanged: int = Field(description="How many rows said what was so already.")
    rejected: int = Field(description="How many rows could not be written.")
    failure: str | None = Field(
        description="Why the import failed, or what it is trying again after; null when nothing"
        " went wrong."
    )
    started_at: datetime | None = Field(description="When the import was started; null before.")
    finished_at: datetime | None = Field(description="When the import ended; null before.")
    file_removed_at: datetime | None = Field(
        description="When the file and what became of its rows were removed, which is after 30"
        " days; null while they are kept."
    )
    version: int
    created_at: datetime
    updated_at: datetime


class ImportDetail(ImportOut):
    """An import, and what its columns can be mapped to."""

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

    targets: list[ImportTarget] = Field(description="What a column can be mapped to, by name.")
