"""Bulk writes: many rows in, one result for each. Every service that has them answers alike."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SkipValidation
from pydantic_core import to_json
from starlette.responses import Response
from typing_extensions import TypeAliasType

from shared.errors import AppError, invalid
from shared.ids import new_id
from shared.quiet import Automation
from shared.schemas import In, Title

MAX_ROWS: Final = 5_000
LARGEST_BODY: Final = 16 * 1024 * 1024
"""Bytes."""

WriteStatus = TypeAliasType(
    "WriteStatus",
    Annotated[
        Literal["created", "updated", "unchanged", "rejected"],
        Field(description="What became of a row or record that was written."),
    ],
)


class QuietBatchIn(In):
    """The batch that a quiet write belongs to."""

    id: UUID = Field(
        default_factory=new_id,
        description="An id of yours, so that several writes make one batch; left out, it is a new"
        " batch.",
    )
    title: Title | None = Field(default=None, description="What people call the batch.")


class RowsIn(In):
    """Each row is checked by itself, so that a bad one does not hold up the others."""

    dry_run: bool = Field(
        default=False, description="Answer as if the rows were written, and store nothing."
    )
    automation: Automation = "run"
    quiet_batch: QuietBatchIn | None = Field(
        default=None, description="Which batch a quiet write belongs to; left out, it is a new one."
    )
    rows: SkipValidation[list[Any]]

    @property
    def quiet(self) -> QuietBatchIn | None:
        """The batch to write under, None to let everything follow. Raises `Invalid`."""
        if self.automation == "quiet":
            return self.quiet_batch or QuietBatchIn()
        if self.quiet_batch is not None:
            message = "Only a quiet write has a batch: say `automation: quiet`, or leave it out."
            raise invalid("/quiet_batch", "contradiction", message)
        return None

    def listed(self) -> list[Any]:
        """The rows. Raises `Invalid` for what is no list of them, or too long a one."""
        rows: Any = self.rows
        if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_ROWS:
            raise invalid("/rows", "rows", f"A list of 1 to {MAX_ROWS} rows.")
        return rows


def rows_field() -> Any:
    return Field(min_length=1, max_length=MAX_ROWS, description="1 to 5,000 rows.")


class RowFault(BaseModel):
    """What is wrong with one part of a row."""

    pointer: str = Field(description="JSON pointer (RFC 6901) into the body.")
    code: str = Field(description="The kind of fault, which is stable, such as `unknown_option`.")
    message: str = Field(description="What is wrong and what to do, for people.")


class RowResult(BaseModel):
    """What became of one row."""

    status: WriteStatus = Field(description="What became of the row.")
    id: UUID | None = Field(
        description="The id of the record; null of a row that was rejected before it was known"
        " which record it is about."
    )
    external_id: str | None = Field(
        description="The `external_id` that the row or its record has; null when there is none."
    )
    version: int | None = Field(
        description="The version of the record after the row; null of a rejected row."
    )
    code: str | None = Field(
        default=None, description="Why the row was rejected; null when it was not."
    )
    message: str | None = Field(
        default=None, description="Why the row was rejected, for people; null when it was not."
    )
    errors: list[RowFault] = Field(default=[], description="Every fault of a rejected row.")


class BulkOut(BaseModel):
    """One result for each row, in the order of the rows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "created": 1,
                    "updated": 0,
                    "unchanged": 0,
                    "rejected": 1,
                    "quiet_batch_id": None,
                    "results": [
                        {
                            "status": "created",
                            "id": "0198c0de-0001-7a3b-8c4d-5e6f708192a3",
                            "external_id": "0015g00000XyZ1AAAV",
                            "version": 1,
                        },
                        {
                            "status": "rejected",
                            "id": None,
                            "external_id": "0015g00000XyZ2BBBW",
                            "version": None,
                            "code": "invalid",
                            "message": "Some values cannot be accepted",
                            "errors": [
                                {
                                    "pointer": "/rows/1/traits/tier",
                                    "code": "unknown_option",
                                    "message": "'platinum' is not an option of tier.",
                                }
                            ],
                        },
                    ],
                }
            ]
        }
    )

    created: int = Field(description="How many rows created a record.")
    updated: int = Field(description="How many rows changed a record.")
    unchanged: int = Field(description="How many rows said what was so already.")
    rejected: int = Field(description="How many rows were not written.")
    quiet_batch_id: UUID | None = Field(
        description="Under which batch they were written quietly, see `GET"
        " /v1/quiet-batches/{id}`; null: everything follows as always."
    )
    results: list[RowResult] = Field(
        description="One result for each row, in the order of the rows."
    )


class RowOutcome(Protocol):
    """What a service knows of a row that it has taken or refused."""

    @property
    def status(self) -> WriteStatus: ...
    @property
    def id(self) -> str | None: ...
    @property
    def external_id(self) -> str | None: ...
    @property
    def version(self) -> int | None: ...
    @property
    def error(self) -> AppError | None: ...


def bulk_response(outcomes: Sequence[RowOutcome], quiet_batch_id: UUID | None) -> Response:
    counts = Counter(outcome.status for outcome in outcomes)
    statuses: tuple[WriteStatus, ...] = ("created", "updated", "unchanged", "rejected")
    answer: dict[str, Any] = {
        **{status: counts[status] for status in statuses},
        "quiet_batch_id": quiet_batch_id,
        "results": [_result(outcome) for outcome in outcomes],
    }
    return Response(to_json(answer), media_type="application/json")


def _result(outcome: RowOutcome) -> dict[str, Any]:
    result = {
        "status": outcome.status,
        "id": outcome.id,
        "external_id": outcome.external_id,
        "version": outcome.version,
    }
    if outcome.error is None:
        return result
    error = outcome.error
    return {
        **result,
        "code": error.code,
        "message": error.detail or error.title,
        "errors": [fault.as_json() for fault in error.faults],
    }
