"""When a task is due."""

from collections.abc import Mapping
from datetime import datetime

from shared.business_time import BusinessCalendar, add_business_days

HAND_WORK = "person"


def due_instant(
    rule: Mapping[str, object] | None, opened_at: datetime, calendar: BusinessCalendar
) -> datetime | None:
    """The instant of a due rule: `{"business_days": n}` counted from the next opening, or
    `{"at": RFC 3339}`.
    """
    if rule is None:
        return None
    if "at" in rule:
        return datetime.fromisoformat(str(rule["at"]))
    return add_business_days(opened_at, int(str(rule["business_days"])), calendar)
