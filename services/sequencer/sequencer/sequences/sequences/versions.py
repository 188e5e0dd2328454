"""A published version as the planner and the gates read it."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from sequencer.mail.send_windows.rules import Window, expiry, reckonable
from sequencer.mail.send_windows.schemas import SendWindow
from sequencer.replica.schemas import Account, Opportunity, Zones
from sequencer.sequences.planning.rules import Plan, PlannedStep
from sequencer.sequences.sequences.schemas import Definition, Step
from shared.business_time import BusinessCalendar


def readable_definition(stored: Any) -> Definition | None:
    """None for what an older release stored and this one cannot read."""
    try:
        return Definition.model_validate(stored)
    except ValidationError:
        return None


def step_ids(stored: Mapping[str, Any]) -> Iterator[str]:
    """Of a definition as it is stored, whether it can be read or not."""
    steps = stored.get("steps")
    for step in steps if isinstance(steps, list) else ():
        match step:
            case {"id": str() as step_id}:
                yield step_id


@dataclass(frozen=True, slots=True)
class Pinned:
    """One version of a sequence, and what the sequence is called and does now."""

    sequence_id: UUID
    title: str
    state: str
    number: int
    definition: Definition

    def takes_account(self, account: Account | None, inside: Container[tuple[UUID, UUID]]) -> bool:
        """Whether the account is `inside` the segment that it must be in, if there is one."""
        segment = self.definition.account_segment_id
        return segment is None or (account is not None and (segment, account.id) in inside)

    def step(self, step_id: UUID) -> Step:
        return next(step for step in self.definition.steps if step.id == step_id)

    @property
    def first_day(self) -> timedelta:
        return timedelta(days=self.definition.ordered()[0].offset_days)

    @property
    def last_day(self) -> timedelta:
        return timedelta(days=self.definition.ordered()[-1].offset_days)

    @property
    def grace(self) -> timedelta:
        """How long after its first day a record still enters by itself."""
        return timedelta(days=self.definition.entry.late_grace_days)


def segments_of(versions: Iterable[Pinned]) -> set[UUID]:
    """Those that decide who is in them."""
    definitions = [version.definition for version in versions]
    named = {each.audience_segment_id for each in definitions}
    named |= {each.account_segment_id for each in definitions}
    return {segment for segment in named if segment is not None}


def plan_of(
    definition: Definition,
    opportunity: Opportunity | None,
    account: Account | None,
    zones: Zones,
    calendar: BusinessCalendar,
    *,
    floor: date | None = None,
) -> Plan | None:
    """The dated steps for one opportunity; None without a date to count from. Pure: same version,
    same records, same calendar, same plan.
    """
    anchor = opportunity.contract_expiration if opportunity else None
    if anchor is None:
        return None
    country = account.country if account else None
    steps = tuple(
        PlannedStep(
            id=step.known_id,
            day=reckonable(anchor) + timedelta(days=step.offset_days),
            window=window_of(step.send_window or definition.send_window, country, calendar),
        )
        for step in definition.ordered()
    )
    return Plan(steps=steps, zone=zones.wall, expires_at=expiry(anchor, zones.all), floor=floor)


def window_of(window: SendWindow, country: str | None, calendar: BusinessCalendar) -> Window:
    """`calendar` is the workspace's."""
    start, end = window.times()
    return Window(
        start=start,
        end=end,
        weekdays=frozenset(window.weekdays),
        country=country if window.skip_public_holidays else None,
        calendar=calendar if window.skip_closed_days else None,
    )
