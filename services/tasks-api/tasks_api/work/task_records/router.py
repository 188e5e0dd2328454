from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Path, Response

from shared.auth import Caller
from shared.bulk import BulkOut, bulk_response
from shared.history.schemas import (
    FieldChangeOut,
    FieldParam,
    KnownUntilParam,
    SinceParam,
    UntilParam,
)
from shared.paging import CursorParam, Limit, Page
from shared.schemas import ExternalId
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import OptionalIfMatch
from tasks_api.records.history import service as history
from tasks_api.records.upserts.service import be_quiet, read_one, read_rows
from tasks_api.work.task_records import service
from tasks_api.work.task_records.schemas import EXAMPLE, TaskRow, TaskRows, TaskUpsert
from tasks_api.work.tasks import service as tasks
from tasks_api.work.tasks.rules import TASK
from tasks_api.work.tasks.schemas import TaskOut

router = api_router("/v1/tasks", "Tasks")

Reader = Annotated[Caller, require("tasks:read")]
Writer = Annotated[Caller, require("tasks:write")]
ExternalIdPath = Annotated[
    ExternalId,
    Path(description="The task's id in your system; a `/` in it is sent as `%2F`."),
]


@router.post("/bulk", response_model=BulkOut, summary="Upsert tasks")
async def upsert_tasks(
    data: TaskRows, caller: Writer, running: ServiceDep, begin: BeginUow
) -> Response:
    """Creates or changes up to 5,000 tasks by `external_id`, or updates them by `id`. Each row is
    accepted or rejected by itself, and sending the same rows again changes nothing. A task of
    another platform arrives with its author, its dates and who ended it, and names its records by
    their external ids. Written with `automation: quiet`, nobody is notified.
    """
    quiet = data.quiet
    read = await read_rows(running, caller, TASK.name, data.listed(), TaskRow)
    uow = await begin()
    be_quiet(uow, quiet, "Bulk write of tasks", dry_run=data.dry_run)
    outcomes = await service.write_tasks(uow, caller, read, dry_run=data.dry_run)
    return bulk_response(outcomes, quiet.id if quiet else None)


@router.get(
    "/by-external-id/{external_id:path}",
    response_model=TaskOut,
    summary="Get the task with an external id",
)
async def get_task_by_external_id(external_id: ExternalIdPath, caller: Reader, uow: Uow) -> Any:
    """The task that has this external id, open or ended."""
    return await tasks.get_task_by_external_id(uow, external_id)


@router.put(
    "/by-external-id/{external_id:path}",
    response_model=TaskOut,
    summary="Create or update the task with an external id",
    responses={201: {"model": TaskOut, "description": "It did not exist."}},
)
async def put_task(
    external_id: ExternalIdPath,
    data: Annotated[
        TaskUpsert, Body(openapi_examples={"ended": {"summary": "One of 2023", "value": EXAMPLE}})
    ],
    version: OptionalIfMatch,
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
    response: Response,
) -> Any:
    """Sets what the body says and creates the task if there is none; a field left out stays as it
    is. A task that has ended is not opened again: 409.
    """
    read = await read_one(running, caller, TASK.name, data, external_id, version)
    uow = await begin()
    (outcome,) = await service.write_tasks(uow, caller, read)
    response.status_code = 201 if outcome.status == "created" else 200
    return await service.task_written(uow, outcome)


@router.get(
    "/{task_id}/history", response_model=Page[FieldChangeOut], summary="List changes of a task"
)
async def list_task_history(
    task_id: Annotated[UUID, Path(description="The id of the task that changed.")],
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
    field: FieldParam = None,
    since: SinceParam = None,
    until: UntilParam = None,
    known_until: KnownUntilParam = None,
    cursor: CursorParam = None,
    limit: Limit = 50,
) -> Response:
    """Lists the changes of the task, newest first, each with when it became true, when Tenure
    learned of it, and why. It begins with `created`.
    """
    await tasks.get_task(uow, task_id)
    wanted = history.Wanted(field, since, until, known_until)
    body = await history.page(uow, TASK.name, task_id, running.cursors, wanted, cursor, limit)
    return Response(body, media_type="application/json")
