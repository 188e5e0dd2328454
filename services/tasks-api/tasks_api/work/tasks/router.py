from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Request, Response

from shared.auth import Caller
from shared.errors import check_version, invalid
from shared.lists.schemas import CountedPage
from shared.lists.service import ListQuery
from shared.routers.internal import on_behalf
from shared.routers.usages import peer_transaction
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import BeginUow, ServiceDep, Uow, api_router, require
from shared.web.versions import IfMatch
from tasks_api.records.traits.service import known_members, look_at, write_of
from tasks_api.replica.references import Named, must_exist
from tasks_api.work.tasks import service
from tasks_api.work.tasks.rules import TASK
from tasks_api.work.tasks.schemas import (
    Completion,
    Me,
    Reassignment,
    Snooze,
    TaskIn,
    TaskListParams,
    TaskOut,
    TaskPatch,
    TaskSearch,
)

router = api_router("/v1/tasks", "Tasks")
internal = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, require("tasks:read")]
Writer = Annotated[Caller, require("tasks:write")]
TaskId = Annotated[UUID, Path(alias="id", description="The id of the task.")]

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


_SEARCH: Any = {
    "overdue": {
        "summary": "Overdue tasks of a category, the most important first",
        "value": {
            "filter": 'status = "open" and due_at is past and category = "renewal"',
            "sort": "-priority,due_at",
            "count": "estimate",
        },
    }
}


@router.get("", response_model=CountedPage[TaskOut], summary="List tasks")
async def list_tasks(
    caller: Reader, uow: Uow, running: ServiceDep, params: Annotated[TaskListParams, Query()]
) -> Any:
    """Tasks of every member, soonest due first unless `sort` says otherwise, and those that
    `filter` finds if there is one: `status = "open" and due_at is past`. Those without a due
    instant come last.
    """
    query = ListQuery(**params.model_dump(exclude={"assignee"}))
    mine = _mine(caller, params.assignee, "/query/assignee")
    return await service.list_tasks(uow, query, mine, running.cursors)


@router.post("/search", response_model=CountedPage[TaskOut], summary="Search tasks")
async def search_tasks(
    data: Annotated[TaskSearch, Body(openapi_examples=_SEARCH)],
    caller: Reader,
    uow: Uow,
    running: ServiceDep,
) -> Any:
    """Finds tasks by a rule, as the list does; a rule that is too long for an address fits here."""
    query = ListQuery(**data.model_dump(exclude={"assignee"}), pointers="")
    mine = _mine(caller, data.assignee, "/assignee")
    return await service.list_tasks(uow, query, mine, running.cursors)


def _mine(caller: Caller, assignee: Me, pointer: str) -> UUID | None:
    if assignee is not None and caller.member_id is None:
        raise invalid(pointer, "no_member", "This key belongs to no member: filter by assignee_id.")
    return caller.member_id if assignee is not None else None


@router.post(
    "",
    status_code=201,
    response_model=TaskOut,
    summary="Create a task",
    response_description="The new task.",
    responses={
        200: {
            "model": TaskOut,
            "description": "The open task that has this `dedupe_key`, as it is.",
        }
    },
)
@all_faults_at_once
async def create_task(
    data: Annotated[TaskIn, Body(openapi_examples=_EXAMPLES)],
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
    response: Response,
) -> Any:
    """Opens a task and notifies its assignee. While an open task has the same `dedupe_key`, that
    one is the answer, with 200. A record, member or key role that is not there is a 422.
    """
    members, faults = await look_at(running, caller, TASK.name, data.traits)
    named = service.named_by(data)
    kept = await must_exist(running, caller, named, [*data.faults(), *faults])
    data = data.model_copy(update=kept)
    task, new = await service.create_task(await begin(), caller, data, members)
    response.status_code = 201 if new else 200
    return task


@router.get("/{id}", response_model=TaskOut, summary="Get a task")
async def get_task(task_id: TaskId, caller: Reader, uow: Uow) -> Any:
    """One task, open or ended."""
    return await service.get_task(uow, task_id)


@router.patch("/{id}", response_model=TaskOut, summary="Update a task")
@all_faults_at_once
async def update_task(
    task_id: TaskId,
    data: Annotated[TaskPatch, Body(openapi_examples={"high": {"value": {"priority": "high"}}})],
    caller: Writer,
    running: ServiceDep,
    begin: BeginUow,
    if_match: IfMatch,
) -> Any:
    """Changes an open task; one that has ended is refused with 409. A new `due_at` starts the clock
    again, so that the task may breach once more.
    """
    members = await known_members(running, caller, TASK.name, data.traits)
    uow = await begin()
    held_to = await write_of(uow, caller, TASK.name, members) if data.traits else None
    task = await service.get_task(uow, task_id, lock=True)
    check_version(if_match, task.version)
    return await service.update_task(uow, task, data, held_to)


@router.post("/{id}/complete", response_model=TaskOut, summary="Complete a task")
async def complete_task(
    task_id: TaskId,
    caller: Writer,
    uow: Uow,
    data: Annotated[
        Completion | None, Body(openapi_examples={"done": {"value": {"outcome": "Renewed"}}})
    ] = None,
) -> Any:
    """Ends an open task with its outcome. A task that has ended already is refused with 409."""
    return await service.complete_task(uow, caller, task_id, data.outcome if data else None)


@router.post("/{id}/reassign", response_model=TaskOut, summary="Reassign a task")
async def reassign_task(
    task_id: TaskId,
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
    """Gives an open task to a member, who gets a notification; its due instant stays. A repeated
    call changes nothing.
    """
    await must_exist(running, caller, Named(assignee_id=data.assignee_id))
    return await service.reassign_task(await begin(), task_id, data.assignee_id)


@router.post("/{id}/snooze", response_model=TaskOut, summary="Snooze a task")
async def snooze_task(
    task_id: TaskId,
    data: Annotated[
        Snooze, Body(openapi_examples={"monday": {"value": {"until": "2026-03-09T09:00:00Z"}}})
    ],
    caller: Writer,
    uow: Uow,
) -> Any:
    """Hides an open task from lists that leave out `snoozed_until is future`. It stays open, and is
    breached at its due instant all the same.
    """
    return await service.snooze_task(uow, task_id, data.until)


@internal.get("/internal/members/{member_id}/load")
async def member_load(
    member_id: UUID, request: Request, caller: Annotated[Caller, on_behalf("members:read")]
) -> dict[str, Any]:
    """Asked by the accounts service before somebody hands over."""
    async with peer_transaction(request, caller) as uow:
        return await service.load_of(uow, member_id)
