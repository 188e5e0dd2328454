from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, Response

from shared.auth import Caller
from shared.errors import check_version, invalid
from shared.paging import CursorParam, Limit, Page
from shared.routers.internal import on_behalf
from shared.routers.usages import peer_transaction
from shared.schemas import Instant
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch, etag
from tasks_api.replica.references import Named, must_exist
from tasks_api.work.tasks import service
from tasks_api.work.tasks.queries import TaskFilter
from tasks_api.work.tasks.rows import Status
from tasks_api.work.tasks.schemas import (
    Completion,
    Reassignment,
    Snooze,
    TaskIn,
    TaskOut,
    TaskPatch,
)

router = api_router("/v1/tasks", "Tasks")
internal = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, require("tasks:read")]
Writer = Annotated[Caller, require("tasks:write")]

_EXAMPLES: Any = {
    "call": {
        "summary": "Two business days for the CSM of an account",
        "value": {
            "title": "Call about the renewal",
            "account_id": "0198c0de-0000-7000-8000-000000000001",
            "assignee_key_role": "csm",
            "due_business_days": 2,
        },
    }
}


@router.get("", response_model=Page[TaskOut], summary="List tasks, soonest due first")
async def list_tasks(
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
    status: Annotated[Status | None, Query()] = None,
    assignee: Annotated[
        str | None, Query(description="A member's id, `me`, or `nobody`.", examples=["me"])
    ] = None,
    key_role_vacant: Annotated[
        bool | None, Query(description="Whether they wait because nobody holds their key role.")
    ] = None,
    cause: Annotated[str | None, Query(max_length=100, examples=["no_deal_room"])] = None,
    subject_id: Annotated[UUID | None, Query()] = None,
    account_id: Annotated[UUID | None, Query()] = None,
    due: Annotated[
        Literal["overdue"] | None, Query(description="`overdue`: due before now.")
    ] = None,
    due_before: Annotated[Instant | None, Query()] = None,
    include_snoozed: Annotated[bool, Query()] = True,  # noqa: FBT002  (a query parameter)
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Any:
    now = await uow.now()
    wanted = TaskFilter(
        status=status,
        assignee_id=_assignee(caller, assignee),
        unassigned=assignee == "nobody",
        vacant=key_role_vacant,
        cause=cause,
        subject_id=subject_id,
        account_id=account_id,
        due_before=now if due == "overdue" else due_before,
        awake_at=None if include_snoozed else now,
    )
    return await service.list_tasks(uow, wanted, cursor, limit, running.cursors)


def _assignee(caller: Caller, given: str | None) -> UUID | None:
    if given is None or given == "nobody":
        return None
    if given == "me":
        if caller.member_id is None:
            raise invalid(
                "/query/assignee", "no_member", "This key belongs to no member; name one by id."
            )
        return caller.member_id
    try:
        return UUID(given)
    except ValueError as error:
        raise invalid(
            "/query/assignee", "uuid_parsing", "Use a member's id, `me` or `nobody`."
        ) from error


@router.post(
    "",
    status_code=201,
    response_model=TaskOut,
    summary="Open a task",
    responses={200: {"model": TaskOut, "description": "An open task has this dedupe key."}},
)
@all_faults_at_once
async def create_task(
    data: Annotated[TaskIn, Body(openapi_examples=_EXAMPLES)],
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
    response: Response,
) -> Any:
    """What it names must be there: a record, a member, a key role that is not is a 422."""
    kept = await must_exist(running, caller, service.named_by(data), data.faults())
    data = data.model_copy(update=kept)
    task, new = await service.create_task(await begin(), caller, data)
    response.headers["etag"] = etag(task.version)
    response.headers["location"] = f"/v1/tasks/{task.id}"
    response.status_code = 201 if new else 200
    return task


@router.get("/{task_id}", response_model=TaskOut, summary="Read a task")
async def get_task(task_id: UUID, caller: Reader, uow: Uow, response: Response) -> Any:
    task = await service.get_task(uow, task_id)
    response.headers["etag"] = etag(task.version)
    return task


@router.patch("/{task_id}", response_model=TaskOut, summary="Edit an open task")
@all_faults_at_once
async def edit_task(
    task_id: UUID,
    data: Annotated[TaskPatch, Body(openapi_examples={"high": {"value": {"priority": "high"}}})],
    caller: Writer,
    uow: Uow,
    if_match: IfMatch,
    response: Response,
) -> Any:
    task = await service.get_task(uow, task_id, lock=True)
    check_version(if_match, task.version)
    edited = await service.edit_task(uow, task, data)
    response.headers["etag"] = etag(edited.version)
    return edited


@router.post("/{task_id}/complete", response_model=TaskOut, summary="Complete a task")
async def complete_task(
    task_id: UUID,
    caller: Writer,
    uow: Uow,
    data: Annotated[
        Completion | None, Body(openapi_examples={"done": {"value": {"outcome": "Renewed"}}})
    ] = None,
) -> Any:
    return await service.complete_task(uow, caller, task_id, data.outcome if data else None)


@router.post("/{task_id}/reassign", response_model=TaskOut, summary="Hand a task to someone else")
async def reassign_task(
    task_id: UUID,
    data: Annotated[
        Reassignment,
        Body(
            openapi_examples={
                "member": {"value": {"assignee_id": "0198c0de-0000-7000-8000-000000000002"}}
            }
        ),
    ],
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
) -> Any:
    await must_exist(running, caller, Named(assignee_id=data.assignee_id))
    return await service.reassign_task(await begin(), task_id, data.assignee_id)


@router.post("/{task_id}/snooze", response_model=TaskOut, summary="Hide a task until an instant")
async def snooze_task(
    task_id: UUID,
    data: Annotated[
        Snooze, Body(openapi_examples={"monday": {"value": {"until": "2026-03-09T09:00:00Z"}}})
    ],
    caller: Writer,
    uow: Uow,
) -> Any:
    return await service.snooze_task(uow, task_id, data.until)


@internal.get("/internal/members/{member_id}/load")
async def member_load(
    member_id: UUID, request: Request, caller: Annotated[Caller, on_behalf("members:read")]
) -> dict[str, Any]:
    """Asked by the accounts service before somebody hands over."""
    async with peer_transaction(request, caller) as uow:
        return await service.load_of(uow, member_id)
