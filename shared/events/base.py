"""The envelope that every event travels in, and the cause that every change remembers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypeAliasType

_Acting = Literal[
    "member", "api_key", "service", "rule", "segment", "formula", "health", "indicator", "sequence",
    "metric", "step", "enrollment", "sync_run", "connection", "event", "webhook", "import",
    "quiet_batch", "record", "note", "system",
]  # fmt: skip
CauseType = TypeAliasType(
    "CauseType",
    Annotated[
        _Acting,
        Field(
            description="What kind of thing acted: `member` and `api_key` from outside, the others"
            " within Tenure; `event` and `webhook` on behalf of what happened before. What follows"
            " from a `quiet_batch` starts nothing. With a `record` went or came back what belongs"
            " to it."
        ),
    ],
)


class Cause(BaseModel):
    """One link of the chain that answers "why did this change": who or what acted."""

    model_config = ConfigDict(frozen=True)

    type: CauseType
    id: str = Field(description="The id of who or what acted.")
    label: str | None = Field(
        default=None, description="A name of it, for people; null: none is known."
    )


def chain_of(stored: Iterable[Any]) -> tuple[Cause, ...]:
    """The chain of causes in stored JSON. A link that cannot be read becomes unknown."""
    return tuple(map(_link_of, stored))


def _link_of(stored: Any) -> Cause:
    try:
        return Cause.model_validate(stored)
    except ValidationError:
        return Cause(type="system", id="unknown")


class Event(BaseModel):
    """A fact in the past tense. Fields are added, never changed; a new meaning is a new version.

    `name` is `<publisher>.<fact>.v<n>`. Readers ignore fields they do not know.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: ClassVar[str]
    public_name: ClassVar[str | None] = None
    """The type partners see in webhooks and `GET /v1/events`; None keeps the event internal."""

    @classmethod
    def public_types(cls) -> tuple[str, ...]:
        """Every type that partners may see this event as."""
        return (cls.public_name,) if cls.public_name else ()

    def public_type(self) -> str | None:
        """The one of `public_types` that this fact is."""
        return self.public_name

    def public_data(self) -> dict[str, Any]:
        """The `data` partners see."""
        return self.model_dump(mode="json")


class ConfigurationChanged(Event):
    """Something that a workspace configures was changed, for the audit log. Each publisher has its
    own name for it.
    """

    service: ClassVar[str]

    action: str
    target_type: str
    target_id: UUID | None
    target_key: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None


class Envelope(BaseModel):
    """An event as its publisher's feed hands it out.

    `cursor` is its place in that feed, in commit order. `occurred_at` is workspace time,
    `recorded_at` the database's clock. `cause` is ordered from the origin to the immediate actor.
    """

    model_config = ConfigDict(extra="ignore")

    id: UUID
    cursor: str
    name: str
    workspace_id: UUID
    occurred_at: datetime
    recorded_at: datetime
    cause: list[Cause]
    payload: dict[str, Any]
