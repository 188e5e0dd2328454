"""What is due in a workspace, for `GET /v1/status`."""

from accounts_api.automation.corrections import service as corrections
from accounts_api.automation.handovers import service as handovers
from accounts_api.customers.imports import service as imports
from accounts_api.customers.key_roles import service as key_roles
from accounts_api.customers.object_types import service as object_types
from accounts_api.evaluation.engine import service as engine
from accounts_api.records.cascades import service as cascades
from shared.uow import UnitOfWork


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    return {
        **await engine.due_work(uow),
        "past_corrections": await corrections.count_queued(uow),
        "planned_holdings": await key_roles.count_due(uow),
        "handovers": await handovers.count_running(uow),
        "import_rows": await imports.count_waiting(uow),
        "records_to_follow": await cascades.count_queued(uow),
        "objects_of_deleted_types": await object_types.count_left(uow),
    }
