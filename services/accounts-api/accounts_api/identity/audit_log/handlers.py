from accounts_api.identity.audit_log import service
from shared.events.base import ConfigurationChanged
from shared.uow import UnitOfWork


async def on_configuration_changed(uow: UnitOfWork, event: ConfigurationChanged) -> None:
    await service.record_elsewhere(uow, event)
