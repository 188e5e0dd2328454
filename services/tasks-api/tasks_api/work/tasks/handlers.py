"""What hands over tasks when members and the holders of key roles change."""

from shared.calendars import copy_calendar
from shared.events.accounts import (
    AccountChanged,
    CalendarChanged,
    MemberChanged,
    MemberHandedOver,
    WorkspaceChanged,
)
from shared.uow import UnitOfWork
from shared.workspaces import copy_workspace
from tasks_api.replica import service as replica
from tasks_api.work.tasks import service


async def on_account_changed(uow: UnitOfWork, event: AccountChanged) -> None:
    if await replica.copy_account(uow, event):
        await service.assign_waiting(uow, event.id)


async def on_workspace_changed(uow: UnitOfWork, event: WorkspaceChanged) -> None:
    zone = await uow.zone()
    await copy_workspace(uow, event)
    await uow.fresh_now()
    if await uow.zone() != zone:
        await service.count_due_again(uow)


async def on_calendar_changed(uow: UnitOfWork, event: CalendarChanged) -> None:
    if await copy_calendar(uow, event):
        await service.count_due_again(uow)


async def on_member_changed(uow: UnitOfWork, event: MemberChanged) -> None:
    before = await replica.work_place(uow, event.id)
    await replica.copy_member(uow, event)
    if await replica.work_place(uow, event.id) != before:
        await service.count_due_again(uow, event.id)


async def on_member_handed_over(uow: UnitOfWork, event: MemberHandedOver) -> None:
    """Comes behind the changes of the accounts, so their new holders are known here."""
    await service.hand_over(uow, event.member_id, event.tasks_to)
