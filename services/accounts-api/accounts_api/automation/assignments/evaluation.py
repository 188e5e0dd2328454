"""Which rule's set each account is in, and who gets it when it enters one."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from uuid import UUID

from accounts_api.automation.assignments import queries
from accounts_api.automation.assignments.queries import AssignmentRule
from accounts_api.automation.assignments.rules import Choice, Distribution, Load, keeps
from accounts_api.automation.segments.rules import effective_rule
from accounts_api.evaluation.engine import service as watching
from accounts_api.evaluation.engine.evaluators import Affected, Origin
from accounts_api.evaluation.rule_sets import service as rule_sets
from accounts_api.evaluation.rule_sets.rules import Faulty, earliest, first, usable
from accounts_api.language.rules.catalog import Catalog
from accounts_api.language.rules.context import Moment
from accounts_api.language.rules.depends import Sight, role_sight, sights
from accounts_api.language.rules.syntax.nodes import AnyOf
from accounts_api.language.rules.type_check import check
from accounts_api.language.rules.typed import Rule
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.edits import RULES, Edit
from accounts_api.records.store.service import write
from shared.events.base import Cause, chain_of
from shared.uow import UnitOfWork
from shared.usages import Usage

KIND: Final = "stewardship"
"""Sorts behind lifecycle and segment, so that rules see the statuses and members of their time."""


@dataclass(frozen=True, slots=True)
class Usable:
    """A rule that can be judged."""

    stored: AssignmentRule
    rule: Rule

    @property
    def choice(self) -> Choice:
        return choice_of(self.stored)


def choice_of(stored: Any) -> Choice:
    return Choice(stored.member_id, stored.algorithm, tuple(stored.pool))


async def usable_rules(
    uow: UnitOfWork, catalog: Catalog, key_role_id: UUID
) -> tuple[list[Usable], Faulty[AssignmentRule]]:
    """The rules of a key role in their order, and those that cannot be used any more, each with
    its faults.
    """
    stored = await rule_sets.all_of(uow, queries.RULES, key_role_id=key_role_id)
    found, faulty = usable(stored, partial(effective_rule, catalog, "account"))
    return [Usable(one, rule) for one, rule in found], faulty


@dataclass(frozen=True, slots=True)
class Entry:
    """An account that is in a rule's set, to be given to somebody."""

    one: Usable
    cause: tuple[Cause, ...]


async def judge(uow: UnitOfWork, affected: Affected, moment: Moment) -> int:
    """Make standings and horizons of the affected accounts what they are at `moment`, and give
    those that enter a rule's set a holder. The caller holds the workspace's lock on judgements.
    """
    catalog = await record_catalog.rule_catalog(uow)
    return sum(
        [
            await _judge_role(uow, catalog, key_role_id, origins, moment)
            for key_role_id, origins in affected.items()
        ]
    )


async def _judge_role(
    uow: UnitOfWork,
    catalog: Catalog,
    key_role_id: UUID,
    origins: Mapping[UUID, Origin],
    moment: Moment,
) -> int:
    usable, faulty = await usable_rules(uow, catalog, key_role_id)
    await rule_sets.mark(uow, queries.RULES, [one.stored for one in usable], faulty)
    never = check(AnyOf(()), catalog, "account")
    judged = [one.rule for one in usable] or [never]
    rows = await queries.standings(
        uow.session, uow.workspace_id, key_role_id, judged, list(origins), moment
    )
    swept = any(origin.cause == watching.SWEEP for origin in origins.values())
    look = await _look(uow, key_role_id) if swept else None
    horizons = []
    moved: dict[UUID, UUID | None] = {}
    entries: dict[UUID, Entry] = {}
    for row in rows:
        flips = earliest(row.flips)
        if flips != row.next_change_at:
            horizons.append((key_role_id, row.record_id, flips))
        place = None if row.deleted or not usable else first(row.matched)
        rule_id = None if place is None else usable[place].stored.id
        if rule_id != row.rule_id:
            moved[row.record_id] = rule_id
        cause = origins[row.record_id].cause
        applied = look is not None and look.mode == "apply"
        enters = rule_id != row.rule_id if look is None else applied
        if place is not None and enters:
            asked = look.cause if look is not None and applied else cause
            entries[row.record_id] = Entry(usable[place], asked)
    await watching.set_horizons(uow, horizons)
    await queries.move_standings(uow.session, uow.workspace_id, key_role_id, moved)
    if entries:
        counted = await assign(uow, key_role_id, entries)
        if look is not None:
            await queries.count_look(
                uow.session,
                uow.workspace_id,
                key_role_id,
                assigned=counted["assigned"],
                unassigned=counted["unassigned"],
            )
    return len(moved)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a look at every account is for."""

    mode: str
    cause: tuple[Cause, ...]


async def _look(uow: UnitOfWork, key_role_id: UUID) -> Wanted | None:
    """None: the daily self-check, which finds what was missed and treats it as any change."""
    wanted = await queries.look_of(uow.session, uow.workspace_id, key_role_id)
    sweep = (await watching.sweeps_of(uow, [key_role_id])).get(key_role_id)
    if wanted is None or sweep is None or wanted.run != sweep.run:
        return None
    return Wanted(wanted.mode, chain_of(wanted.cause))


async def assign(uow: UnitOfWork, key_role_id: UUID, entries: Mapping[UUID, Entry]) -> Counter[str]:
    """How many got a holder (`assigned`), kept theirs, and found nobody to choose."""
    counted: Counter[str] = Counter()
    role = await queries.lock_key_role(uow.session, uow.workspace_id, key_role_id)
    if role is None:
        return counted
    links = {
        entry.one.stored.id: Cause(
            type="rule",
            id=str(entry.one.stored.id),
            label=f"{role.title}: {entry.one.stored.title}",
        )
        for entry in entries.values()
    }
    to_give = await _to_give(uow, role.key, entries, links)
    counted["kept"] = len(entries) - len(to_give)
    ones = {entry.one.stored.id: entry.one for _, entry in to_give}
    desk = await distribution(uow, role.key, [one.choice for one in ones.values()])
    desk.last = {rule_id: one.stored.last_member_id for rule_id, one in ones.items()}
    edits: dict[tuple[Cause, ...], list[Edit]] = defaultdict(list)
    for account, entry in to_give:
        rule_id = entry.one.stored.id
        taker = desk.give(rule_id, entry.one.choice, account.revenue)
        if taker is None:
            counted["unassigned"] += 1
            continue
        desk.release(account.holders, account.revenue)
        edit = Edit(mode="update", id=str(account.id), key_roles={role.key: [str(taker)]})
        edits[*entry.cause, links[rule_id]].append(edit)
    counted["assigned"] = await _write(uow, edits)
    for rule_id, one in ones.items():
        turn = desk.last[rule_id]
        if one.choice.algorithm == "round_robin" and turn != one.stored.last_member_id:
            await rule_sets.note(uow, queries.RULES, rule_id, {"last_member_id": turn})
    return counted


async def _to_give(
    uow: UnitOfWork, key: str, entries: Mapping[UUID, Entry], links: Mapping[UUID, Cause]
) -> list[tuple[Any, Entry]]:
    """The accounts that do not keep their holders, oldest first."""
    found = await queries.to_assign(uow.session, uow.workspace_id, key, list(entries))
    holders = sorted({holder for account in found for holder in account.holders})
    here = await queries.active_members(uow.session, uow.workspace_id, holders)
    to_give = []
    for account in found:
        entry = entries[account.id]
        stored = entry.one.stored
        # What a rule did must not make the same rule do it again.
        again = links[stored.id] in entry.cause
        if not again and not keeps(stored.policy, entry.one.choice, account.holders, here):
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
    for row in await queries.names(uow.session, uow.workspace_id, sorted(named - counted)):
        loads[row.id] = Load(row.id, row.full_name)
    for row in await queries.loads(uow.session, uow.workspace_id, key, sorted(counted)):
        loads[row.id] = Load(row.id, row.full_name, row.accounts, int(row.revenue))
    return Distribution(loads)


async def _write(uow: UnitOfWork, edits: Mapping[tuple[Cause, ...], list[Edit]]) -> int:
    """Each change with the cause that goes back to what made the account enter."""
    before, written = uow.cause, 0
    await uow.flush_events()
    for cause, group in edits.items():
        uow.cause = cause
        outcomes = await write(uow, ACCOUNT, group, RULES)
        written += sum(outcome.status == "updated" for outcome in outcomes)
        await uow.flush_events()
    uow.cause = before
    return written


async def set_aside(uow: UnitOfWork, key_role_id: UUID, reason: str) -> None:
    """They decide together, so none of them can be judged; accounts keep their holders."""
    await rule_sets.set_aside(uow, queries.RULES, reason, key_role_id=key_role_id)


async def users(uow: UnitOfWork, ids: Sequence[UUID], sight: Sight) -> Sequence[Usage]:
    """The rules that see something."""
    catalog, found = await record_catalog.rule_catalog(uow), []
    for key_role_id in sorted(ids):
        usable, _ = await usable_rules(uow, catalog, key_role_id)
        found += [one.stored for one in usable if _sees(one.rule, sight)]
    return [Usage("assignment_rule", str(stored.id), stored.title) for stored in found]


async def gives(uow: UnitOfWork) -> dict[UUID, watching.Given]:
    """Who holds a key role that is always assigned. Rules that fill an empty one undo nothing, so
    nothing runs in a circle through them.
    """
    return {
        role.id: watching.Given(
            f"key role {role.title}", frozenset({Sight(ACCOUNT.record_type, role_sight(role.key))})
        )
        for role in await queries.always_decided(uow.session, uow.workspace_id)
    }


def _sees(rule: Rule, sight: Sight) -> bool:
    return (sight.record_type, sight.what) in {(s.record_type, s.what) for s in sights(rule)}


def all_sights(usable: Iterable[Usable]) -> set[Sight]:
    return {sight for one in usable for sight in sights(one.rule)}
