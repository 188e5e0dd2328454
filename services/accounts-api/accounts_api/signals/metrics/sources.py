"""What clients write of a metric's two sides: one body for each kind of source."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from accounts_api.evaluation.rule_sets.schemas import WrittenRule
from shared.schemas import In, OneLine, Slug

FieldName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="A field of the record, such as `arr` or `traits.licences`.",
    ),
    OneLine,
]
_Event = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), OneLine]
EventNames = Annotated[
    Annotated[list[_Event], Field(min_length=1, max_length=30)] | Literal["any"],
    Field(description="Names of product events, or `any`."),
]
WindowDays = Annotated[
    int,
    Field(ge=1, le=400, description="How many local days are looked at; the last one is today."),
]
OffsetDays = Annotated[
    int, Field(ge=0, le=400, description="How many days the window is moved into the past.")
]
Number = Annotated[float, Field(ge=-1_000_000_000_000, le=1_000_000_000_000)]
Where = Annotated[
    WrittenRule | None,
    Field(description="Which of the related records count, as a rule; null counts all."),
]
FieldReading = TypeAliasType(
    "FieldReading",
    Annotated[
        Literal["value", "days_since", "days_until"],
        Field(
            description="`value` of a number or an amount, which counts minor units; `days_since`"
            " and `days_until` of a date, in local days, negative when it is the other way round."
        ),
    ],
)
MetricRollUp = TypeAliasType(
    "MetricRollUp",
    Annotated[
        Literal["count", "sum", "min", "max", "latest"],
        Field(description="What is made of the related records."),
    ],
)


class FieldSource(In):
    """A number, an amount or the days since a date, of the record itself."""

    source: Literal["field"] = Field(description="Which source it is.")
    field: FieldName
    as_: FieldReading = Field(default="value", alias="as")


class ConstantSource(In):
    """A number that is the same for every record."""

    source: Literal["constant"] = Field(description="Which source it is.")
    value: Number = Field(description="The number.")


class ContactsSource(In):
    """How many contacts the account, or the organization's accounts, have."""

    source: Literal["contacts"] = Field(description="Which source it is.")
    where: Where = None


class RelatedSource(In):
    """A count, sum, least, greatest or latest value over related records."""

    source: Literal["related"] = Field(description="Which source it is.")
    relation: Annotated[str, OneLine] = Field(
        min_length=1,
        max_length=200,
        description="What leads to them, such as `opportunities`, or `accounts.opportunities`.",
    )
    aggregate: MetricRollUp
    field: FieldName | None = Field(
        default=None, description="A number or an amount of theirs; null for a count."
    )
    by: FieldName | None = Field(
        default=None, description="Of `latest`, what orders them; null stands for `created_at`."
    )
    where: Where = None


class EventsSource(In):
    """How often product events happened in a window."""

    source: Literal["events"] = Field(description="Which source it is.")
    events: EventNames
    window_days: WindowDays
    offset_days: OffsetDays = 0


class ActiveDaysSource(In):
    """On how many local days of a window a product event happened."""

    source: Literal["active_days"] = Field(description="Which source it is.")
    events: EventNames
    window_days: WindowDays
    offset_days: OffsetDays = 0


class ActiveContactsSource(In):
    """How many contacts did something in a window. Who is not known as a contact is not counted."""

    source: Literal["active_contacts"] = Field(description="Which source it is.")
    events: EventNames
    window_days: WindowDays
    offset_days: OffsetDays = 0
    at_least: int = Field(
        default=1, ge=1, le=1_000_000, description="How often each must have done it."
    )
    contacts_where: Where = Field(
        default=None,
        description="Which contacts count, as a rule: of those who belong to the record. Null"
        " counts whoever did it.",
    )


class SumSource(In):
    """The sum of a declared number of product events in a window."""

    source: Literal["sum"] = Field(description="Which source it is.")
    property: Slug = Field(description="The key of the declared property.")
    events: EventNames
    window_days: WindowDays
    offset_days: OffsetDays = 0


class OtherMetricSource(In):
    """Another metric of the same record type, now or some days ago."""

    source: Literal["metric"] = Field(description="Which source it is.")
    metric: Slug = Field(description="The key of the other metric.")
    days_ago: int = Field(
        default=0,
        ge=0,
        le=400,
        description="0 is now. A day that is past is known of metrics that count product events"
        " alone.",
    )


MetricSource = TypeAliasType(
    "MetricSource",
    Annotated[
        FieldSource
        | ConstantSource
        | ContactsSource
        | RelatedSource
        | EventsSource
        | ActiveDaysSource
        | ActiveContactsSource
        | SumSource
        | OtherMetricSource,
        Field(discriminator="source", description="Where a number of a metric comes from."),
    ],
)


class Cap(In):
    """The least and the greatest value; what lies outside is the end it lies beyond."""

    minimum: Number | None = Field(default=None, description="The least value; null: none.")
    maximum: Number | None = Field(default=None, description="The greatest value; null: none.")


MetricRecordType = TypeAliasType(
    "MetricRecordType",
    Annotated[
        Literal["account", "contact", "organization"],
        Field(description="The type of the records that a metric is worked out for."),
    ],
)
MetricUnit = TypeAliasType(
    "MetricUnit",
    Annotated[
        Literal["number", "percent", "amount", "days"],
        Field(
            description="What the value counts. `percent` is a hundred times the quotient; `amount`"
            " is in minor units of the record's currency."
        ),
    ],
)
Decimals = Annotated[
    int, Field(ge=0, le=6, description="To how many decimals the value is rounded, half up.")
]
ACTIVE_SHARE: Final[dict[str, Any]] = {
    "key": "weekly_active_share",
    "title": "Weekly active contacts",
    "record_type": "account",
    "unit": "percent",
    "numerator": {
        "source": "active_contacts",
        "events": ["login", "Report Exported"],
        "window_days": 7,
    },
    "denominator": {"source": "contacts", "where": "deactivated_at is empty"},
    "decimals": 1,
}
LICENCE_USE: Final[dict[str, Any]] = {
    "key": "licence_use",
    "title": "Licences used",
    "record_type": "account",
    "unit": "percent",
    "numerator": {
        "source": "active_contacts",
        "events": "any",
        "window_days": 30,
        "at_least": 3,
    },
    "denominator": {"source": "field", "field": "traits.licences"},
    "cap": {"minimum": 0, "maximum": 100},
}
SHOWN: Final[dict[str, Any]] = {
    **ACTIVE_SHARE,
    "id": "0198c0de-7d10-7c44-9f3a-2f6f0c1f7a31",
    "description": None,
    "numerator": {**ACTIVE_SHARE["numerator"], "offset_days": 0, "at_least": 1}
    | {"contacts_where": None},
    "denominator": {
        "source": "contacts",
        "where": {"field": "deactivated_at", "op": "is_empty"},
    },
    "cap": None,
    "version": 1,
    "archived_at": None,
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}
