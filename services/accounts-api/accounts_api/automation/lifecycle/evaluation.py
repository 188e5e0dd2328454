"""Which status each account has: moves accounts as the rules say, keeps their periods."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.lifecycle import queries
from accounts_api.automation.lifecycle.queries import EvaluatedAccount, LifecycleRule
from accounts_api.automation.lifecycle.rules import DEFAULT, PRECEDENCE, since
from accounts_api.customers.accounts import service as accounts
from accounts_api.customers.accounts.service import StatusChange
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.evaluation.rule_sets.rules import Usable, first
from accounts_api.evaluation.rule_sets.service import RuleFeature
from accounts_api.records.schema import record_catalog
from shared.errors import Conflict, NotFound
from shared.events.accounts import LifecycleStatusChanged
from shared.events.base import Cause
from shared.events.records import LifecycleStatus
from shared.rules.interpreter.depends import EXISTENCE, Dependency
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork, caused_by


class LifecycleRuleNotFound(NotFound):
    code = "lifecycle_rule_not_found"
    title = "There is no such lifecycle rule"


class LifecycleTitleTaken(Conflict):
    code = "lifecycle_rule_title_taken"
    title = "Another lifecycle rule has this title"


_DECIDED: Final = frozenset({"lifecycle_status", "lifecycle_status_since"})
RULES: Final = RuleFeature(
    kind="lifecycle",
    subject="lifecycle_rule",
    record_type="account",
    store=queries.STORE,
    keys=queries.KEYS,
    written=("key", "title", "status", "rule", "since_field", "end_field"),
    not_found=LifecycleRuleNotFound("There is no lifecycle rule with this id."),
    title_taken=LifecycleTitleTaken,
    title_constraint="uq_lifecycle_rules_workspace_id_title",
    decides=_DECIDED,
    reads_own_result="A lifecycle rule cannot ask for the lifecycle status, which it decides.",
    date_columns=("since_field", "end_field"),
    depends_on=frozenset({Dependency("account", EXISTENCE)}),
    rank=lambda rule: PRECEDENCE.index(rule.status),
    keep_version=queries.keep_version,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an account is to become, and why it was evaluated."""

    account_id: UUID
    before: LifecycleStatus
    after: LifecycleStatus
    since: datetime
    rule: LifecycleRule | None
    trigger: Trigger
    moved: bool
    """Another status, not only another date."""
    trial_ends_at: datetime | None


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make statuses, periods and next changes of the affected accounts what the rules say."""
    triggers = affected[uow.workspace_id]
    usable = await RULES.to_evaluate(uow)
    never = RULES.never(await record_catalog.rule_catalog(uow))
    rows = await queries.evaluated(
        uow,
        [(each.rule, each.dates) for each in usable] or [(never, (None, None))],
        list(triggers),
        context,
    )
    await RULES.set_next_changes(uow, uow.workspace_id, rows)
    verdicts: list[Verdict] = []
    missing: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    for row in rows:
        if row.deleted:
            continue
        verdict = _verdict(row, usable, triggers[row.record_id], context)
        if verdict.moved or verdict.since != row.since:
            verdicts.append(verdict)
        elif verdict.trial_ends_at != row.trial_ends_at:
            ends.append(_period(verdict))
        if row.period is None and not verdict.moved:
            missing.append(_period(verdict))
    await _store(uow, verdicts)
    if ends:
        await queries.move_periods(uow, ends)
    if missing:
        await queries.start_periods(uow, missing)
    return sum(verdict.moved for verdict in verdicts)


def _verdict(
    row: EvaluatedAccount,
    usable: Sequence[Usable[LifecycleRule]],
    trigger: Trigger,
    context: EvaluationContext,
) -> Verdict:
    place = first(row.matched)
    decided = usable[place] if place is not None and usable else None
    status: LifecycleStatus = decided.stored.status if decided else DEFAULT
    moved = status != row.status
    mapped = row.dates[place] if place is not None and decided else None
    kept = row.since if not moved and row.since is not None else trigger.at
    return Verdict(
        row.record_id,
        row.status,
        status,
        since(mapped, kept, context.now),
        decided.stored if decided else None,
        trigger,
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
    moved = [_period(verdict) for verdict in verdicts if verdict.moved]
    shifted = [_period(verdict) for verdict in verdicts if not verdict.moved]
    if moved:
        await queries.start_periods(uow, moved)
    longer = await queries.move_periods(uow, shifted) if shifted else []
    lasted = {period.account_id: period for period in longer}
    grouped: dict[tuple[Trigger, UUID | None], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        grouped[verdict.trigger, verdict.rule.id if verdict.rule else None].append(verdict)
    for (trigger, _), group in grouped.items():
        rule = group[0].rule
        label = rule.title if rule else "no rule of another status matches"
        link = Cause(type="rule", id=str(rule.id) if rule else DEFAULT, label=label)
        async with caused_by(uow, (*trigger.cause, link)):
            changes = [
                StatusChange(one.account_id, one.status, one.since, one.at)
                for one in (lasted[v.account_id] for v in group if v.account_id in lasted)
            ]
            changes += [StatusChange(v.account_id, v.after, v.since, v.since) for v in group]
            await accounts.set_lifecycle_status(uow, changes)
            uow.publish(*(_event(verdict) for verdict in group if verdict.moved))


def _event(verdict: Verdict) -> LifecycleStatusChanged:
    return LifecycleStatusChanged(
        account_id=verdict.account_id,
        before=verdict.before,
        after=verdict.after,
        effective_at=verdict.since,
        rule_id=verdict.rule.id if verdict.rule else None,
    )


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """The rules together decide about one status."""
    seen = frozenset(Dependency("account", what) for what in _DECIDED)
    return {uow.workspace_id: engine.Output("the lifecycle status", seen)}
