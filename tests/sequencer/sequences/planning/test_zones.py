"""What is planned follows the zone of its workspace as soon as that is another."""

from datetime import UTC, datetime

from tests.sequencer.renewals import Renewals


async def moved(renewals: Renewals, zone: str) -> None:
    answer = await renewals.ws.admin.patch("/v1/workspace", {"time_zone": zone})
    assert answer.status_code == 200, answer.text
    await renewals.tenure.settle()


async def test_planned_mails_move_with_the_zone_and_nothing_leaves_twice(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 80, 79)
    opportunity_id = await renewals.opportunity()
    assert len(renewals.sent()) == 1

    async def due() -> str:
        found = await renewals.enrollment(opportunity_id)
        return str(found["next_due_at"])

    assert await due() == "2026-03-12T09:00:00Z"
    await moved(renewals, "America/New_York")
    assert await due() == "2026-03-12T13:00:00Z"
    await moved(renewals, "UTC")
    assert await due() == "2026-03-12T09:00:00Z"
    # Half an hour before it would leave its hour has come further east: it leaves now, once.
    await renewals.tenure.set_clock(renewals.ws, datetime(2026, 3, 12, 8, 30, tzinfo=UTC))
    assert len(renewals.sent()) == 1
    await moved(renewals, "Europe/Berlin")
    assert len(renewals.sent()) == 2
    assert await due() == "2026-03-13T08:00:00Z"
    # It waits for the morning in the west, which has come in the east already.
    await moved(renewals, "America/Los_Angeles")
    await renewals.tenure.set_clock(renewals.ws, datetime(2026, 3, 13, 9, 0, tzinfo=UTC))
    assert len(renewals.sent()) == 2
    await moved(renewals, "Europe/Berlin")
    assert len(renewals.sent()) == 3
    await moved(renewals, "UTC")
    assert len(renewals.sent()) == 3
