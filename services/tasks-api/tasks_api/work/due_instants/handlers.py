from shared.calendars import copy_calendar
from shared.events.accounts import CalendarChanged, MemberChanged, WorkspaceChanged
from shared.uow import UnitOfWork
from shared.workspaces import copy_workspace
from tasks_api.replica import service as replica
from tasks_api.work.due_instants import service


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
