from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from typing_extensions import TypeAliasType

from shared.bulk import WriteStatus
from shared.schemas import Out

ImportRowStatus = TypeAliasType(
    "ImportRowStatus",
    Annotated[
        Literal["created", "updated", "rejected"],
        Field(description="What became of a row that changed something or was rejected."),
    ],
)


class CellFaultOut(Out):
    """What is wrong with a cell, or with its row."""

    column: str | None = Field(
        description="The column of the cell; null when the whole row is at fault."
    )
    code: str = Field(description="The kind of fault, which is stable, such as `not_an_amount`.")
    message: str = Field(description="What is wrong and what to write instead, for people.")


class ImportPreviewRow(Out):
    """What would become of one row."""

    row: int = Field(description="The number of the row, as spreadsheets count: the header is 1.")
    status: WriteStatus = Field(description="What would become of the row.")
    record_id: UUID | None = Field(
        description="The id of the record that the row is about; null of one that would be created."
    )
    values: dict[str, Any] = Field(description="What would be written.")
    errors: list[CellFaultOut] = Field(description="Everything that is wrong with the row.")


class DuplicateRows(Out):
    """Several rows that are about the same record."""

    id: str = Field(description="The `external_id`, or `id`, that they have in common.")
    rows: list[int] = Field(description="The first twenty of them, as spreadsheets count.")


class ImportDuplicates(Out):
    """How often several rows of the file are about the same record."""

    records: int = Field(description="How many records several rows are about, in the whole file.")
    rows: int = Field(description="How many rows are about one of those records.")
    samples: list[DuplicateRows] = Field(description="Some of those records, each with its rows.")


class ColumnFaults(Out):
    """A kind of fault in a column, over all rows that were checked."""

    column: str | None = Field(
        description="The column that has the fault; null when whole rows are at fault."
    )
    code: str = Field(description="The kind of fault, which is stable.")
    message: str = Field(description="What is wrong with the first row that has it, for people.")
    row: int = Field(description="The number of the first row that has it.")
    rows: int = Field(description="How many rows have it.")


class ImportPreviewSegment(Out):
    """How many records would come into a segment."""

    segment_id: UUID = Field(description="The id of the segment.")
    title: str = Field(description="What the segment is called.")
    records: int = Field(description="How many records of the checked rows would come into it.")


class ImportPreview(Out):
    """What an import would do, if it were started now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rows": 1,
                    "checked_rows": 1,
                    "created": 1,
                    "updated": 0,
                    "unchanged": 0,
                    "rejected": 0,
                    "faults": [],
                    "duplicates": {"records": 0, "rows": 0, "samples": []},
                    "segments": [
                        {
                            "segment_id": "0198c0de-0e00-7a3b-8c4d-5e6f708192a3",
                            "title": "Large customers",
                            "records": 1,
                        }
                    ],
                    "samples": [
                        {
                            "row": 2,
                            "status": "created",
                            "record_id": None,
                            "values": {
                                "external_id": "crm-1001",
                                "name": "Acme",
                                "arr": 4_800_000,
                            },
                            "errors": [],
                        }
                    ],
                }
            ]
        }
    )

    rows: int = Field(description="How many rows the file has, without its header.")
    checked_rows: int = Field(
        description="How many rows were checked, from the first; the counts are of these."
    )
    created: int = Field(description="How many rows would create a record.")
    updated: int = Field(description="How many rows would change a record.")
    unchanged: int = Field(description="How many rows say what is so already.")
    rejected: int = Field(description="How many rows could not be written.")
    faults: list[ColumnFaults] = Field(
        description="What is wrong with them, by column and kind of fault, the most frequent first."
    )
    duplicates: ImportDuplicates = Field(
        description="Rows of one record are written in their order; if one of them is rejected, all"
        " are."
    )
    segments: list[ImportPreviewSegment] = Field(
        description="Segments that records of the checked rows would come into, the fullest first."
        " What begins with a segment, such as a sequence, begins only with `automation` `run`; see"
        " `GET /v1/segments/{id}/usages`."
    )
    samples: list[ImportPreviewRow] = Field(description="What would become of the first 20 rows.")


class ImportRowOut(Out):
    """What became of one row of an import."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "row": 17,
                    "status": "rejected",
                    "record_id": None,
                    "external_id": "crm-1017",
                    "errors": [
                        {
                            "column": "ARR",
                            "code": "not_an_amount",
                            "message": "Minor units as an integer, such as 1250000.",
                        }
                    ],
                    "cells": ["crm-1017", "Initech", "a lot"],
                }
            ]
        }
    )

    row: int = Field(description="The number of the row, as spreadsheets count: the header is 1.")
    status: ImportRowStatus = Field(description="What became of the row.")
    record_id: UUID | None = Field(
        description="The id of the record that the row is about; null when that is not known."
    )
    external_id: str | None
    errors: list[CellFaultOut] = Field(description="Everything that is wrong with a rejected row.")
    cells: list[str] | None = Field(
        description="The row as it stands in the file; null once the file was removed."
    )
