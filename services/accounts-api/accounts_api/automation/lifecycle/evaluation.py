"""Which status each account has: moves accounts as the rules say, keeps their periods."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from accounts_api.automation.lifecycle import queries
from accounts_api.automation.lifecycle.queries import LifecycleRule
from accounts_api.automation.lifecycle.rules import DEFAULT, Status, ranked, since
from accounts_api.customers.accounts import service as accounts
from accounts_api.customers.accounts.service import StatusChange
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.engine.evaluators import Affected, Origin
from accounts_api.evaluation.rule_sets import service as rule_sets
from accounts_api.evaluation.rule_sets.rules import (
    Faulty,
    date_field,
    earliest,
    first,
    rule_of,
    usable,
)
from accounts_api.language.rules.catalog import Catalog, Field
from accounts_api.language.rules.context import Moment
from accounts_api.language.rules.depends import Sight, sights
from accounts_api.language.rules.syntax.nodes import AnyOf
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule
from accounts_api.records.schema import record_catalog
from shared.events.accounts import LifecycleStatusChanged
from shared.events.base import Cause
from shared.uow import UnitOfWork
from shared.usages import Usage


@dataclass(frozen=True, slots=True)
class Usable:
    """A rule that can be judged, with the date it maps."""

    stored: LifecycleRule
    rule: Rule
    since_field: Field | None
    end_field: Field | None


async def usable_rules(
    uow: UnitOfWork, catalog: Catalog
) -> tuple[list[Usable], Faulty[LifecycleRule]]:
    """The rules in the order in which they decide, and those that cannot be used any more, each
    with its faults.
    """
    stored = await rule_sets.all_of(uow, queries.RULES)
    found, faulty = usable(stored, partial(rule_of, catalog, "account"))
    mapped = [(one.status, one.id, _mapped(catalog, one, rule)) for one, rule in found]
    return ranked(mapped), faulty


def _mapped(catalog: Catalog, stored: LifecycleRule, rule: Rule) -> Usable:
    since_field, end_field = (
        date_field(catalog, "account", name) for name in (stored.since_field, stored.end_field)
    )
    return Usable(stored, rule, since_field, end_field)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an account is to become, and why it was looked at."""

    account_id: UUID
    before: Status
    after: Status
    since: datetime
    rule: LifecycleRule | None
    origin: Origin
    moved: bool
    """Another status, not only another date."""
    trial_ends_at: datetime | None


async def judge(uow: UnitOfWork, affected: Affected, moment: Moment) -> int:
    """Make statuses, periods and horizons of the affected accounts what they are at `moment`."""
    origins = affected[uow.workspace_id]
    catalog = await record_catalog.rule_catalog(uow)
    usable, faulty = await usable_rules(uow, catalog)
    await rule_sets.mark(uow, queries.RULES, [one.stored for one in usable], faulty)
    rules = [(one.rule, one.since_field, one.end_field) for one in usable]
    never = check(AnyOf(()), catalog, "account")
    rows = await queries.standings(
        uow.session, uow.workspace_id, rules or [(never, None, None)], list(origins), moment
    )
    horizons = []
    verdicts: list[Verdict] = []
    periods: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    for row in rows:
        flips = earliest(row.flips)
        if flips != row.next_change_at:
            horizons.append((uow.workspace_id, row.record_id, flips))
        if row.deleted:
            continue
        verdict = _verdict(row, usable, origins[row.record_id], moment)
        if verdict.moved or verdict.since != row.since:
            verdicts.append(verdict)
        elif verdict.trial_ends_at != row.trial_ends_at:
            ends.append(_period(verdict))
        if row.period is None and not verdict.moved:
            periods.append(_period(verdict))
    await watching.set_horizons(uow, horizons)
    await _store(uow, verdicts)
    if ends:
        await queries.move_periods(uow.session, uow.workspace_id, ends)
    if periods:
        await queries.start_periods(uow.session, uow.workspace_id, periods)
    return sum(verdict.moved for verdict in verdicts)


def _verdict(row: Any, usable: Sequence[Usable], origin: Origin, moment: Moment) -> Verdict:
    place = first(row.matched)
    decided = usable[place] if place is not None and usable else None
    status: Status = decided.stored.status if decided else DEFAULT
    moved = status != row.status
    mapped = row.dates[place] if place is not None and decided else None
    kept = row.since if not moved and row.since is not None else origin.at
    return Verdict(
        row.record_id,
        row.status,
        status,
        since(mapped, kept, moment.now),
        decided.stored if decided else None,
        origin,
        moved,
        row.ends[place] if place is not None and status == "trial" else None,
    )


def _period(verdict: Verdict) -> dict[str, Any]:
    return {
        "account_id": verdict.account_id,
        "status": verdict.after,
        "at": verdict.since,
        "rule_id": verdict.rule.id if verdict.rule else None,
        "trial_ends_at": verdict.trial_ends_at,
    }


async def _store(uow: UnitOfWork, verdicts: Sequence[Verdict]) -> None:
    """Records and events carry the cause that goes back to the change, by way of the rule."""
    grouped: dict[tuple[Origin, UUID | None], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        grouped[verdict.origin, verdict.rule.id if verdict.rule else None].append(verdict)
    before = uow.cause
    await uow.flush_events()
    for (origin, _), group in grouped.items():
        rule = group[0].rule
        label = rule.title if rule else "no rule of another status matches"
        uow.cause = (
            *origin.cause,
            Cause(type="rule", id=str(rule.id) if rule else DEFAULT, label=label),
        )
        changes = [StatusChange(v.account_id, v.after, v.since) for v in group]
        await accounts.set_lifecycle_status(uow, changes)
        uow.publish(*(_event(verdict) for verdict in group if verdict.moved))
        await uow.flush_events()
    uow.cause = before
    moved = [_period(verdict) for verdict in verdicts if verdict.moved]
    shifted = [_period(verdict) for verdict in verdicts if not verdict.moved]
    if moved:
        await queries.start_periods(uow.session, uow.workspace_id, moved)
    if shifted:
        await queries.move_periods(uow.session, uow.workspace_id, shifted)


def _event(verdict: Verdict) -> LifecycleStatusChanged:
    return LifecycleStatusChanged(
        account_id=verdict.account_id,
        before=verdict.before,
        after=verdict.after,
        effective_at=verdict.since,
        rule_id=verdict.rule.id if verdict.rule else None,
    )


async def set_aside(uow: UnitOfWork, _: UUID, reason: str) -> None:
    """They decide together, so none of them can be judged; accounts keep their status."""
    await rule_sets.set_aside(uow, queries.RULES, reason)


async def users(uow: UnitOfWork, _: Sequence[UUID], sight: Sight) -> Sequence[Usage]:
    """The rules that see something."""
    usable, _faulty = await usable_rules(uow, await record_catalog.rule_catalog(uow))
    found = []
    for one in usable:
        seen = {(s.record_type, s.what) for s in sights(one.rule)}
        mapped = {("account", one.stored.since_field), ("account", one.stored.end_field)}
        if (sight.record_type, sight.what) in seen | mapped:
            found.append(Usage("lifecycle_rule", str(one.stored.id), one.stored.title))
    return found


async def gives(uow: UnitOfWork) -> dict[UUID, watching.Given]:
    """The rules together decide about one status."""
    decided = ("lifecycle_status", "lifecycle_status_since")
    seen = frozenset(Sight("account", what) for what in decided)
    return {uow.workspace_id: watching.Given("the lifecycle status", seen)}
