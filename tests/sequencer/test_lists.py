"""Enrollments and messages are found by the rule language."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from sequencer.mail.messages.models import messages
from sequencer.mail.messages.rules import MESSAGE
from sequencer.mail.messages.schemas import MessageOut
from sequencer.sequences.enrollment_lists.rules import ENROLLMENT
from sequencer.sequences.enrollments.models import enrollments
from sequencer.sequences.enrollments.schemas import EnrollmentOut
from shared.ids import new_id
from shared.rules.types.catalog import RecordType
from shared.rules.types.context import EvaluationContext
from tests.sequencer.renewals import TODAY, Renewals
from tests.shared.lists.making import (
    assert_orders_hold,
    assert_page_of_rules_names_every_field,
    assert_rules_find_what_they_say,
    faults,
)
from tests.shared.rules.dice import TEXTS
from tests.shared.rules.worlds import MEMBERS

NOT_ASKED = {
    "enrollment": {
        "in_flight_message_id",
        "pending_message_id",
        "send_deadline",
        "warnings",
        "version",
    },
    "message": set[str](),
}
"""What the API shows and no rule reads: what is worked out when it is read, and the version."""


@pytest.mark.parametrize(
    ("type_", "out"),
    [(ENROLLMENT, EnrollmentOut), (MESSAGE, MessageOut)],
    ids=["enrollment", "message"],
)
def test_rules_know_every_field_that_is_shown(type_: RecordType, out: Any) -> None:
    assert {field.name for field in type_.fields} == {*out.model_fields} - NOT_ASKED[type_.name]
    assert_page_of_rules_names_every_field(type_)


async def enrolled(renewals: Renewals) -> None:
    """Thirty enrollments and forty mails in whatever state."""
    dice = Random(3)
    await renewals.furnish()
    sequence = await renewals.sequence(90, enabled=False)
    await renewals.ws.admin.post(f"/v1/sequences/{sequence['id']}/publish")

    def one(*values: Any) -> Any:
        return dice.choice(values)

    def at() -> Any:
        return one(None, TODAY, TODAY + timedelta(minutes=dice.randint(-9000, 9000)))

    async with renewals.tenure.workers["sequencer"].units.begin(renewals.ws.id, ()) as uow:
        ids = [new_id() for _ in range(30)]
        for id_ in ids:
            state = one("active", "paused", "exited")
            row = {
                "workspace_id": renewals.ws.id,
                "id": id_,
                "sequence_id": UUID(sequence["id"]),
                "sequence_version": 1,
                "opportunity_id": new_id(),
                "account_id": one(None, *MEMBERS),
                "contact_id": one(*MEMBERS),
                "entry": one("audience", "manual"),
                "state": state,
                "pause_reason": one("manual", "failed") if state == "paused" else None,
                "exit_reason": one("completed", "closed") if state == "exited" else None,
                "entered_at": TODAY + timedelta(hours=dice.randint(-90, 0)),
                "exited_at": TODAY if state == "exited" else None,
            }
            await uow.connection.execute(insert(enrollments), row)
        for _ in range(40):
            row = {
                "workspace_id": renewals.ws.id,
                "id": new_id(),
                "enrollment_id": one(*ids),
                "sequence_id": UUID(sequence["id"]),
                "sequence_title": one(*filter(None, TEXTS)),
                "step_id": new_id(),
                "step_title": one(*filter(None, TEXTS)),
                "opportunity_id": one(*MEMBERS),
                "contact_id": one(*MEMBERS),
                "state": one("sent", "held", "failed", "skipped", "cancelled"),
                "due_at": at() or TODAY,
                "attempts": dice.randint(0, 3),
                "recipient": one(None, *TEXTS),
                "subject": one(None, *TEXTS),
                "sent_at": at(),
            }
            await uow.connection.execute(insert(messages), row)


async def test_a_rule_finds_what_it_says_in_the_order_asked_for(renewals: Renewals) -> None:
    await enrolled(renewals)
    zone = (await renewals.ws.admin.get("/v1/workspace")).json()["time_zone"]
    context = EvaluationContext(TODAY, ZoneInfo(zone))
    for path, type_ in (("/v1/enrollments", ENROLLMENT), ("/v1/messages", MESSAGE)):
        reader = renewals.ws.admin
        await assert_rules_find_what_they_say(reader, path, type_, context, rules=80)
        await assert_orders_hold(reader, path, type_)
        asked = await reader.get(path, params={"filter": "account.arr > 5"})
        assert faults(asked) == [("/query/filter", "kept_elsewhere", "account_id")]
        sent = await reader.post(f"{path}/search", {"filter": "stat = 3"})
        assert faults(sent) == [("/filter", "unknown_field", "state")]
