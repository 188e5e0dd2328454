from datetime import UTC, datetime

from tasks_api.work.tasks.rules import due_instant
from tests.shared.making import calendar


def test_a_task_is_due_at_an_instant_after_so_many_business_days_or_at_no_time() -> None:
    berlin, opened = calendar(zone="Europe/Berlin"), datetime(2026, 3, 2, 13, 15, tzinfo=UTC)
    assert due_instant({"business_days": 1}, opened, berlin) == datetime(
        2026, 3, 3, 13, 15, tzinfo=UTC
    )
    assert due_instant({"at": "2026-03-04T10:00:00+00:00"}, opened, berlin) == datetime(
        2026, 3, 4, 10, tzinfo=UTC
    )
    assert due_instant(None, opened, berlin) is None
