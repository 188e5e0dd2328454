from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sequencer.mail.mailboxes import service as mailboxes
from sequencer.mail.templates.rules import traits_in
from sequencer.sequences.sequences.schemas import Definition
from sequencer.sequences.sequences.versions import readable_definition
from sequencer.usages import queries
from sequencer.usages.queries import count_without_sender
from shared.uow import UnitOfWork
from shared.usages import Usage, UsageTarget

__all__ = ["count_without_sender"]


async def uses(
    uow: UnitOfWork, what: UsageTarget, record_type: str | None, key: str
) -> Sequence[Usage]:
    """Sequences that would not be what they are without it; of a member, mailboxes too."""
    usages: dict[UUID, Usage] = {}
    own = []
    if what == "member":
        own = [
            Usage("mailbox", str(row.id), row.email)
            for row in await queries.mailboxes_of(uow, UUID(key))
        ]
    boxes = {box.id for box in own}
    for row in await queries.definitions_in_force(uow):
        if row.id not in usages and _may_use(row.definition, what, record_type, key, boxes):
            usages[row.id] = Usage("sequence", str(row.id), row.title)
    return [*usages.values(), *own]


def _may_use(
    stored: Mapping[str, object],
    what: UsageTarget,
    record_type: str | None,
    key: str,
    boxes: Collection[str],
) -> bool:
    """One that cannot be read any more may use anything, and must not hide what others use."""
    definition = readable_definition(stored)
    return definition is None or _uses(definition, what, record_type, key, boxes)


def _uses(
    definition: Definition,
    what: UsageTarget,
    record_type: str | None,
    key: str,
    boxes: Collection[str],
) -> bool:
    match what:
        case "segment":
            segments = {definition.audience_segment_id, definition.account_segment_id}
            return key in {str(segment) for segment in segments}
        case "key_role":
            tasks, notified = definition.tasks.assignee_key_role, definition.notify_key_role
            return key in {definition.sender.key_role, tasks, notified}
        case "survey":
            return False
        case "member":
            return str(definition.sender.mailbox_id) in boxes
        case "trait":
            if record_type == "contact" and key == definition.contact_selector.trait:
                return True
            name = f"{record_type}.traits.{key}"
            return any(
                name in traits_in(source, html=html) for _, source, html in definition.templates()
            )
        case "metric":
            return False


async def load_of(uow: UnitOfWork, member_id: UUID, successors: Collection[UUID]) -> dict[str, Any]:
    """Open enrollments that a member's mailbox sends for, and which successors have a mailbox."""
    counts = await queries.sent_for(uow, member_id)
    with_mailbox = await mailboxes.mailboxes_of_members(uow, set(successors))
    return {
        "by_key_role": {each.key_role: each.enrollments for each in counts if each.key_role},
        "own_mailbox": sum(each.enrollments for each in counts if not each.key_role),
        "with_mailbox": sorted(str(member) for member in with_mailbox),
    }
