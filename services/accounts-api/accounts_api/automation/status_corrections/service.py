"""Which status accounts had, derived anew: what the rules of each instant would have decided, one
instant after the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from accounts_api.automation.corrections.rules import CONTINUED, Earliest, PastChange, Readers
from accounts_api.automation.corrections.service import Look, Past, affected, walk
from accounts_api.automation.lifecycle.evaluation import RULES
from accounts_api.automation.lifecycle.rules import DEFAULT, PRECEDENCE
from accounts_api.automation.status_corrections import queries
from accounts_api.automation.status_corrections.queries import RuleVersion, StoredPeriod
from accounts_api.automation.status_corrections.rules import Decision, Period, Timeline
from accounts_api.customers.accounts import service as accounts
from accounts_api.customers.accounts.service import StatusChange
from accounts_api.evaluation.rule_sets.rules import Usable, date_field
from accounts_api.language.rules.reads import reads_results
from accounts_api.records.schema import record_catalog
from shared.events.records import LifecycleStatus
from shared.rules.interpreter.depends import Dependency
from shared.rules.interpreter.evaluate import matches, value_of
from shared.rules.interpreter.next_change import next_change
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.types.catalog import Catalog, Field
from shared.rules.types.context import EvaluationContext
from shared.uow import UnitOfWork


@dataclass(frozen=True)
class Rules:
    """All that the rules were."""

    catalog: Catalog
    versions: Sequence[RuleVersion]

    @cached_property
    def usable(self) -> Mapping[RuleVersion, Usable[Any]]:
        """Those of which the rule can be used."""
        found: dict[RuleVersion, Usable[Any]] = {}
        for version in self.versions:
            try:
                rule = RULES.read(self.catalog, RULES.record_type, version.rule)
            except RuleFaulty:
                continue
            names = (version.since_field, version.end_field)
            dates = tuple(date_field(self.catalog, RULES.record_type, name) for name in names)
            stored: Any = version
            found[version] = Usable(stored, rule, dates)
        return found

    @cached_property
    def dependencies(self) -> frozenset[Dependency]:
        return RULES.depends_on.union(*(one.dependencies for one in self.usable.values()))

    @property
    def fields(self) -> list[Field]:
        return [date for one in self.usable.values() for date in one.dates if date is not None]

    @cached_property
    def instants(self) -> list[datetime]:
        return sorted({one.effective_at for one in self.versions})

    @property
    def reads_results(self) -> bool:
        return any(reads_results(one.rule) for one in self.usable.values())

    @property
    def are_mapped(self) -> bool:
        """Whether a status may hold since an instant before the one that decided it."""
        return any(one.since_field for one in self.versions)

    def at(self, instant: datetime) -> list[Usable[Any]]:
        """In the order in which they decided."""
        last = {one.rule_id: one for one in self.versions if one.effective_at <= instant}
        found = [
            self.usable[one] for one in last.values() if not one.deleted and one in self.usable
        ]
        return sorted(
            found, key=lambda one: (PRECEDENCE.index(one.stored.status), one.stored.rule_id)
        )


async def correct(
    uow: UnitOfWork, changes: Sequence[PastChange], context: EvaluationContext
) -> datetime | None:
    """Makes the periods and the history of the status what the rules, as they were then, say of
    accounts as they are known to have been. Until when, if it did not get to the end.
    """
    versions = await queries.rule_versions(uow)
    if not versions:
        return None
    catalog = await record_catalog.rule_catalog(uow)
    rules = Rules(catalog, versions)
    if rules.reads_results:
        return None
    records = await _affected(uow, rules, changes)
    if not records:
        return None
    stored: dict[UUID, list[StoredPeriod]] = defaultdict(list)
    for period in await queries.periods(uow, records):
        stored[period.account_id].append(period)
    timelines = {
        account_id: Timeline([_period(one) for one in stored[account_id] if one.started_at < began])
        for account_id, began in records.items()
    }

    gone: set[UUID] = set()

    def decide(look: Look) -> Iterable[datetime | None]:
        if look.record is None:
            gone.add(look.record_id)
            return ()
        gone.discard(look.record_id)
        at = look.context.now
        usable = rules.at(at)
        decided = next(
            (one for one in usable if matches(one.rule, look.record, look.context)), None
        )
        status: LifecycleStatus = decided.stored.status if decided else DEFAULT
        timelines[look.record_id].decide(status, _decision(decided, look), at)
        return [next_change(one.rule, look.record, look.context) for one in usable]

    past = Past(
        [one.rule for one in rules.usable.values()] or [RULES.never(catalog)],
        rules.dependencies,
        rules.instants,
        rules.fields,
    )
    reached = await walk(uow, catalog, past, records, {}, context, decide)
    derived = {
        account_id: timeline.periods
        if reached is None and account_id in gone  # no present is evaluated of it
        else _with_later(timeline.periods, stored[account_id], reached or context.now)
        for account_id, timeline in timelines.items()
    }
    await _store(uow, stored, derived)
    return reached


async def _affected(
    uow: UnitOfWork, rules: Rules, changes: Sequence[PastChange]
) -> dict[UUID, datetime]:
    """A status that may hold since an earlier instant than the one that decided it is derived from
    the first rule on, once.
    """
    reader = {RULES.kind: Readers(RULES.record_type, rules.dependencies)}
    first = rules.instants[0]
    found: dict[UUID, datetime] = {}
    for is_continued in (True, False):
        some = [change for change in changes if (CONTINUED in change.what) is is_continued]
        reached: Earliest = (await affected(uow, rules.catalog, some, reader)).get(RULES.kind, {})
        for account_id, began in reached.items():
            again = rules.are_mapped and not is_continued
            found[account_id] = min(
                found.get(account_id, began), first if again else max(began, first)
            )
    return found


def _decision(decided: Usable[Any] | None, look: Look) -> Decision:
    if decided is None:
        return Decision(None, None, None)
    begins, ends = (_instant(date, look, days) for days, date in enumerate(decided.dates))
    is_trial = decided.stored.status == "trial"
    return Decision(decided.stored.rule_id, begins, ends if is_trial else None)


def _instant(field: Field | None, look: Look, days: int) -> datetime | None:
    """The instant itself, or the start of the local day, or of one of those after it."""
    value = None if field is None or look.record is None else value_of(field, look.record)
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return look.context.day_start(value + timedelta(days=days))
    return None


def _period(stored: StoredPeriod) -> Period:
    return Period(stored.status, stored.started_at, stored.rule_id, stored.trial_ends_at)


async def _store(
    uow: UnitOfWork,
    stored: Mapping[UUID, Sequence[StoredPeriod]],
    derived: Mapping[UUID, Sequence[Period]],
) -> None:
    """From the first period that differs. A history that takes no more, as that of an account that
    was merged away, keeps its periods.
    """
    differing: dict[UUID, tuple[int, Sequence[Period]]] = {}
    changes: list[StatusChange] = []
    for account_id, after in sorted(derived.items()):
        known = stored[account_id]
        place = _first_difference(known, after)
        if place is not None:
            differing[account_id] = (place, after)
            changes += _told(account_id, known, after, place)
    if not changes:
        return
    outcomes = await accounts.set_lifecycle_status(uow, changes, of_the_past=True)
    for change, outcome in zip(changes, outcomes, strict=True):
        if outcome.error is not None:
            differing.pop(change.account_id, None)
    removed: list[StoredPeriod] = []
    ends: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = []
    for account_id, (place, after) in differing.items():
        known = stored[account_id]
        removed += known[place:]
        if place:
            at = after[place].started_at if place < len(after) else None
            ends.append({"account_id": account_id, "id": known[place - 1].id, "at": at})
        new += _rows(account_id, after[place:])
    await queries.replace_periods(uow, removed, ends, new)


def _with_later(
    periods: Sequence[Period], known: Sequence[StoredPeriod], until: datetime
) -> Sequence[Period]:
    """With the stored ones from an instant on. From now on the present is what it was."""
    before = [one for one in known if one.started_at <= until]
    if not before or not periods:
        return [_period(one) for one in known]
    then = _period(before[-1])
    later = [_period(one) for one in known[len(before) :]]
    if then.status == periods[-1].status:
        return [*periods, *later]
    return [*periods, replace(then, started_at=until), *later]


def _first_difference(known: Sequence[StoredPeriod], after: Sequence[Period]) -> int | None:
    for place, one in enumerate(after):
        if place == len(known) or (known[place].status, known[place].started_at) != (
            one.status,
            one.started_at,
        ):
            return place
    return None if len(known) == len(after) else len(after)


def _rows(account_id: UUID, periods: Sequence[Period]) -> Iterable[dict[str, Any]]:
    ends = [*(one.started_at for one in periods[1:]), None]
    for one, ended_at in zip(periods, ends, strict=False):  # there may be none
        yield {
            "account_id": account_id,
            "status": one.status,
            "started_at": one.started_at,
            "ended_at": ended_at,
            "rule_id": one.rule_id,
            "trial_ends_at": one.trial_ends_at,
        }


def _told(
    account_id: UUID, known: Sequence[StoredPeriod], after: Sequence[Period], place: int
) -> Iterable[StatusChange]:
    """What the history of the account learns: each is told of all that was thought to come later,
    too, and then the next.
    """
    began = known[place].started_at if place < len(known) else None
    if place and began is not None and (place == len(after) or began < after[place].started_at):
        lasted = after[place - 1]
        yield StatusChange(account_id, lasted.status, lasted.started_at, began)
    for one in after[place:]:
        yield StatusChange(account_id, one.status, one.started_at, one.started_at)
