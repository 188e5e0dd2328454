"""What opens and closes tasks when other services speak."""

from shared.events.accounts import (
    ManualEntryRefused,
    OpportunityChanged,
)
from shared.events.sequences import (
    EnrollmentBlocked,
    EnrollmentUnblocked,
    MessageHeld,
    MessageResolved,
    OpportunityQuarantined,
    OpportunityReleased,
)
from shared.feed import dead_events
from shared.uow import UnitOfWork
from tasks_api.work.task_causes import service
from tasks_api.work.task_causes.rules import (
    NO_STEP_LEFT,
    REFUSED_BY,
    offer_text,
    still_refused,
)
from tasks_api.work.tasks import service as tasks
from tasks_api.work.tasks.rows import Task

RENEWAL_MANAGER = "renewal_manager"


async def on_enrollment_blocked(uow: UnitOfWork, event: EnrollmentBlocked) -> None:
    too_late = bool(event.available_actions) and "enroll" not in event.available_actions
    await service.open_for_cause(
        uow,
        event.cause,
        f"{event.cause}:{event.opportunity_id}",
        reads_as=NO_STEP_LEFT if too_late else event.cause,
        remarks=event.warnings,
        names={
            "opportunity": event.opportunity_name,
            "account": event.account_name,
            "sequence": event.sequence_title,
            "offer": offer_text(send_now="send_now" in event.available_actions),
        },
        opened_by={"type": "sequence", "id": str(event.sequence_id)},
        category="renewal",
        subject_type="opportunity",
        subject_id=event.opportunity_id,
        account_id=event.account_id,
        assignee_key_role=event.assignee_key_role,
        due_rule={"business_days": event.due_business_days},
        data={
            "enrollment_id": str(event.enrollment_id) if event.enrollment_id else None,
            "contact_id": str(event.contact_id) if event.contact_id else None,
            "candidates": [candidate.model_dump(mode="json") for candidate in event.candidates],
            "available_actions": event.available_actions,
            "warnings": event.warnings,
        },
    )


async def on_enrollment_unblocked(uow: UnitOfWork, event: EnrollmentUnblocked) -> None:
    await tasks.close_by_key(uow, f"{event.cause}:{event.opportunity_id}")


async def on_manual_entry_refused(uow: UnitOfWork, event: ManualEntryRefused) -> None:
    await service.open_for_cause(
        uow,
        event.reason,
        f"{event.reason}:{event.opportunity_id}",
        names={"opportunity": event.opportunity_name, "account": event.account_name},
        opened_by={"type": REFUSED_BY, "id": str(event.opportunity_id)},
        category="renewal",
        subject_type="opportunity",
        subject_id=event.opportunity_id,
        account_id=event.account_id,
        assignee_key_role=RENEWAL_MANAGER,
        due_rule={"business_days": 1},
        data={"contract_expiration": event.contract_expiration},
    )


async def on_opportunity_changed(uow: UnitOfWork, event: OpportunityChanged) -> None:
    """Whoever was refused may ask again once nothing stands in the way, or need not any more."""

    async def close(task: Task) -> None:
        gone = event.change in {"deleted", "merged"}
        if gone or not still_refused(task, event.record, await tasks.today(uow)):
            await tasks.close_by_key(uow, task.dedupe_key or "")

    await dead_events.apply_to_each(uow, await service.refused_entries(uow, event.id), close)


async def on_message_held(uow: UnitOfWork, event: MessageHeld) -> None:
    await service.open_for_cause(
        uow,
        "mail_held",
        f"mail_held:{event.message_id}",
        names={
            "reason": event.reason.replace("_", " "),
            "step": event.step_title,
            "detail": event.detail,
            "message": str(event.message_id),
        },
        opened_by={"type": "sequence", "id": str(event.sequence_id)},
        category="renewal",
        subject_type="message",
        subject_id=event.message_id,
        account_id=event.account_id,
        assignee_key_role=RENEWAL_MANAGER,
        due_rule={"business_days": 1},
    )


async def on_message_resolved(uow: UnitOfWork, event: MessageResolved) -> None:
    await tasks.close_by_key(uow, f"mail_held:{event.message_id}")


async def on_opportunity_quarantined(uow: UnitOfWork, event: OpportunityQuarantined) -> None:
    await service.open_for_cause(
        uow,
        "record_quarantined",
        f"record_quarantined:{event.opportunity_id}",
        names={"opportunity": event.opportunity_name, "detail": event.detail},
        opened_by={"type": "opportunity", "id": str(event.opportunity_id)},
        category="renewal",
        subject_type="opportunity",
        subject_id=event.opportunity_id,
        account_id=event.account_id,
        assignee_key_role=RENEWAL_MANAGER,
        due_rule={"business_days": 1},
    )


async def on_opportunity_released(uow: UnitOfWork, event: OpportunityReleased) -> None:
    await tasks.close_by_key(uow, f"record_quarantined:{event.opportunity_id}")
