"""An enrollment as clients see it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sequencer.mail.messages.schemas import Message
from sequencer.mail.send_windows.rules import last_start
from sequencer.replica import service as records
from sequencer.replica.schemas import zones_of
from sequencer.sequences.enrollments import service
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.warnings import warnings_of, who_left
from shared.uow import UnitOfWork

_FIELDS = (
    "id",
    "version",
    "sequence_id",
    "sequence_version",
    "account_id",
    "contact_id",
    "entry",
    "state",
    "pause_reason",
    "end_reason",
    "next_step_id",
    "next_due_at",
    "entered_at",
    "ended_at",
    "created_at",
    "updated_at",
)


async def shown(uow: UnitOfWork, enrollment: Enrollment) -> dict[str, Any]:
    return (await shown_all(uow, [enrollment]))[0]


async def shown_all(uow: UnitOfWork, enrollments: Sequence[Enrollment]) -> list[dict[str, Any]]:
    """In the order given."""
    waiting = await service.waiting_messages(uow, enrollments)
    outlooks = await _outlooks(uow, enrollments)
    return [_shown(one, waiting.get(one.id), outlooks[one.id]) for one in enrollments]


def _shown(
    enrollment: Enrollment, waiting: Message | None, outlook: dict[str, Any]
) -> dict[str, Any]:
    in_flight = waiting is not None and waiting.state == "dispatching"
    return {
        **{name: getattr(enrollment, name) for name in _FIELDS},
        **outlook,
        "opportunity_id": enrollment.record_id,
        "in_flight_message_id": waiting.id if waiting and in_flight else None,
        "waiting_message_id": waiting.id if waiting else None,
    }


async def _outlooks(
    uow: UnitOfWork, enrollments: Sequence[Enrollment]
) -> dict[UUID, dict[str, Any]]:
    """Until when mails may leave, and what will go wrong; of one that has ended, neither."""
    going = [one for one in enrollments if one.state != "ended"]
    opportunities = await records.opportunities(uow, {one.record_id for one in going})
    account_ids = {one.account_id for one in opportunities.values() if one.account_id}
    accounts = await records.accounts(uow, account_ids)
    contacts = await records.contacts(uow, {one.contact_id for one in going})
    versions = await sequences.pinned(
        uow, {(one.sequence_id, one.sequence_version) for one in going}
    )
    gone = await who_left(uow, accounts.values())
    home = await uow.zone()
    found: dict[UUID, dict[str, Any]] = {
        one.id: {"last_send_at": None, "warnings": []} for one in enrollments
    }
    for one in going:
        opportunity = opportunities.get(one.record_id)
        if opportunity is None:
            continue
        account = accounts.get(opportunity.account_id) if opportunity.account_id else None
        zones = zones_of(contacts.get(one.contact_id), account, home)
        version = versions.get((one.sequence_id, one.sequence_version))
        found[one.id] = {
            "last_send_at": last_start(opportunity.contract_expiration, zones.all),
            "warnings": warnings_of(version.definition, account, gone) if version else [],
        }
    return found
