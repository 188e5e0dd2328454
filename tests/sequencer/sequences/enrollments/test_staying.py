"""What ends an enrollment, and what a date that moves does to its steps."""

from typing import Any

import pytest

from sequencer.sequences.enrollments import service as enrollments
from sequencer.sequences.entry import handlers as entry
from shared.events.accounts import SegmentChanged
from shared.ids import new_id
from tests.sequencer.renewals import Renewals, causes, day


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"is_closed": True}, "closed"),
        ({"change": "deleted"}, "record_deleted"),
        ({"contract_expiration": day(0)}, "contract_expired"),
    ],
)
async def test_what_ends_an_opportunity_ends_its_enrollment(
    renewals: Renewals, change: dict[str, Any], reason: str
) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60)
    opportunity_id = await renewals.opportunity()
    await renewals.change(opportunity_id, **change)
    ended = await renewals.enrollment(opportunity_id)
    assert (ended["state"], ended["exit_reason"]) == ("exited", reason)
    assert [one["reason"] for one in await renewals.events("enrollment_exited")] == [reason]
    await renewals.on(40)
    assert len(renewals.sent()) == 1


@pytest.mark.parametrize("status", ["churned", "ignored"])
async def test_a_churned_or_ignored_account_hears_nothing_more(
    renewals: Renewals, status: str
) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60)
    opportunity_id = await renewals.opportunity()
    await renewals.told(renewals.account_event(lifecycle_status=status))
    assert (await renewals.enrollment(opportunity_id))["exit_reason"] == status
    await renewals.told(renewals.account_event(lifecycle_status="subscribed"))
    assert (await renewals.enrollment(opportunity_id))["state"] == "active", "it enters again"
    assert len(renewals.sent()) == 1, "and gets no step twice"


async def test_leaving_the_audience_ends_it_unless_it_was_entered_by_hand(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60)
    by_rule = await renewals.opportunity()
    by_hand = new_id()
    await renewals.told(renewals.opportunity_event(by_hand, contract_expiration=day(70)))
    body = {"sequence_id": sequence["id"], "opportunity_id": str(by_hand)}
    assert (await renewals.ws.admin.post("/v1/enrollments", body)).status_code == 201
    await renewals.told(renewals.left(by_rule), renewals.left(by_hand))
    assert (await renewals.enrollment(by_rule))["exit_reason"] == "left_audience"
    assert (await renewals.enrollment(by_hand))["state"] == "active"


async def test_however_it_entered_it_stays_only_while_the_account_is_in_its_segment(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    scaled = new_id()
    await renewals.told(
        SegmentChanged(id=scaled, title="Scaled", record_type="account", version=1, archived=False)
    )
    sequence = await renewals.sequence(90, 60, account_segment_id=str(scaled))
    opportunity_id = await renewals.opportunity()
    assert await renewals.enrollments() == []
    enter = renewals.entered(opportunity_id).model_copy(
        update={
            "segment_id": scaled,
            "record_type": "account",
            "record_id": renewals.account_id,
        }
    )
    await renewals.told(enter)
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    leave = renewals.left(opportunity_id).model_copy(
        update={
            "segment_id": scaled,
            "record_type": "account",
            "record_id": renewals.account_id,
        }
    )
    await renewals.told(leave)
    assert (await renewals.enrollment(opportunity_id))["exit_reason"] == "left_audience"
    body = {"sequence_id": sequence["id"], "opportunity_id": str(opportunity_id)}
    refused = await renewals.ws.admin.post("/v1/enrollments", body)
    assert refused.status_code == 409


async def test_a_date_that_moves_plans_again_what_is_unsent(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60, 30)
    opportunity_id = await renewals.opportunity()
    await renewals.on(10)
    await renewals.change(opportunity_id, contract_expiration=day(190))
    enrollment = await renewals.enrollment(opportunity_id)
    assert enrollment["next_due_at"] == "2026-07-10T09:00:00Z", "60 days before, not 90 again"
    assert "date_moved" in [line["kind"] for line in enrollment["timeline"]]


async def test_skipped_steps_come_back_when_the_date_moves_away(renewals: Renewals) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60, 30, entry={"late_grace_days": 90})
    opportunity_id = await renewals.opportunity(contract_expiration=day(59))
    skipped = await renewals.messages(state="skipped")
    assert [one["step_title"] for one in skipped] == ["90 days before"]
    assert len(renewals.sent()) == 1
    await renewals.change(opportunity_id, contract_expiration=day(120))
    enrollment = await renewals.enrollment(opportunity_id)
    step_id = next(one["id"] for one in sequence["steps"] if one["offset_days"] == -90)
    assert enrollment["next_step_id"] == step_id
    assert enrollment["next_due_at"] == "2026-04-01T09:00:00Z"


async def test_skipped_steps_come_back_when_the_date_moved_during_a_pause(
    renewals: Renewals,
) -> None:
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60, 30, entry={"late_grace_days": 90})
    opportunity_id = await renewals.opportunity(contract_expiration=day(59))
    path = f"/v1/enrollments/{(await renewals.enrollment(opportunity_id))['id']}"
    await renewals.ws.admin.post(f"{path}/pause", {})
    await renewals.change(opportunity_id, contract_expiration=day(120))
    await renewals.ws.admin.post(f"{path}/resume")
    enrollment = await renewals.enrollment(opportunity_id)
    step_id = next(one["id"] for one in sequence["steps"] if one["offset_days"] == -90)
    assert (enrollment["state"], enrollment["next_step_id"]) == ("active", step_id)
    assert "date_moved" in [line["kind"] for line in enrollment["timeline"]]


async def test_it_does_not_matter_who_looks_first_at_a_date_that_moved(
    renewals: Renewals,
) -> None:
    """The loop of due steps may be faster than the look at what changed."""
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60, 30, entry={"late_grace_days": 90})
    opportunity_id = await renewals.opportunity(contract_expiration=day(59))
    worker = renewals.tenure.workers["sequencer"]
    async with worker.units.begin(renewals.ws.id, ()) as uow:
        await entry.on_opportunity_changed(
            uow, renewals.opportunity_event(opportunity_id, contract_expiration=day(120))
        )
        await enrollments.plan(uow, await enrollments.open_of_opportunities(uow, [opportunity_id]))
    await renewals.tenure.settle()
    enrollment = await renewals.enrollment(opportunity_id)
    step_id = next(one["id"] for one in sequence["steps"] if one["offset_days"] == -90)
    assert enrollment["next_step_id"] == step_id


async def test_a_missing_date_pauses_until_there_is_one(renewals: Renewals) -> None:
    await renewals.furnish()
    await renewals.sequence(90, 60)
    opportunity_id = await renewals.opportunity()
    await renewals.change(opportunity_id, contract_expiration=None)
    paused = await renewals.enrollment(opportunity_id)
    assert (paused["state"], paused["pause_reason"]) == ("paused", "expiration_missing")
    assert causes(await renewals.blocked(), opportunity_id) == {"expiration_missing"}
    await renewals.change(opportunity_id, contract_expiration=day(90))
    assert (await renewals.enrollment(opportunity_id))["state"] == "active"
    assert causes(await renewals.blocked(), opportunity_id) == set()
