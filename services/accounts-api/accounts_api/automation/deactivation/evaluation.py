"""Which contacts are out: sets and clears their `deactivated_at` as the rules say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from accounts_api.automation.deactivation import queries
from accounts_api.automation.deactivation.queries import DeactivationRule
from accounts_api.automation.deactivation.rules import DECIDED, Kept, Outcome, decide, watch_of
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
from accounts_api.records.schema.record_schemas import CONTACT
from accounts_api.records.store.edits import OURSELVES, Edit
from accounts_api.records.store.service import write
from shared.events.base import Cause
from shared.uow import UnitOfWork
from shared.usages import Usage


@dataclass(frozen=True, slots=True)
class Usable:
    """A rule that can be judged, with the date it maps."""

    stored: DeactivationRule
    rule: Rule
    since_field: Field | None


async def usable_rules(
    uow: UnitOfWork, catalog: Catalog
) -> tuple[list[Usable], Faulty[DeactivationRule]]:
    """The rules in the order in which they decide, and those that cannot be used any more, each
    with its faults.
    """
    stored = await rule_sets.all_of(uow, queries.RULES)
    found, faulty = usable(stored, partial(rule_of, catalog, "contact"))
    mapped = [
        Usable(one, rule, date_field(catalog, "contact", one.since_field)) for one, rule in found
    ]
    return mapped, faulty


@dataclass(frozen=True, slots=True)
class Verdict:
    contact_id: UUID
    before: datetime | None
    kept: Kept | None
    outcome: Outcome
    rule: DeactivationRule | None
    origin: Origin


async def judge(uow: UnitOfWork, affected: Affected, moment: Moment) -> int:
    """Make the affected contacts what the rules say at `moment`, and their horizons."""
    rule_id = watch_of(uow.workspace_id)
    origins = affected[rule_id]
    catalog = await record_catalog.rule_catalog(uow)
    usable, faulty = await usable_rules(uow, catalog)
    await rule_sets.mark(uow, queries.RULES, [one.stored for one in usable], faulty)
    rules = [(one.rule, one.since_field) for one in usable]
    never = check(AnyOf(()), catalog, "contact")
    rows = await queries.standings(
        uow.session, uow.workspace_id, rule_id, rules or [(never, None)], list(origins), moment
    )
    horizons, verdicts = [], []
    for row in rows:
        flips = earliest(row.flips)
        if flips != row.next_change_at:
            horizons.append((rule_id, row.record_id, flips))
        if not row.deleted:
            verdicts.append(_verdict(row, usable, origins[row.record_id], moment))
    await watching.set_horizons(uow, horizons)
    return await _store(uow, verdicts)


def _verdict(row: Any, usable: Sequence[Usable], origin: Origin, moment: Moment) -> Verdict:
    place = first(row.matched)
    decided = usable[place].stored if place is not None else None
    mapped = row.dates[place] if place is not None else None
    kept = Kept(row.kept_rule, row.kept_since) if row.kept_rule else None
    outcome = decide(
        decided.id if decided else None,
        mapped,
        kept,
        row.deactivated_at,
        origin.at,
        moment.now,
    )
    return Verdict(row.record_id, row.deactivated_at, kept, outcome, decided, origin)


async def _store(uow: UnitOfWork, verdicts: Sequence[Verdict]) -> int:
    """Contacts carry the cause that goes back to the change, by way of the rule."""
    kept = [
        {"contact_id": v.contact_id, "rule_id": now.rule_id, "since": now.since}
        for v in verdicts
        if (now := v.outcome.kept) is not None and now != v.kept
    ]
    gone = [v.contact_id for v in verdicts if v.outcome.kept is None and v.kept is not None]
    if kept:
        await queries.keep(uow.session, uow.workspace_id, kept)
    if gone:
        await queries.forget(uow.session, uow.workspace_id, gone)
    moved = [v for v in verdicts if v.outcome.deactivated_at != v.before]
    grouped: dict[tuple[Origin, UUID | None], list[Verdict]] = defaultdict(list)
    for verdict in moved:
        grouped[verdict.origin, verdict.rule.id if verdict.rule else None].append(verdict)
    before = uow.cause
    await uow.flush_events()
    for (origin, rule_id), group in grouped.items():
        rule = group[0].rule
        label = rule.title if rule else "no deactivation rule matches any more"
        uow.cause = (
            *origin.cause,
            Cause(type="rule", id=str(rule_id or watch_of(uow.workspace_id)), label=label),
        )
        edits = [
            Edit(
                mode="update",
                id=str(verdict.contact_id),
                values={"deactivated_at": verdict.outcome.deactivated_at},
            )
            for verdict in group
        ]
        await write(uow, CONTACT, edits, OURSELVES)
        await uow.flush_events()
    uow.cause = before
    return len(moved)


async def set_aside(uow: UnitOfWork, _: UUID, reason: str) -> None:
    """They decide together, so none of them can be judged; contacts stay as they are."""
    await rule_sets.set_aside(uow, queries.RULES, reason)


async def users(uow: UnitOfWork, _: Sequence[UUID], sight: Sight) -> Sequence[Usage]:
    """The rules that see something."""
    usable, _faulty = await usable_rules(uow, await record_catalog.rule_catalog(uow))
    found = []
    for one in usable:
        seen = {(s.record_type, s.what) for s in sights(one.rule)}
        mapped = {("contact", one.stored.since_field)}
        if (sight.record_type, sight.what) in seen | mapped:
            found.append(Usage("contact_deactivation_rule", str(one.stored.id), one.stored.title))
    return found


async def gives(uow: UnitOfWork) -> dict[UUID, watching.Given]:
    """The rules together decide about one field."""
    given = watching.Given("the deactivation of contacts", frozenset({DECIDED}))
    return {watch_of(uow.workspace_id): given}
