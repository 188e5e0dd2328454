"""What a row makes of a task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from shared.errors import Fault
from shared.traits.patches import TraitWrite
from tasks_api.records.upserts.authorship import Moment
from tasks_api.records.upserts.batch import Edit, Kind, State
from tasks_api.replica import service as replica
from tasks_api.work.tasks.rules import HAND_WORK, TASK, TOLD
from tasks_api.work.tasks.service import AlreadyEnded, TaskNotFound

_NEW: Final[State] = {
    "title": "",
    "body": "",
    "status": "open",
    "priority": "normal",
    "category": None,
    "tags": [],
    "cause": None,
    "dedupe_key": None,
    "external_id": None,
    "source": None,
    "subject_type": None,
    "subject_id": None,
    "account_id": None,
    "assignee_id": None,
    "assignee_key_role": None,
    "due_rule": None,
    "due_at": None,
    "due_member_id": None,
    "breached_at": None,
    "snoozed_until": None,
    "data": {},
    "traits": {},
    "outcome": None,
    "author_id": None,
    "authored_at": None,
    "ended_at": None,
    "ended_by": None,
    "hidden_by": [],
}
_OF_ENDED: Final = ("outcome", "ended_at", "ended_by")


@dataclass(frozen=True)
class TaskKind(Kind):
    name = TASK.name
    fields = TOLD
    not_found = TaskNotFound

    moment: Moment
    members: Mapping[UUID, bool]
    """Those that rows name, and whether they are active."""
    holders: Mapping[tuple[UUID, str], UUID]
    """By account and key role."""
    ignored: frozenset[UUID]
    """Accounts that are in no list."""
    is_quiet: bool
    traits: TraitWrite

    @override
    def fill(self, edit: Edit, before: State | None) -> State:
        was = before or {
            **_NEW,
            "opened_by": {"type": HAND_WORK, "id": self.moment.caller.principal.id},
        }
        authored = self.moment.told(edit, before, member="author_id", instant="authored_at")
        traits, faults = self.patched(edit, before)
        task = {**was, **edit.given, **authored, "traits": traits}
        if was["status"] != "open" and task["status"] != was["status"]:
            message = f"It was {was['status']} already, and is not opened again."
            fault = Fault(f"{edit.pointer}/status", AlreadyEnded.code, message)
            raise AlreadyEnded(message, faults=[fault])
        if task["status"] == "completed":
            task |= self._ended(edit, was)
        if replica.accounts_of(task) != replica.accounts_of(was):
            task["hidden_by"] = sorted(replica.accounts_of(task) & self.ignored)
        self._assign(edit, was, task)
        self._set_due(was, task)
        faults += self._faults(edit, was, task)
        if faults:
            raise edit.refused(faults)
        return task

    @override
    def sees(self, state: State) -> bool:
        return True

    def _ended(self, edit: Edit, was: State) -> dict[str, Any]:
        """Who did it is not whoever tells of another instant."""
        ended = self.moment.told(edit, was, member="ended_by", instant="ended_at")
        elsewhere = was["ended_at"] is None and ended["ended_at"] != self.moment.now
        if elsewhere and "ended_by" not in edit.given:
            return {**ended, "ended_by": None}
        return ended

    def _assign(self, edit: Edit, was: State, task: State) -> None:
        """To whoever holds the key role, if that or the account is another one now."""
        key_role, account_id = task["assignee_key_role"], task["account_id"]
        if key_role is None or "assignee_id" in edit.given or task["status"] != "open":
            return
        if (key_role, account_id) != (was["assignee_key_role"], was["account_id"]):
            task["assignee_id"] = self.holders.get((account_id, key_role))

    def _set_due(self, was: State, task: State) -> None:
        """A new due instant starts the clock again. One that has passed is a breach that a quiet
        write tells nobody of.
        """
        due_at = task["due_at"]
        if due_at == was["due_at"]:
            return
        task["due_rule"] = None if due_at is None else {"at": due_at.isoformat()}
        passed = due_at is not None and due_at <= self.moment.now
        task["breached_at"] = self.moment.now if self.is_quiet and passed else None

    def _faults(self, edit: Edit, was: State, task: State) -> list[Fault]:
        found = []

        def fault(name: str, code: str, message: str) -> None:
            found.append(Fault(f"{edit.pointer}/{name}", code, message))

        given = edit.given
        if not task["title"]:
            fault("title", "required", "Say what is to be done.")
        if given.get("assignee_id") is not None and given.get("assignee_key_role") is not None:
            fault("assignee_key_role", "one_of", "Give assignee_id or assignee_key_role, not both.")
        if task["assignee_key_role"] is not None and task["account_id"] is None:
            message = "assignee_key_role needs an account to find its holder."
            fault("account_id", "required", message)
        assignee = task["assignee_id"]
        is_new = assignee != was["assignee_id"] or not was["title"]
        if task["status"] == "open" and is_new and self.members.get(assignee) is False:
            fault("assignee_id", "unknown_member", "They have left, and the task is open.")
        if task["status"] == "open":
            for name in _OF_ENDED:
                if task[name] is not None:
                    fault(name, "contradiction", "Only of a task that is `completed`.")
        elif task["ended_at"] < task["authored_at"]:
            fault("ended_at", "before_authored_at", "It ended before it was written.")
        return found
