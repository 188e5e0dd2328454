"""What the accounts service tells of how its customers are doing."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from shared.events.base import Event

HealthRecordType = TypeAliasType(
    "HealthRecordType",
    Annotated[
        Literal["account", "contact", "organization"],
        Field(description="The type of the records that a health score is of."),
    ],
)


class HealthDefinitionsChanged(Event):
    """The list of definitions of a health score became another one. Records follow in batches."""

    name: ClassVar[str] = "accounts.health_definitions_changed.v1"
    public_name: ClassVar[str | None] = "health.definitions_changed"

    score_id: UUID = Field(description="The id of the health score.")
    key: str = Field(description="The key of the health score.")
    title: str = Field(description="The title of the health score.")
    record_type: HealthRecordType
    version: int = Field(description="The version of the list.")
    definitions: list[str] = Field(description="Keys of the definitions, in their order.")
    labels: list[str] = Field(description="Keys of all labels that records can have by it.")


class HealthMeasureMoved(BaseModel):
    """A measure whose points became others."""

    key: str = Field(description="The key of the measure.")
    points_before: int | None = Field(
        description="Its points before, in hundredths: 0 to 10,000. Null: it was left out."
    )
    points_after: int | None = Field(
        description="Its points now, in hundredths: 0 to 10,000. Null: it is left out."
    )


class _HealthChanged(Event):
    """What events of one record's health have in common."""

    score_id: UUID = Field(description="The id of the health score.")
    score_key: str = Field(description="The key of the health score.")
    record_type: HealthRecordType
    record_id: UUID = Field(description="The id of the record.")
    score_before: int | None = Field(description="From 0 to 100; null: there was none.")
    score: int | None = Field(description="From 0 to 100; null: there is none.")
    label_before: str | None = Field(description="The key of the label; null: there was none.")
    label: str | None = Field(description="The key of the label; null: there is none.")
    definitions_version: int = Field(description="The version of the list that decided.")
    definitions_version_before: int | None = Field(
        description="The one that decided before: another one says that the definition changed, and"
        " not only the customer. Null: there was no score."
    )
    overridden: bool = Field(description="Whether a person's word holds over what was computed.")
    arr: int | None = Field(
        description="The annual recurring revenue of an account at that moment, in minor units."
    )
    currency: str | None = Field(description="The ISO 4217 code of the currency of `arr`.")
    because: list[HealthMeasureMoved] = Field(
        description="The two measures that moved the score most; of another definition, none."
    )
    effective_at: datetime = Field(description="Since when it is so, by the workspace's clock.")


class HealthLabelChanged(_HealthChanged):
    """A record has another label of a health score. A score's first evaluation of every record
    tells none.
    """

    name: ClassVar[str] = "accounts.health_label_changed.v1"
    public_name: ClassVar[str | None] = "health.label_changed"


class HealthScoreChanged(_HealthChanged):
    """A record's health score moved by at least `publish_delta` points since this was last told,
    which `score_before` was.
    """

    name: ClassVar[str] = "accounts.health_score_changed.v1"
    public_name: ClassVar[str | None] = "health.score_changed"


HealthOverrideEnding = TypeAliasType(
    "HealthOverrideEnding",
    Annotated[
        Literal["person", "expired", "deleted", "archived"],
        Field(
            description="What ended an override: a person, its own end, that the record left, or"
            " that the score was archived."
        ),
    ],
)


class HealthOverridden(Event):
    """A person said what a record's health is, until it expires. What follows for score and label
    is told apart.
    """

    name: ClassVar[str] = "accounts.health_overridden.v1"
    public_name: ClassVar[str | None] = "health.overridden"

    override_id: UUID = Field(description="The id of the override.")
    score_id: UUID = Field(description="The id of the health score.")
    score_key: str = Field(description="The key of the health score.")
    record_type: HealthRecordType
    record_id: UUID = Field(description="The id of the record.")
    label: str | None = Field(description="The key of the label that was said; null: a score was.")
    score: int | None = Field(description="The score that was said; null: a label was.")
    reason: str = Field(description="Why, for people.")
    effective_at: datetime = Field(description="Since when it holds, by the workspace's clock.")
    expires_at: datetime = Field(description="When the computed score holds again.")


class HealthOverrideEnded(Event):
    """An override of a record's health holds no more: the computed score does."""

    name: ClassVar[str] = "accounts.health_override_ended.v1"
    public_name: ClassVar[str | None] = "health.override_ended"

    override_id: UUID = Field(description="The id of the override.")
    score_id: UUID = Field(description="The id of the health score.")
    score_key: str = Field(description="The key of the health score.")
    record_type: HealthRecordType
    record_id: UUID = Field(description="The id of the record.")
    ended_by: HealthOverrideEnding
    effective_at: datetime = Field(description="When it ended, by the workspace's clock.")
