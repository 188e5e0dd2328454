"""Asks what time has made of formulas, at once or beside the hand-overs."""

import asyncio
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sequencer.mail.current_values.client import AWAY, Asker, current_values
from sequencer.mail.current_values.rules import CurrentValues, Wanted
from shared.fault_points import faultpoint
from shared.logging import get_logger

__all__ = ["Asker", "current_values"]

log = get_logger(__name__)

_KEPT_SECONDS: Final = 10.0
"""How old an answer may be before it is asked for anew."""


@dataclass(frozen=True, slots=True)
class _Answered:
    values: CurrentValues
    at: float


@dataclass
class Asking:
    """Questions under way, one of a workspace at most: who must wait for accounts waits alone."""

    _tasks: dict[UUID, asyncio.Task[_Answered]] = field(default_factory=dict)

    @property
    def under_way(self) -> set[asyncio.Task[_Answered]]:
        return {task for task in self._tasks.values() if not task.done()}

    def begin(self, asker: Asker, wanted: Collection[Wanted]) -> None:
        """Ask, unless the workspace has a question under way."""
        task = self._tasks.get(asker.workspace_id)
        if wanted and (task is None or task.done()):
            name = f"values:{asker.workspace_id}"
            self._tasks[asker.workspace_id] = asyncio.create_task(_ask(asker, wanted), name=name)

    def answer(self, workspace_id: UUID) -> CurrentValues:
        """What the last question brought, once; nothing when there is none or it is old."""
        task = self._tasks.get(workspace_id)
        if task is None or not task.done():
            return CurrentValues()
        del self._tasks[workspace_id]
        answered = task.result()
        is_fresh = time.monotonic() - answered.at <= _KEPT_SECONDS
        return answered.values if is_fresh else CurrentValues()


async def _ask(asker: Asker, wanted: Collection[Wanted]) -> _Answered:
    try:
        values = await current_values(asker, wanted)
    except Exception:
        log.exception("current values could not be read")
        values = CurrentValues(lacking=dict.fromkeys(wanted, AWAY))
    faultpoint("send.after_asking")
    return _Answered(values, time.monotonic())
