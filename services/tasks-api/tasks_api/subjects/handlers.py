"""What follows for tasks and notes from what happens to the record that they are about."""

from shared.events.accounts import (
    AccountChanged,
    ContactChanged,
    ObjectChanged,
    OpportunityChanged,
    OrganizationChanged,
    RecordChanged,
)
from shared.uow import UnitOfWork
from tasks_api.replica.service import IGNORED
from tasks_api.subjects import service


async def on_organization_changed(uow: UnitOfWork, event: OrganizationChanged) -> None:
    await _follow(uow, event, "organization")


async def on_contact_changed(uow: UnitOfWork, event: ContactChanged) -> None:
    await _follow(uow, event, "contact")


async def on_opportunity_changed(uow: UnitOfWork, event: OpportunityChanged) -> None:
    await _follow(uow, event, "opportunity")


async def on_object_changed(uow: UnitOfWork, event: ObjectChanged) -> None:
    await _follow(uow, event, event.object_type)


async def on_account_changed(uow: UnitOfWork, event: AccountChanged) -> None:
    """Those of an ignored account leave the lists, too."""
    is_ignored = event.record.lifecycle_status == IGNORED
    await _follow(uow, event, "account", is_hidden=is_ignored)
    if "lifecycle_status" in event.changed and event.change not in {"deleted", "merged"}:
        await service.hide(uow, "account", event.id, hidden=is_ignored)


async def _follow(
    uow: UnitOfWork, event: RecordChanged, record_type: str, *, is_hidden: bool = False
) -> None:
    winner = event.merged_into
    if event.change == "merged" and winner is not None and winner != event.id:
        await service.follow_merge(uow, record_type, event.id, winner)
    elif event.change == "deleted":
        await service.end(uow, record_type, event.id)
    elif event.change == "undeleted":
        await service.bring_back(uow, record_type, event.id, hidden=is_hidden)
