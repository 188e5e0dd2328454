from shared.events.accounts import WorkspaceChanged
from shared.uow import UnitOfWork
from tasks_api.notes.note_templates import service


async def on_workspace_changed(uow: UnitOfWork, event: WorkspaceChanged) -> None:
    await service.ensure_shipped_template(uow)
