"""A rule as it is written, and what it shows of its evaluation: faults, and how far a backfill has
come.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from shared.schemas import Out

DateField = Annotated[str, Field(max_length=200)]
WrittenRule = dict[str, Any] | Annotated[str, Field(max_length=50_000)]
"""As JSON or as text."""
RuleJson = Annotated[dict[str, Any], Field(description="The rule as JSON.")]
RuleText = Annotated[str, Field(description="The rule as text, which means the same.")]
ExplanationJson = Annotated[
    dict[str, Any],
    Field(
        description="The rule, node by node: the text of each, its verdict, and the value that the"
        " record has there."
    ),
]


JobState = TypeAliasType(
    "JobState",
    Annotated[Literal["running", "done"], Field(description="Whether work in batches still runs.")],
)


class RuleFault(Out):
    """A reason why a rule cannot be used."""

    code: str = Field(description="The kind of fault, which is stable, such as `unknown_field`.")
    message: str = Field(description="What is wrong and what to do, for people.")
    pointer: str | None = Field(
        default=None,
        description="A JSON pointer (RFC 6901) to the faulty part; null where `column` says it.",
    )
    column: int | None = Field(
        default=None,
        description="The character of the rule's text at which the fault begins, from 1; null of a"
        " rule in JSON.",
    )
    suggestion: str | None = Field(
        default=None, description="What was probably meant; null when nothing is near."
    )


class EvaluationProgress(Out):
    """How far the latest evaluation of every record has come. `corrected` counts what it changed:
    memberships, statuses, values.
    """

    state: JobState = Field(description="Whether the evaluation still runs.")
    processed: int = Field(description="How many records have been evaluated.")
    total: int | None = Field(
        description="How many records there are; null until the first batch has been evaluated."
    )
    started_at: datetime = Field(description="When the evaluation was begun.")
    finished_at: datetime | None = Field(
        description="When the evaluation was through; null while it runs."
    )
    corrected: int = Field(description="How many memberships, statuses or values it changed.")
    drift: int | None = Field(
        description="For how many records the stored result was wrong, which should be 0. Null"
        " unless the evaluation repeats an earlier one, as the nightly recheck does."
    )


PROGRESS_EXAMPLE: dict[str, Any] = {
    "state": "done",
    "processed": 400,
    "total": 400,
    "started_at": "2026-03-02T09:00:00Z",
    "finished_at": "2026-03-02T09:00:01Z",
    "corrected": 12,
    "drift": None,
}
