"""Which rule decides about each account, and who gets it when that becomes another rule."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from accounts_api.automation.assignment_backfills import service as backfills
from accounts_api.automation.assignments import queries
from accounts_api.automation.assignments.queries import AssignmentRule, Unassigned
from accounts_api.automation.assignments.rules import Choice, Distribution, Load, keeps
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Affected, Trigger
from accounts_api.evaluation.rule_sets.rules import effective_rule, first
from accounts_api.evaluation.rule_sets.service import RuleFeature
from accounts_api.identity.members.service import active_members
from accounts_api.records.editing.edits import RULES as BY_RULES
from accounts_api.records.editing.edits import Edit
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.service import write
from shared.errors import Conflict, NotFound
from shared.events.base import Cause, chain_of
from shared.rules.interpreter.depends import Dependency, role_dependency
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork, caused_by


def choice_of(stored: AssignmentRule) -> Choice:
    return Choice(stored.member_id, stored.algorithm, tuple(stored.pool))


class AssignmentRuleNotFound(NotFound):
    code = "assignment_rule_not_found"
    title = "There is no such assignment rule"


class AssignmentTitleTaken(Conflict):
    code = "assignment_rule_title_taken"
    title = "Another assignment rule of this key role has this title"


class AssignmentRules(RuleFeature[AssignmentRule]):
    """A set for each key role. When it is registered, a backfill learns which rule decides about
    each account already; holders are assigned to those that change from then on.
    """

    @override
    def must_register(self, changes: Mapping[str, Any]) -> bool:
        return bool(changes.keys() & {"rule", "position", "policy"})

    @override
    async def register(self, uow: UnitOfWork, **scope: UUID) -> None:
        progress = await self.progress(uow, **scope)
        applying = progress is not None and (
            (progress["purpose"], progress["state"]) == ("apply", "running")
        )
        await super().register(uow, **scope)
        mode = "apply" if applying else "learn"
        await backfills.start(uow, scope["key_role_id"], mode, goes_on=applying)

    @override
    async def progress(self, uow: UnitOfWork, **scope: UUID) -> dict[str, Any] | None:
        progress = await super().progress(uow, **scope)
        if progress is None:
            return None
        run = await backfills.run_of(uow, scope["key_role_id"])
        return {
            "purpose": run.mode if run else "recheck",
            **progress,
            "assigned": run.assigned if run else 0,
            "unassigned": run.unassigned if run else 0,
        }


RULES: Final = AssignmentRules(
    # Comes behind lifecycle and segment, so that rules see the statuses and members of their time.
    kind="assignment",
    subject="assignment_rule",
    record_type="account",
    store=queries.STORE,
    keys=queries.KEYS,
    written=("key", "title", "position", "rule", "member_id", "algorithm", "pool", "policy"),
    not_found=AssignmentRuleNotFound("This key role has no assignment rule with this id."),
    title_taken=AssignmentTitleTaken,
    title_constraint="uq_assignment_rules_workspace_id_key_role_id_title",
    read=effective_rule,
    id_in=lambda _, scope: scope["key_role_id"],
    scope_of=lambda key_role_id: {"key_role_id": key_role_id},
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An account that is in a rule's set, to be given to somebody."""

    rule: AssignmentRule
    cause: tuple[Cause, ...]


async def evaluate(uow: UnitOfWork, affected: Affected, context: EvaluationContext) -> int:
    """Make matches and next changes of the affected accounts what the rules say at `context`, and
    assign a holder to those that another rule decides about. The caller holds the workspace's lock
    on evaluations.
    """
    return sum(
        [
            await _evaluate_role(uow, key_role_id, triggers, context)
            for key_role_id, triggers in affected.items()
        ]
    )


async def _evaluate_role(
    uow: UnitOfWork, key_role_id: UUID, triggers: Mapping[UUID, Trigger], context: EvaluationContext
) -> int:
    usable = await RULES.to_evaluate(uow, key_role_id=key_role_id)
    never = RULES.never(await record_catalog.rule_catalog(uow))
    rules = [each.rule for each in usable] or [never]
    rows = await queries.evaluated(uow, key_role_id, rules, list(triggers), context)
    await RULES.set_next_changes(uow, key_role_id, rows)
    backfilled = any(trigger.cause == engine.BACKFILL for trigger in triggers.values())
    run = await backfills.run_of(uow, key_role_id) if backfilled else None
    applies = run is not None and run.mode == "apply"
    moved: dict[UUID, UUID | None] = {}
    entries: dict[UUID, Entry] = {}
    for row in rows:
        place = None if row.deleted or not usable else first(row.matched)
        rule_id = None if place is None else usable[place].stored.id
        if rule_id != row.rule_id:
            moved[row.record_id] = rule_id
        enters = rule_id != row.rule_id if run is None else applies
        if place is not None and enters:
            cause = chain_of(run.cause) if run is not None else triggers[row.record_id].cause
            entries[row.record_id] = Entry(usable[place].stored, cause)
    await queries.move_matches(uow, key_role_id, moved)
    if entries:
        counted = await assign(uow, key_role_id, entries)
        if run is not None:
            await backfills.count(
                uow,
                key_role_id,
                assigned=counted["assigned"],
                unassigned=counted["unassigned"],
            )
    return len(moved)


async def assign(uow: UnitOfWork, key_role_id: UUID, entries: Mapping[UUID, Entry]) -> Counter[str]:
    """How many got a holder (`assigned`), kept theirs, and found nobody to choose."""
    counted: Counter[str] = Counter()
    role = await queries.lock_key_role(uow, key_role_id)
    if role is None:
        return counted
    links = {
        entry.rule.id: Cause(
            type="rule",
            id=str(entry.rule.id),
            label=f"{role.title}: {entry.rule.title}",
        )
        for entry in entries.values()
    }
    to_give = await _to_give(uow, role.key, entries, links)
    counted["kept"] = len(entries) - len(to_give)
    rules = {entry.rule.id: entry.rule for _, entry in to_give}
    desk = await distribution(uow, role.key, [choice_of(rule) for rule in rules.values()])
    desk.last = {rule_id: rule.last_member_id for rule_id, rule in rules.items()}
    edits: dict[tuple[Cause, ...], list[Edit]] = defaultdict(list)
    for account, entry in to_give:
        rule_id = entry.rule.id
        taker = desk.give(rule_id, choice_of(entry.rule), account.revenue)
        if taker is None:
            counted["unassigned"] += 1
            continue
        desk.release(account.holders, account.revenue)
        edit = Edit(mode="update", id=str(account.id), key_roles={role.key: [str(taker)]})
        edits[*entry.cause, links[rule_id]].append(edit)
    counted["assigned"] = await _write(uow, edits)
    for rule_id, rule in rules.items():
        turn = desk.last[rule_id]
        if rule.algorithm == "round_robin" and turn != rule.last_member_id:
            await RULES.store.set(uow, rule_id, {"last_member_id": turn})
    return counted


async def _to_give(
    uow: UnitOfWork, key: str, entries: Mapping[UUID, Entry], links: Mapping[UUID, Cause]
) -> list[tuple[Unassigned, Entry]]:
    """The accounts that do not keep their holders, oldest first."""
    found = await queries.to_assign(uow, key, list(entries))
    holders = sorted({holder for account in found for holder in account.holders})
    here = await active_members(uow, holders)
    to_give = []
    for account in found:
        entry = entries[account.id]
        stored = entry.rule
        # What a rule did must not make the same rule do it again.
        again = links[stored.id] in entry.cause
        if not again and not keeps(stored.policy, choice_of(entry.rule), account.holders, here):
            to_give.append((account, entry))
    return to_give


async def distribution(
    uow: UnitOfWork, key: str, choices: Collection[Choice], *, with_books: bool = False
) -> Distribution:
    """Among those who are still here, with what they hold of a key role where that is asked for.
    Lock the role first.
    """
    named = {member for choice in choices for member in choice.named}
    counted = {
        member for choice in choices if with_books or choice.counts for member in choice.named
    }
    loads = {}
    for member in await queries.names(uow, sorted(named - counted)):
        loads[member.id] = Load(member.id, member.full_name)
    for book in await queries.loads(uow, key, sorted(counted)):
        loads[book.id] = Load(book.id, book.full_name, book.accounts, book.revenue)
    return Distribution(loads)


async def _write(uow: UnitOfWork, edits: Mapping[tuple[Cause, ...], list[Edit]]) -> int:
    """Each change with the cause that goes back to what made the account enter."""
    written = 0
    for cause, group in edits.items():
        async with caused_by(uow, cause):
            outcomes = await write(uow, ACCOUNT, group, BY_RULES)
        written += sum(outcome.status == "updated" for outcome in outcomes)
    return written


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """Who holds a key role that is always assigned. Rules that fill an empty one undo nothing, so
    nothing runs in a cycle through them.
    """
    return {
        role.id: engine.Output(
            f"key role {role.title}",
            frozenset({Dependency(ACCOUNT.record_type, role_dependency(role.key))}),
        )
        for role in await queries.always_decided(uow)
    }
