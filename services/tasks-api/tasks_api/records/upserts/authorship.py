"""Who did something and when, as a client tells it of another platform, or else the caller now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from shared.auth import Caller
from shared.errors import Fault, Forbidden
from shared.uow import UnitOfWork
from tasks_api.records.upserts.batch import Edit, State

AUTHORS: Final = "members:write"
"""What it takes to write in the name of somebody else, or of another time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Who writes, and when by the workspace's clock."""

    caller: Caller
    now: datetime
    zone: ZoneInfo

    @classmethod
    async def of(cls, uow: UnitOfWork, caller: Caller) -> "Moment":
        return cls(caller, await uow.now(), await uow.zone())

    def told(
        self, edit: Edit, before: State | None, *, member: str, instant: str
    ) -> dict[str, Any]:
        """The two columns as they are to be. What stands there already, or would without being
        told, is told by anybody. Raises `Forbidden` for another author or instant of somebody who
        may not, and `Invalid` for an instant that is still to come.
        """
        if before is None or before[instant] is None:
            values = {member: self.caller.member_id, instant: self.now}
        else:
            values = {name: before[name] for name in (member, instant)}
        told = {name: edit.given[name] for name in values if name in edit.given}
        if told.get(instant, self.now) is None:
            del told[instant]
        new = {name: value for name, value in told.items() if value != values[name]}
        self._must_author(edit.pointer, list(new))
        if new.get(instant, self.now) > self.now:
            message = f"It is {self.now.isoformat()} by the workspace's clock: that is to come."
            fault = Fault(f"{edit.pointer}/{instant}", "in_the_future", message)
            raise edit.refused([fault])
        return {**values, **told}

    def _must_author(self, pointer: str, names: list[str]) -> None:
        if not names:
            return
        try:
            self.caller.must(AUTHORS)
        except Forbidden as refusal:
            faults = [
                Fault(f"{pointer}/{name}", "forbidden", f"Leave it out: {refusal.detail}")
                for name in names
            ]
            raise Forbidden(refusal.detail, faults=faults, **refusal.extra) from None
