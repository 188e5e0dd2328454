"""What a rule may ask of an indicator, and how long one may be silenced."""

from datetime import datetime, timedelta
from typing import Final

from accounts_api.signals.indicators.rules import STATES
from shared.errors import Fault
from shared.events.signals.indicators import IndicatorKind, IndicatorRecordType
from shared.rules.types.catalog import Field, FieldType, RecordType
from shared.value_types import literals

_LONGEST: Final = timedelta(days=366)
INDICATOR: Final = RecordType(
    "indicator",
    "indicators",
    (
        Field("id", FieldType.ID),
        Field("definition_id", FieldType.ID),
        Field("kind", FieldType.SELECT, options=literals(IndicatorKind)),
        Field("severity", FieldType.NUMBER),
        Field("record_type", FieldType.SELECT, options=literals(IndicatorRecordType)),
        Field("record_id", FieldType.ID),
        Field("account_id", FieldType.ID),
        Field("cause", FieldType.TEXT),
        Field("state", FieldType.SELECT, options=STATES),
        Field("owner_id", FieldType.ID),
        Field("opened_by", FieldType.SELECT, options=("rule", "person")),
        Field("opened_at", FieldType.DATETIME),
        Field("note", FieldType.TEXT),
        Field("silenced_until", FieldType.DATETIME),
        Field("addressed_at", FieldType.DATETIME),
        Field("addressed_by", FieldType.ID),
        Field("cleared_at", FieldType.DATETIME),
        Field(
            "cleared_by",
            FieldType.SELECT,
            options=("rule", "person", "deleted", "merged", "archived"),
        ),
        Field("created_at", FieldType.DATETIME),
        Field("updated_at", FieldType.DATETIME),
    ),
    elsewhere={
        "account": "account_id",
        "owner": "owner_id",
        **dict.fromkeys(("record", "contact", "opportunity"), "record_id"),
    },
)


def silence_faults(until: datetime, now: datetime) -> list[Fault]:
    if until <= now:
        return [Fault("/until", "not_in_future", "Silence it until an instant that comes.")]
    if until > now + _LONGEST:
        return [Fault("/until", "silence_too_long", "Silence it for a year at most.")]
    return []
