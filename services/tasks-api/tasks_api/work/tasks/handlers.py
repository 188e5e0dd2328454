"""What hands over tasks when members and the holders of key roles change."""

from shared.events.accounts import (
    AccountChanged,
    MemberHandedOver,
)
from shared.uow import UnitOfWork
from tasks_api.replica import service as replica
from tasks_api.work.tasks import service


async def on_account_changed(uow: UnitOfWork, event: AccountChanged) -> None:
    if await replica.copy_account(uow, event):
        await service.assign_waiting(uow, event.id)


async def on_member_handed_over(uow: UnitOfWork, event: MemberHandedOver) -> None:
    """Comes behind the changes of the accounts, so their new holders are known here."""
    await service.hand_over(uow, event.member_id, event.tasks_to)
