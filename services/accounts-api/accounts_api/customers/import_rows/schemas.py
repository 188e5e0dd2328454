from typing import Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from shared.schemas import Out

RowStatus = Literal["created", "updated", "rejected"]


class CellFaultOut(Out):
    column: str | None
    code: str
    message: str


class PreviewRow(Out):
    row: int = Field(description="As spreadsheets count: the header is 1.")
    status: Literal["created", "updated", "unchanged", "rejected"]
    record_id: UUID | None
    values: dict[str, Any] = Field(description="What would be written.")
    errors: list[CellFaultOut]


class DuplicateRows(Out):
    id: str = Field(description="The `external_id`, or `id`, that they have in common.")
    rows: list[int] = Field(description="The first twenty of them, as spreadsheets count.")


class ImportDuplicates(Out):
    records: int = Field(description="That several rows are about, in the whole file.")
    rows: int = Field(description="That are about one of those.")
    samples: list[DuplicateRows]


class ColumnFaults(Out):
    column: str | None
    code: str
    message: str = Field(description="Of the first row that has it.")
    row: int = Field(description="The first one.")
    rows: int = Field(description="How many have it.")


class ImportPreview(Out):
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

    rows: int
    checked_rows: int = Field(description="The first rows, of which the counts are.")
    created: int
    updated: int
    unchanged: int
    rejected: int
    faults: list[ColumnFaults]
    duplicates: ImportDuplicates = Field(
        description="Rows of one record are written in their order; if one of them is rejected, all"
        " are."
    )
    samples: list[PreviewRow]


class ImportRowOut(Out):
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

    row: int = Field(description="As spreadsheets count: the header is 1.")
    status: RowStatus
    record_id: UUID | None
    external_id: str | None
    errors: list[CellFaultOut]
    cells: list[str] | None
