"""An enrollment as clients see it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sequencer.mail.messages.schemas import Message
from sequencer.mail.send_windows.rules import send_deadline
from sequencer.replica import service as records
from sequencer.replica.schemas import zones_of
from sequencer.sequences.enrollments import service
from sequencer.sequences.enrollments.schemas import Enrollment
from sequencer.sequences.sequences import service as sequences
from sequencer.sequences.sequences.warnings import warnings_of, who_left
from shared.uow import UnitOfWork


async def shown(uow: UnitOfWork, enrollment: Enrollment) -> dict[str, Any]:
    return (await shown_all(uow, [enrollment]))[0]


async def shown_all(uow: UnitOfWork, enrollments: Sequence[Enrollment]) -> list[dict[str, Any]]:
    """In the order given."""
    waiting = await service.pending_messages(uow, enrollments)
    outlooks = await _outlooks(uow, enrollments)
    return [_shown(each, waiting.get(each.id), outlooks[each.id]) for each in enrollments]


def _shown(
    enrollment: Enrollment, waiting: Message | None, outlook: dict[str, Any]
) -> dict[str, Any]:
    in_flight = waiting is not None and waiting.state == "dispatching"
    return {
        **asdict(enrollment),
        **outlook,
        "in_flight_message_id": waiting.id if waiting and in_flight else None,
        "pending_message_id": waiting.id if waiting else None,
    }


async def _outlooks(
    uow: UnitOfWork, enrollments: Sequence[Enrollment]
) -> dict[UUID, dict[str, Any]]:
    """Until when mails may leave, and what will go wrong; of one that has ended, neither."""
    going = [each for each in enrollments if each.state != "exited"]
    record_set = await records.with_accounts(uow, {each.opportunity_id for each in going})
    contacts = await records.contacts(uow, {each.contact_id for each in going})
    versions = await sequences.pinned(
        uow, {(each.sequence_id, each.sequence_version) for each in going}
    )
    gone = await who_left(uow, record_set.accounts.values())
    home = await uow.zone()
    outlooks: dict[UUID, dict[str, Any]] = {
        enrollment.id: {"send_deadline": None, "warnings": []} for enrollment in enrollments
    }
    for enrollment in going:
        opportunity = record_set.opportunities.get(enrollment.opportunity_id)
        if opportunity is None:
            continue
        account = record_set.account_of(opportunity.id)
        zones = zones_of(contacts.get(enrollment.contact_id), account, home)
        version = versions.get((enrollment.sequence_id, enrollment.sequence_version))
        outlooks[enrollment.id] = {
            "send_deadline": send_deadline(opportunity.contract_expiration, zones.all),
            "warnings": warnings_of(version.definition, account, gone) if version else [],
        }
    return outlooks
