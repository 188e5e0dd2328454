"""Events of the sequencer that open tasks."""

from shared.events.base import Cause
from shared.events.sequences import EnrollmentBlocked
from shared.ids import new_id
from tests.harness import Tenure, Workspace

BY_TEST = (Cause(type="system", id="test"),)


async def blocked(tenure: Tenure, ws: Workspace, **changes: object) -> EnrollmentBlocked:
    event = EnrollmentBlocked.model_validate(
        {
            "cause": "no_deal_room",
            "sequence_id": new_id(),
            "sequence_title": "Scaled renewals",
            "enrollment_id": None,
            "opportunity_id": new_id(),
            "opportunity_name": "Acme renewal",
            "account_id": new_id(),
            "account_name": "Acme",
            "assignee_key_role": "renewal_manager",
            "due_business_days": 2,
            **changes,
        }
    )
    async with tenure.workers["sequencer"].units.begin(ws.id, BY_TEST) as uow:
        uow.publish(event)
    await tenure.settle()
    return event
