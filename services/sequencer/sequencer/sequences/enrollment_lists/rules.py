"""What a rule may ask of an enrollment."""

from typing import Final

from sequencer.sequences.enrollments.rules import (
    EnrollmentExitReason,
    EnrollmentPauseReason,
    EnrollmentState,
)
from shared.events.sequences import EnrollmentEntry
from shared.rules.types.catalog import Field, FieldType, RecordType
from shared.value_types import literals

ENROLLMENT: Final = RecordType(
    "enrollment",
    "enrollments",
    (
        Field("id", FieldType.ID),
        Field("sequence_id", FieldType.ID),
        Field("sequence_version", FieldType.NUMBER),
        Field("opportunity_id", FieldType.ID),
        Field("account_id", FieldType.ID),
        Field("contact_id", FieldType.ID),
        Field("entry", FieldType.SELECT, options=literals(EnrollmentEntry)),
        Field("state", FieldType.SELECT, options=literals(EnrollmentState)),
        Field("pause_reason", FieldType.SELECT, options=literals(EnrollmentPauseReason)),
        Field("exit_reason", FieldType.SELECT, options=literals(EnrollmentExitReason)),
        Field("next_step_id", FieldType.ID),
        Field("next_due_at", FieldType.DATETIME),
        Field("entered_at", FieldType.DATETIME),
        Field("exited_at", FieldType.DATETIME),
        Field("created_at", FieldType.DATETIME),
        Field("updated_at", FieldType.DATETIME),
    ),
    elsewhere={name: f"{name}_id" for name in ("account", "contact", "opportunity", "sequence")},
)
