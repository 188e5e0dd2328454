"""When a task is due, and what a rule may ask of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from shared.business_time import BusinessCalendar, add_business_days
from shared.rules.types.catalog import Field, FieldType, RecordType
from tasks_api.work.tasks.rows import PRIORITIES, STATUSES

HAND_WORK = "person"
TASK: Final = RecordType(
    "task",
    "tasks",
    (
        Field("id", FieldType.ID),
        Field("title", FieldType.TEXT),
        Field("body", FieldType.TEXT),
        Field("status", FieldType.SELECT, options=STATUSES),
        Field("priority", FieldType.SELECT, options=PRIORITIES, ranked=True),
        Field("category", FieldType.TEXT),
        Field("tags", FieldType.MULTI_SELECT),
        Field("cause", FieldType.TEXT),
        Field("dedupe_key", FieldType.TEXT),
        Field("external_id", FieldType.TEXT),
        Field("source", FieldType.TEXT),
        Field("subject_type", FieldType.TEXT),
        Field("subject_id", FieldType.ID),
        Field("account_id", FieldType.ID),
        Field("assignee_id", FieldType.ID),
        Field("assignee_key_role", FieldType.TEXT),
        Field("due_at", FieldType.DATETIME),
        Field("breached_at", FieldType.DATETIME),
        Field("snoozed_until", FieldType.DATETIME),
        Field("outcome", FieldType.TEXT),
        Field("author_id", FieldType.ID),
        Field("authored_at", FieldType.DATETIME),
        Field("ended_at", FieldType.DATETIME),
        Field("ended_by", FieldType.ID),
        Field("created_at", FieldType.DATETIME),
        Field("updated_at", FieldType.DATETIME),
    ),
    elsewhere={
        "account": "account_id",
        "assignee": "assignee_id",
        "author": "author_id",
        **dict.fromkeys(("subject", "organization", "contact", "opportunity"), "subject_id"),
    },
)


TOLD: Final = (
    "external_id",
    "source",
    "title",
    "body",
    "status",
    "priority",
    "category",
    "tags",
    "subject_type",
    "subject_id",
    "account_id",
    "assignee_id",
    "assignee_key_role",
    "due_at",
    "snoozed_until",
    "outcome",
    "author_id",
    "authored_at",
    "ended_at",
    "ended_by",
)
"""The fields whose changes the history of a task tells."""


def due_instant(
    rule: Mapping[str, object] | None, authored_at: datetime, calendar: BusinessCalendar
) -> datetime | None:
    """The instant of a due rule: `{"business_days": n}` counted from the next opening, or
    `{"at": RFC 3339}`.
    """
    if rule is None:
        return None
    if "at" in rule:
        return datetime.fromisoformat(str(rule["at"]))
    return add_business_days(authored_at, int(str(rule["business_days"])), calendar)
