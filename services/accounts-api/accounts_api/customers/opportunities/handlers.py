from accounts_api.customers.opportunities import service
from shared.events.sequences import ManualEntryUsed, MessageSent
from shared.uow import UnitOfWork


async def on_message_sent(uow: UnitOfWork, event: MessageSent) -> None:
    await service.set_renewal_sequence_status(
        uow, event.opportunity_id, f"{event.step_title} sent", event.sent_at
    )


async def on_manual_entry_used(uow: UnitOfWork, event: ManualEntryUsed) -> None:
    await service.reset_manual_entry(uow, event.opportunity_id, event.opportunity_version)
