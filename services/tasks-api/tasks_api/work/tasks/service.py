from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final, cast
from uuid import UUID, uuid5

from shared.auth import Caller
from shared.errors import Conflict, NotFound
from shared.events.tasks import TaskBreached, TaskClosed, TaskCloseReason, TaskCompleted, TaskOpened
from shared.feed import dead_events
from shared.ids import new_id
from shared.lists.service import ListQuery
from shared.paging import CursorSigner
from shared.traits.patches import TraitWrite
from shared.uow import UnitOfWork
from shared.usages import MOST_USAGES, Usage, UsageTarget
from tasks_api.notifications import service as notifications
from tasks_api.notifications.rows import NewNotification
from tasks_api.records.history import service as history
from tasks_api.records.traits.service import defaults_of, patched, traits_of_new
from tasks_api.records.upserts.authorship import Moment
from tasks_api.records.upserts.batch import Edit, differences
from tasks_api.records.upserts.service import claim
from tasks_api.replica import service as replica
from tasks_api.replica.references import Named
from tasks_api.work.tasks import queries
from tasks_api.work.tasks.rows import NewTask, Task, TaskChanges
from tasks_api.work.tasks.rules import HAND_WORK, TASK, TOLD, due_instant
from tasks_api.work.tasks.schemas import TaskIn, TaskPatch

UPSERTED: Final = queries.UPSERTED


class TaskNotFound(NotFound):
    code = "task_not_found"


class AlreadyEnded(Conflict):
    code = "task_already_ended"
    title = "This task is no longer open"


def named_by(data: TaskIn) -> Named:
    return Named(
        data.subject_type,
        data.subject_id,
        data.account_id,
        data.assignee_id,
        data.assignee_key_role,
        data.author_id,
    )


async def create_task(
    uow: UnitOfWork, caller: Caller, data: TaskIn, members: Collection[str]
) -> tuple[Task, bool]:
    """The task and whether it is new: an open one with the same dedupe key is returned as it is.
    What it names exists; `members` are those that values of traits name. Raises `Invalid`,
    `Forbidden` and `ExternalIdTaken`.
    """
    traits = await traits_of_new(uow, caller, TASK.name, data.traits, members)
    new = cast("NewTask", data.model_dump(exclude={"due_at", "due_business_days"}))
    new["opened_by"] = {"type": HAND_WORK, "id": caller.principal.id}
    moment = await Moment.of(uow, caller)
    told = Edit("", data.model_dump(include={"author_id", "authored_at"}, exclude_unset=True))
    new |= cast("NewTask", moment.told(told, None, member="author_id", instant="authored_at"))
    new["traits"] = traits
    await claim(uow, queries.UPSERTED, data.external_id)
    if data.due_at is not None:
        new["due_rule"] = {"at": data.due_at.isoformat()}
    elif data.due_business_days is not None:
        new["due_rule"] = {"business_days": data.due_business_days}
    return await open_task(uow, new)


async def open_task(uow: UnitOfWork, new: NewTask) -> tuple[Task, bool]:
    """What Tenure opens by itself has the defaults of traits, required ones or not."""
    if "traits" not in new:
        new = {**new, "traits": await defaults_of(uow, TASK.name)}
    authored_at = new.get("authored_at") or await uow.now()
    assignee = new.get("assignee_id")
    key_role = new.get("assignee_key_role")
    if assignee is None and key_role:
        assignee = await replica.holder_of(uow, new.get("account_id"), key_role)
    calendar = await replica.calendar_for(uow, assignee)
    due_at = due_instant(new.get("due_rule"), authored_at, calendar)
    hidden_by = sorted(await replica.ignored_among(uow, replica.accounts_of(new)))
    row: NewTask = {
        **new,
        "assignee_id": assignee,
        "authored_at": authored_at,
        "hidden_by": hidden_by,
    }
    task = await queries.insert_task(uow, new_id(), row, due_at=due_at, due_member_id=assignee)
    if task is None:
        existing = await queries.open_task_by_key(uow, new.get("dedupe_key") or "")
        if existing is None:
            raise Conflict("The task with this dedupe key was just ended; try again.")
        return existing, False
    await history.record_created(uow, TASK.name, [(task.id, task.authored_at)])
    publish_opened(uow, task)
    await notify_assignees(uow, [task])
    return task, True


async def get_task(uow: UnitOfWork, task_id: UUID, *, lock: bool = False) -> Task:
    """Raises `TaskNotFound`."""
    task = await queries.task_by_id(uow, task_id, lock=lock)
    if task is None:
        raise TaskNotFound("There is no task with this id.")
    return task


async def _get_open(uow: UnitOfWork, task_id: UUID) -> Task:
    task = await get_task(uow, task_id, lock=True)
    if not task.is_open:
        raise AlreadyEnded(f"It was {task.status} at {task.ended_at:%Y-%m-%d %H:%M} UTC.")
    return task


async def update_task(
    uow: UnitOfWork, task: Task, patch: TaskPatch, held_to: TraitWrite | None
) -> Task:
    """A new due instant starts the clock again: the task may breach once more. `held_to` is for
    values of traits, if there are any. Raises `Invalid`.
    """
    if not task.is_open:
        raise AlreadyEnded
    changes = cast("TaskChanges", patch.changes())
    changes.pop("traits", None)
    if held_to is not None:
        changes["traits"] = patched(held_to, task.traits, patch.traits)
    if "due_at" in changes:
        due = changes["due_at"]
        changes["due_rule"] = {"at": due.isoformat()} if due else None
        changes["breached_at"] = None
    if not changes:
        return task
    return await change(uow, task, changes)


async def change(uow: UnitOfWork, task: Task, changes: TaskChanges) -> Task:
    """Of a task that is locked; its history tells."""
    changed = await queries.change_task(uow, task.id, changes)
    told = differences(TOLD, asdict(task), asdict(changed))
    await history.record_changes(uow, TASK.name, [(task.id, told)])
    return changed


async def complete_task(
    uow: UnitOfWork, caller: Caller, task_id: UUID, outcome: str | None
) -> Task:
    open_task = await _get_open(uow, task_id)
    changes: TaskChanges = {
        "status": "completed",
        "outcome": outcome,
        "ended_at": await uow.now(),
        "ended_by": caller.member_id,
    }
    task = await change(uow, open_task, changes)
    publish_completed(uow, task)
    return task


async def reassign_task(uow: UnitOfWork, task_id: UUID, assignee_id: UUID) -> Task:
    """The due instant stays. A task that the assignee has already does not change."""
    return await _assign(uow, await _get_open(uow, task_id), assignee_id)


async def snooze_task(uow: UnitOfWork, task_id: UUID, until: datetime) -> Task:
    return await change(uow, await _get_open(uow, task_id), {"snoozed_until": until})


async def refresh_task(uow: UnitOfWork, task: Task, changes: TaskChanges) -> Task:
    """What it shows, when what is behind it changed. Nobody is told."""
    return await change(uow, task, changes)


async def close_by_key(uow: UnitOfWork, dedupe_key: str) -> None:
    """The cause went away. Nothing happens when no open task has the key."""
    task = await queries.open_task_by_key(uow, dedupe_key, lock=True)
    if task is None:
        return
    await close(uow, task, "cause_cleared")


async def close(uow: UnitOfWork, task: Task, reason: TaskCloseReason) -> None:
    """End an open task without a person."""
    changes: TaskChanges = {"status": "closed", "outcome": reason, "ended_at": await uow.now()}
    closed = await change(uow, task, changes)
    uow.publish(TaskClosed(**_event_fields(closed), reason=reason))


async def reopen(uow: UnitOfWork, task: Task) -> None:
    """What it closed for is not so any more."""
    opened = await change(uow, task, {"status": "open", "outcome": None, "ended_at": None})
    publish_opened(uow, opened)


def publish_opened(uow: UnitOfWork, task: Task) -> None:
    uow.publish(TaskOpened(**_event_fields(task), due_at=task.due_at))


def publish_completed(uow: UnitOfWork, task: Task) -> None:
    uow.publish(
        TaskCompleted(
            **_event_fields(task),
            outcome=task.outcome,
            completed_by=task.ended_by,
            completed_at=task.ended_at,
        )
    )


async def tasks_by_id(uow: UnitOfWork, ids: Sequence[UUID]) -> list[Task]:
    return await queries.tasks_by_id(uow, ids) if ids else []


async def get_task_by_external_id(uow: UnitOfWork, external_id: str) -> Task:
    """Raises `TaskNotFound`."""
    task = await queries.task_by_external_id(uow, external_id)
    if task is None:
        raise TaskNotFound("There is no task with this external id.")
    return task


async def open_tasks_by_key(uow: UnitOfWork, dedupe_keys: Sequence[str]) -> list[Task]:
    return await queries.open_tasks_by_key(uow, dedupe_keys)


async def today(uow: UnitOfWork) -> date:
    return (await uow.now()).astimezone(await uow.zone()).date()


async def assign_waiting(uow: UnitOfWork, account_id: UUID) -> None:
    """Give tasks that wait for a key role's holder to the member who holds it now."""

    async def assign(task: Task) -> None:
        holder = await _holder_for(uow, task)
        if holder is not None:
            await _assign(uow, task, holder)

    await dead_events.apply_to_each(uow, await queries.waiting_for_holder(uow, account_id), assign)


async def hand_over(uow: UnitOfWork, member_id: UUID, successor_id: UUID | None) -> None:
    """Give a leaving member's open tasks to those who hold the tasks' key roles now, the others to
    the successor; without one they wait in the queue. Their due instants stay.
    """
    successor = await replica.active_member(uow, successor_id)

    async def assign(task: Task) -> None:
        holder = await _holder_for(uow, task)
        await _assign(uow, task, successor if holder in {None, member_id} else holder)

    await dead_events.apply_to_each(uow, await queries.open_tasks_of(uow, member_id), assign)


async def _holder_for(uow: UnitOfWork, task: Task) -> UUID | None:
    if task.assignee_key_role is None:
        return None
    return await replica.holder_of(uow, task.account_id, task.assignee_key_role)


async def load_of(uow: UnitOfWork, member_id: UUID) -> dict[str, Any]:
    """How many open tasks a member has, by the key role that they are assigned by."""
    counts = await queries.count_open_of(uow, member_id)
    return {
        "open": sum(role.count for role in counts),
        "by_key_role": {role.key_role: role.count for role in counts if role.key_role is not None},
    }


async def usages(
    uow: UnitOfWork, target: UsageTarget, _record_type: str | None, key: str
) -> Sequence[Usage]:
    """A member is used by the open tasks that are theirs, a key role by those given by it."""
    if target == "member":
        tasks = await queries.open_tasks_of(uow, UUID(key), MOST_USAGES)
    elif target == "key_role":
        tasks = await queries.open_tasks_by_role(uow, key, MOST_USAGES)
    else:
        return ()
    return [Usage("task", str(task.id), task.title) for task in tasks]


async def publish_breach(uow: UnitOfWork, task_id: UUID) -> None:
    """Once per due instant, even when two workers find the task."""
    task = await queries.task_by_id(uow, task_id, lock=True)
    now = await uow.fresh_now()
    if task is None or not task.is_open or task.breached_at is not None:
        return
    if task.due_at is None or task.due_at > now:
        return
    breached = await change(uow, task, {"breached_at": now})
    uow.publish(TaskBreached(**_event_fields(breached), due_at=task.due_at))


async def list_tasks(
    uow: UnitOfWork, query: ListQuery, assignee_id: UUID | None, signer: CursorSigner
) -> dict[str, Any]:
    """Raises `Invalid` for a faulty rule or order."""
    return await queries.tasks_page(uow, query, assignee_id, signer)


async def _assign(uow: UnitOfWork, task: Task, assignee_id: UUID | None) -> Task:
    if task.assignee_id == assignee_id:
        return task
    assigned = await change(uow, task, {"assignee_id": assignee_id})
    await notify_assignees(uow, [assigned])
    return assigned


async def notify_assignees(uow: UnitOfWork, tasks: Sequence[Task]) -> None:
    """One notification per assignment, which made this version; never of one's own act. While
    nobody holds the key role, the admins get it.
    """
    acting = {link.id for link in uow.cause if link.type == "member"}
    vacant = [task for task in tasks if task.key_role_vacant]
    admins = await replica.admins(uow) if vacant else []
    told = [(task, task.assignee_id) for task in tasks if task.assignee_id is not None]
    told += [(task, member_id) for task in vacant for member_id in admins]
    await notifications.notify(
        uow,
        [
            _notification(task, member_id)
            for task, member_id in told
            if str(member_id) not in acting
        ],
    )


def _notification(task: Task, member_id: UUID) -> NewNotification:
    kind, title = "task.assigned", task.title
    if task.key_role_vacant:
        kind = "task.key_role_vacant"
        title = f"Nobody holds {task.assignee_key_role}: {task.title}"[:200]
    return {
        "member_id": member_id,
        "kind": kind,
        "title": title,
        "body": task.body,
        "subject_type": "task",
        "subject_id": task.id,
        "event_id": uuid5(task.id, str(task.version)),
    }


def _event_fields(task: Task) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "title": task.title,
        "cause": task.cause,
        "subject_type": task.subject_type,
        "subject_id": task.subject_id,
        "account_id": task.account_id,
        "assignee_id": task.assignee_id,
        "external_id": task.external_id,
        "source": task.source,
        "author_id": task.author_id,
        "authored_at": task.authored_at,
        "traits": {**task.traits},
    }


async def count_overdue(uow: UnitOfWork) -> int:
    """Tasks past due whose breach was not published yet."""
    return await queries.count_overdue(uow)


async def count_vacant(uow: UnitOfWork) -> int:
    """Open tasks whose key role nobody holds."""
    return await queries.count_vacant(uow)
