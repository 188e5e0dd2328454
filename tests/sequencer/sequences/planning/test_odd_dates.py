"""Any day that is stored can be reckoned with, at the ends of the calendar too."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sequencer.mail.send_windows.rules import MARGIN
from sequencer.replica.schemas import Account, Opportunity, Zones
from sequencer.sequences.enrollments.rules import Reach
from sequencer.sequences.planning.rules import next_move
from sequencer.sequences.sequences.schemas import Definition
from sequencer.sequences.sequences.versions import plan_of
from tests.sequencer.renewals import Renewals, day, made, step
from tests.sequencer.sequences.planning.making import zones
from tests.shared.making import calendar

instants = st.integers(-2_200_000_000, 7_250_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
_IDS = [f"0198c0de-7a11-7c3e-9b5d-2f4e6a8c0b{n:02}" for n in range(3)]
DEFINITION = Definition.model_validate(
    {
        "steps": [step(days) | {"id": id_} for days, id_ in zip((365, 60, 1), _IDS, strict=True)],
        "send_window": {"skip_public_holidays": True},
    }
)
OPPORTUNITY = Opportunity(
    id=UUID(_IDS[0]),
    version=1,
    deleted=False,
    account_id=UUID(_IDS[1]),
    name="Renewal",
    type="renewal",
    stage=None,
    is_closed=False,
    contract_expiration=None,
    arr=None,
    currency=None,
    deal_room_url=None,
    manual_entry=False,
    traits={},
)
ACCOUNT = Account(
    id=UUID(_IDS[1]),
    deleted=False,
    name="Acme",
    domain=None,
    lifecycle_status="subscribed",
    time_zone=None,
    country=None,
    arr=None,
    currency=None,
    traits={},
    key_roles={},
)


WORKED = calendar(date(2026, 3, 6))


@settings(deadline=None, max_examples=60)
@given(st.dates(), zones, zones, st.sampled_from([None, "US", "DE", "IL", "CN"]), instants)
def test_a_plan_can_be_made_of_any_day(
    anchor: date, wall: Any, other: Any, country: str | None, now: datetime
) -> None:
    opportunity = replace(OPPORTUNITY, contract_expiration=anchor)
    account = replace(ACCOUNT, country=country)
    plan = plan_of(DEFINITION, opportunity, account, Zones(wall, (wall, other)), WORKED)
    assert plan is not None
    move = next_move(plan, set(), now)
    assert move.at is None or now <= move.at < plan.expires_at - MARGIN
    if anchor < date(1900, 1, 1):
        assert move.step_id is None, "long over"


@pytest.mark.parametrize("expiration", ["0001-01-01", "9999-12-31"])
async def test_a_day_at_the_end_of_the_calendar_stops_nothing(
    renewals: Renewals, expiration: str
) -> None:
    contact_id = await renewals.furnish()
    sequence = await renewals.sequence(90, 60)
    await renewals.told(renewals.account_event(time_zone="Pacific/Apia"))
    odd = await renewals.opportunity(contract_expiration=expiration)
    await renewals.customers(1)
    assert len(renewals.sent()) == 1, "everybody else's mail"
    asked = f"sequence_id={sequence['id']}&opportunity_id={odd}"
    for entry in ("manual", "audience"):
        found = made(
            await renewals.ws.admin.get(f"/v1/enrollments/eligibility?{asked}&entry={entry}")
        )
        gates = {gate["name"]: gate["passed"] for gate in found["gates"]}
        assert gates["not_expired"] is (expiration > day(0))
    preview = await renewals.ws.admin.post(
        f"/v1/sequences/{sequence['id']}/preview", {"opportunity_id": str(odd)}
    )
    assert preview.status_code == 200, preview.text
    body = {
        "sequence_id": sequence["id"],
        "opportunity_id": str(odd),
        "contact_id": str(contact_id),
    }
    answer = await renewals.ws.admin.post("/v1/enrollments", body)
    assert answer.status_code in {201, 409}
    await renewals.change(odd, name="Acme again")
    assert await renewals.events("opportunity_quarantined") == []


@pytest.mark.parametrize(
    ("status", "suppressed", "problem"),
    [
        ("ok", None, None),
        ("bounced", None, "contact_bounced"),
        ("ok", "hard_bounce", "contact_bounced"),
        ("ok", "soft_bounces", "contact_soft_bounced"),
        ("ok", "manual", "contact_suppressed"),
        ("bounced", "manual", "contact_bounced"),
        ("ok", "unsubscribed", "unsubscribed"),
        ("bounced", "unsubscribed", "unsubscribed"),
        ("complained", None, "complained"),
        ("unsubscribed", "complained", "unsubscribed"),
        ("some word to come", None, "contact_bounced"),
    ],
)
def test_every_reason_to_write_to_nobody_has_its_own_word(
    status: str, suppressed: str | None, problem: str | None
) -> None:
    reach = Reach(known=True, email_status=status, suppressed_for=suppressed)
    assert reach.problem == problem
