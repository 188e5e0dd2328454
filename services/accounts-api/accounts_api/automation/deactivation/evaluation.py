"""Which contacts are deactivated: sets and clears their `deactivated_at` as the rules say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from accounts_api.automation.deactivation import queries
from accounts_api.automation.deactivation.queries import DeactivationRule, EvaluatedContact
from accounts_api.automation.deactivation.rules import (
    DECIDED,
    Kept,
    Outcome,
    decide,
    evaluated_rule_of,
)
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.evaluation.rule_sets.rules import Usable, first
from accounts_api.evaluation.rule_sets.service import RuleFeature
from accounts_api.records.editing.edits import OURSELVES, Edit
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.service import write
from shared.errors import Conflict, NotFound
from shared.events.base import Cause
from shared.rules.interpreter.depends import EXISTENCE, Dependency
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork, caused_by


class DeactivationRuleNotFound(NotFound):
    code = "deactivation_rule_not_found"
    title = "There is no such deactivation rule"


class DeactivationTitleTaken(Conflict):
    code = "deactivation_rule_title_taken"
    title = "Another deactivation rule has this title"


RULES: Final = RuleFeature(
    kind="deactivation",
    subject="contact_deactivation_rule",
    record_type="contact",
    store=queries.STORE,
    keys=queries.KEYS,
    written=("key", "title", "rule", "since_field"),
    not_found=DeactivationRuleNotFound("There is no deactivation rule with this id."),
    title_taken=DeactivationTitleTaken,
    title_constraint="uq_contact_deactivation_rules_workspace_id_title",
    decides=frozenset({DECIDED.what}),
    reads_own_result="A deactivation rule cannot ask for `deactivated_at`, which it decides.",
    date_columns=("since_field",),
    # A contact that someone lets in again is deactivated again while a rule holds.
    depends_on=frozenset({Dependency("contact", EXISTENCE), DECIDED}),
    id_in=lambda workspace_id, _: evaluated_rule_of(workspace_id),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    contact_id: UUID
    before: datetime | None
    kept: Kept | None
    outcome: Outcome
    rule: DeactivationRule | None
    trigger: Trigger


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make the affected contacts what the rules say at `context`, and their next changes."""
    rule_id = evaluated_rule_of(uow.workspace_id)
    triggers = affected[rule_id]
    usable = await RULES.to_evaluate(uow)
    never = RULES.never(await record_catalog.rule_catalog(uow))
    rows = await queries.evaluated(
        uow,
        rule_id,
        [(each.rule, each.dates) for each in usable] or [(never, (None,))],
        list(triggers),
        context,
    )
    await RULES.set_next_changes(uow, rule_id, rows)
    living = [row for row in rows if not row.deleted]
    return await _store(
        uow, [_verdict(row, usable, triggers[row.record_id], context) for row in living]
    )


def _verdict(
    row: EvaluatedContact,
    usable: Sequence[Usable[DeactivationRule]],
    trigger: Trigger,
    context: EvaluationContext,
) -> Verdict:
    place = first(row.matched)
    decided = usable[place].stored if place is not None else None
    mapped = row.dates[place] if place is not None else None
    kept = Kept(row.kept_rule, row.kept_since) if row.kept_rule and row.kept_since else None
    outcome = decide(
        decided.id if decided else None,
        mapped,
        kept,
        row.deactivated_at,
        trigger.at,
        context.now,
    )
    return Verdict(row.record_id, row.deactivated_at, kept, outcome, decided, trigger)


async def _store(uow: UnitOfWork, verdicts: Sequence[Verdict]) -> int:
    """Contacts carry the cause that goes back to the change, by way of the rule."""
    kept = [
        {"contact_id": v.contact_id, "rule_id": now.rule_id, "since": now.since}
        for v in verdicts
        if (now := v.outcome.kept) is not None and now != v.kept
    ]
    gone = [v.contact_id for v in verdicts if v.outcome.kept is None and v.kept is not None]
    if kept:
        await queries.keep(uow, kept)
    if gone:
        await queries.forget(uow, gone)
    moved = [v for v in verdicts if v.outcome.deactivated_at != v.before]
    grouped: dict[tuple[Trigger, UUID | None], list[Verdict]] = defaultdict(list)
    for verdict in moved:
        grouped[verdict.trigger, verdict.rule.id if verdict.rule else None].append(verdict)
    for (trigger, rule_id), group in grouped.items():
        rule = group[0].rule
        label = rule.title if rule else "no deactivation rule matches any more"
        link = Cause(
            type="rule", id=str(rule_id or evaluated_rule_of(uow.workspace_id)), label=label
        )
        edits = [
            Edit(
                mode="update",
                id=str(verdict.contact_id),
                values={"deactivated_at": verdict.outcome.deactivated_at},
            )
            for verdict in group
        ]
        async with caused_by(uow, (*trigger.cause, link)):
            await write(uow, CONTACT, edits, OURSELVES)
    return len(moved)


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """The rules together decide about one field."""
    given = engine.Output("the deactivation of contacts", frozenset({DECIDED}))
    return {evaluated_rule_of(uow.workspace_id): given}
