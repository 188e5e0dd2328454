"""What the accounts service tells of indicators: signs that a customer is at risk or could grow."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from typing_extensions import TypeAliasType

from shared.events.base import Event

IndicatorKind = TypeAliasType(
    "IndicatorKind",
    Annotated[
        Literal["risk", "opportunity"],
        Field(description="What an indicator is a sign of: a risk, or an opportunity to grow."),
    ],
)
IndicatorState = TypeAliasType(
    "IndicatorState",
    Annotated[
        Literal["open", "addressed", "silenced", "cleared"],
        Field(
            description="`open`: to be looked at. `addressed`: somebody said what was done about"
            " it. `silenced`: until an instant. `cleared`: what it was a sign of is over. All but"
            " the last are live: of one cause a record has one live indicator at most."
        ),
    ],
)
IndicatorRecordType = TypeAliasType(
    "IndicatorRecordType",
    Annotated[
        Literal["account", "opportunity", "contact"],
        Field(description="The type of the records that an indicator can be of."),
    ],
)
IndicatorOrigin = TypeAliasType(
    "IndicatorOrigin",
    Annotated[
        Literal["rule", "person"],
        Field(description="What opened an indicator: the rule of its definition, or a person."),
    ],
)
IndicatorClearReason = TypeAliasType(
    "IndicatorClearReason",
    Annotated[
        Literal["rule", "person", "deleted", "merged", "archived"],
        Field(
            description="Why an indicator was cleared: its rule holds no more, a person did it, its"
            " record was deleted, or was merged into one that had it already, or its definition was"
            " archived."
        ),
    ],
)


class CallToActionDue(BaseModel):
    """When what an indicator calls for is to be done."""

    business_days: int = Field(
        description="So many business days after the next opening hour of whoever does it."
    )


class CallToAction(BaseModel):
    """What an indicator calls for: one task, which closes when the indicator is cleared."""

    title: str = Field(description="What is to be done, on one line.")
    text: str = Field(description="What whoever does it must know; empty when nothing.")
    due: CallToActionDue | None = Field(
        description="When it is to be done; null: at no particular time."
    )
    assignee_key_role: str | None = Field(
        description="The key role whose holder does it; null: the owner of the indicator."
    )


class _Indicator(Event):
    indicator_id: UUID = Field(description="The id of the indicator.")
    version: int = Field(description="Counts the changes of the indicator.")
    definition_id: UUID = Field(description="The id of the indicator's definition.")
    definition_key: str = Field(description="The key of the indicator's definition.")
    title: str = Field(description="What people call the indicator.")
    kind: IndicatorKind
    severity: int = Field(description="From 1, which can wait, to 4, which cannot.")
    record_type: IndicatorRecordType
    record_id: UUID = Field(description="The id of the record that it is of.")
    record_name: str = Field(description="What the record is called.")
    account_id: UUID | None = Field(
        description="The account that it is counted for; null: the record has none."
    )
    account_name: str | None = Field(description="What the account is called; null: there is none.")
    cause: str = Field(
        description="What tells it from others of its definition and record: the definition's key,"
        " unless whoever opened it gave another."
    )
    state: IndicatorState
    owner_id: UUID | None = Field(description="The member who looks after it; null: nobody.")
    arr: int | None = Field(
        description="The annual recurring revenue of the record at that moment, of a contact that"
        " of the account, in minor units; null: none is known."
    )
    currency: str | None = Field(description="The ISO 4217 code of the amount's currency.")
    effective_at: datetime = Field(description="When it happened, by the workspace's clock.")


class IndicatorOpened(_Indicator):
    """There is a sign that a customer is at risk, or could grow."""

    name: ClassVar[str] = "accounts.indicator_opened.v1"
    public_name: ClassVar[str | None] = "indicator.opened"

    opened_by: IndicatorOrigin
    reason: str | None = Field(description="The rule that came to hold; null: a person opened it.")
    note: str | None = Field(description="What the person said who opened it; null: nothing.")
    call_to_action: CallToAction | None = Field(
        description="The task that follows; null: none does, as of one that was opened quietly."
    )


class IndicatorReopened(_Indicator):
    """An indicator is open again: its silence has ended, or it came back soon after it was cleared,
    which `before` tells.
    """

    name: ClassVar[str] = "accounts.indicator_reopened.v1"
    public_name: ClassVar[str | None] = "indicator.reopened"

    before: IndicatorState
    call_to_action: CallToAction | None = Field(
        description="The task that follows, unless it is open still; null: none does."
    )


class IndicatorAddressed(_Indicator):
    """Somebody said what was done about an indicator. It counts no more while it stays so."""

    name: ClassVar[str] = "accounts.indicator_addressed.v1"
    public_name: ClassVar[str | None] = "indicator.addressed"

    note: str = Field(description="What was done about it.")
    addressed_by: UUID | None = Field(description="The member who said so; null: a key did.")


class IndicatorSilenced(_Indicator):
    """Somebody silenced an indicator. It counts no more until then."""

    name: ClassVar[str] = "accounts.indicator_silenced.v1"
    public_name: ClassVar[str | None] = "indicator.silenced"

    silenced_until: datetime = Field(description="When it is open again, by the workspace's clock.")
    note: str | None = Field(description="Why; null: nobody said.")


class IndicatorCleared(_Indicator):
    """What an indicator was a sign of is over."""

    name: ClassVar[str] = "accounts.indicator_cleared.v1"
    public_name: ClassVar[str | None] = "indicator.cleared"

    before: IndicatorState
    reason: IndicatorClearReason
    note: str | None = Field(description="What the person said who cleared it; null: nothing.")


class IndicatorReassigned(_Indicator):
    """An indicator has another owner."""

    name: ClassVar[str] = "accounts.indicator_reassigned.v1"
    public_name: ClassVar[str | None] = "indicator.reassigned"

    previous_owner_id: UUID | None = Field(
        description="The member who looked after it before; null: nobody did."
    )
    by_hand: bool = Field(
        description="Whether a person chose the owner; otherwise the holder of the key role is"
        " another one."
    )
