"""Periods of a status, as evaluations one after the other make them."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from accounts_api.automation.lifecycle.rules import since
from shared.events.records import LifecycleStatus


@dataclass(frozen=True, slots=True)
class Period:
    status: LifecycleStatus
    started_at: datetime
    rule_id: UUID | None
    trial_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    rule_id: UUID | None
    mapped: datetime | None
    trial_ends_at: datetime | None


@dataclass
class Timeline:
    """The periods of an account, as they were known at each instant in turn."""

    periods: list[Period] = field(default_factory=list)

    def decide(self, status: LifecycleStatus, found: Decision, at: datetime) -> None:
        """As an evaluation at the instant would have moved them."""
        current = self.periods[-1] if self.periods else None
        stays = current is not None and current.status == status
        began = since(found.mapped, current.started_at if current and stays else at, at)
        if current is not None and stays and began == current.started_at:
            if found.trial_ends_at != current.trial_ends_at:
                self.periods[-1] = replace(current, trial_ends_at=found.trial_ends_at)
            return
        if current is not None and stays and began > current.started_at and len(self.periods) > 1:
            self.periods.pop()  # the one before lasted longer
        while self.periods and self.periods[-1].started_at >= began:
            self.periods.pop()
        self.periods.append(Period(status, began, found.rule_id, found.trial_ends_at))
