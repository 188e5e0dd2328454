"""What is due in a workspace, for `GET /v1/status`."""

from shared.uow import UnitOfWork
from tasks_api.notes.notes import service as notes
from tasks_api.records.trait_values import service as trait_values
from tasks_api.work.tasks import service as tasks


async def due_work(uow: UnitOfWork) -> dict[str, int]:
    return {
        "pending_breaches": await tasks.count_overdue(uow),
        "tasks_of_vacant_key_roles": await tasks.count_vacant(uow),
        "traits_to_convert": await trait_values.count_converting(uow),
        "pending_field_writes": await notes.count_pending(uow),
    }
