from shared.events.base import Envelope
from shared.quiet import quiet_batch_of
from shared.uow import UnitOfWork
from sync_worker.partners.partner_events import service as partner_events
from sync_worker.partners.webhook_deliveries import service


async def tell_partners(uow: UnitOfWork, envelope: Envelope) -> None:
    """A public event goes into the feed and on its way to every endpoint that wants it, once."""
    kept = await partner_events.keep(uow, envelope)
    if kept is not None:
        public_type, is_new = kept
        is_quiet = quiet_batch_of(envelope.cause) is not None
        await service.fan_out(
            uow, envelope.id, public_type, envelope.payload, is_new=is_new, is_quiet=is_quiet
        )
