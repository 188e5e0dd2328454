"""Records as rules saw them, at each instant of a stretch of the past at which they may have seen
something else.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.automation.corrections import queries
from accounts_api.automation.corrections.reach import Surroundings, surroundings
from accounts_api.automation.corrections.rules import history_fields
from accounts_api.customers.formulas import moving
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.evaluation.engine import service as engine
from accounts_api.language.rules.reads import reads_of
from accounts_api.records.history.as_of import PointInTime, ctes_named, names_in
from shared.rules.interpreter.depends import Dependency
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.needs import Needs, needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.sql.rows import record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.catalog import Catalog, Field
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

INSTANTS: Final = 100
"""Looked at in one transaction: what is left of a longer stretch is another piece."""


@dataclass(frozen=True, slots=True)
class Look:
    record_id: UUID
    record: Snapshot | None
    """None: it was not there."""
    context: EvaluationContext
    """As of the instant."""


Decide = Callable[[Look], Iterable[datetime | None]]
"""What follows for a record, and when time alone may say something else."""


@dataclass(frozen=True, slots=True)
class Past:
    """Which rules look, at any time of the past, and at what."""

    rules: Sequence[Rule]
    dependencies: frozenset[Dependency]
    definitions: Sequence[datetime]
    """When any of them became another."""
    fields: Sequence[Field] = ()
    """What is read of a record beside what the rules ask for."""


async def walk(
    uow: UnitOfWork,
    catalog: Catalog,
    past: Past,
    records: Mapping[UUID, datetime],
    more: Mapping[UUID, Sequence[datetime]],
    context: EvaluationContext,
    decide: Decide,
) -> datetime | None:
    """Decides about each record from its instant until now, in the order of time; `more` are other
    instants to look at it. The instant that it did not get to; None at the end.
    """
    needed = needs(*past.rules)
    needed.fields |= {field.name: field for field in past.fields}
    of_time = await _read_moving_formulas(uow, past.rules)
    same = not of_time and _reads_the_same(needed)
    # Before anything is asked of when it became so: whatever is written meanwhile is found there.
    present = await _read_present(uow, needed, sorted(records), context) if same else {}
    around = await surroundings(uow, catalog, needed.type.name, past.dependencies, records)
    schedule = await _schedule(uow, past, records, more, around, context)
    read = _Read(uow, catalog, needed, past.rules, around)
    looked = 0
    for instant, ids in schedule:
        then = engine.at(context, instant)
        as_now = {id_ for id_ in ids if same and instant >= schedule.as_now_since[id_]}
        others = sorted(ids - as_now)
        looked += bool(others)
        if looked > INSTANTS:
            return instant
        were = await read.then(others, then) if others else {}
        for record_id in sorted(ids):
            seen = present if record_id in as_now else were
            look = Look(record_id, seen.get(record_id), then)
            for at in decide(look):
                if at is not None:
                    schedule.add(record_id, at)
            if of_time:
                schedule.add(record_id, then.day_start(then.today + timedelta(days=1)))
    return None


class _Schedule:
    """Which records to look at when, in the order of time; each at an instant once."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        self.heap: list[datetime] = []
        self.ids: dict[datetime, set[UUID]] = defaultdict(set)
        self.as_now_since: dict[UUID, datetime] = {}
        """When anything that is read of a record became another for the last time."""

    def add(self, record_id: UUID, at: datetime) -> None:
        if at < self.until:
            if at not in self.ids:
                heapq.heappush(self.heap, at)
            self.ids[at].add(record_id)

    def __iter__(self) -> Iterator[tuple[datetime, AbstractSet[UUID]]]:
        while self.heap:
            at = heapq.heappop(self.heap)
            yield at, self.ids.pop(at)


async def _schedule(
    uow: UnitOfWork,
    past: Past,
    records: Mapping[UUID, datetime],
    more: Mapping[UUID, Sequence[datetime]],
    around: Surroundings,
    context: EvaluationContext,
) -> _Schedule:
    schedule = _Schedule(context.now)
    schedule.as_now_since |= records
    for record_id, since in records.items():
        schedule.add(record_id, since)
        for at in (*past.definitions, *more.get(record_id, ())):
            if at > since:
                schedule.add(record_id, at)
    segments = sorted(
        UUID(dependency.what.removeprefix("segment:"))
        for dependency in past.dependencies
        if dependency.what.startswith("segment:")
    )
    first, fields = min(records.values()), history_fields(past.dependencies)
    for became in await queries.instants(uow, around.ids, fields, segments, first):
        for record_id in around.seen_from[became.record_id]:
            if became.at > records[record_id]:
                schedule.add(record_id, became.at)
                last = max(became.at, schedule.as_now_since[record_id])
                schedule.as_now_since[record_id] = last
    return schedule


async def _read_moving_formulas(uow: UnitOfWork, rules: Sequence[Rule]) -> bool:
    """Whether time moves a formula that any of the rules reads: that is looked at day by day."""
    read = reads_of(rules)
    if not any(what.startswith("traits.") for _, what in read):
        return False
    return any(
        (one.trait.record_type, f"traits.{one.trait.key}") in read
        for one in await moving.moving_formulas(uow)
    )


def _reads_the_same(needed: Needs) -> bool:
    """Whether what is read of a record at an instant is the same at any other between which nothing
    of it became another: what was counted and when it changed depends on the instant.
    """
    if needed.changes or needed.events or needed.event_values:
        return False
    return all(_reads_the_same(inner) for _, inner in needed.related.values())


class _Read:
    """Reads records as they were, with all that rules see of them."""

    def __init__(
        self,
        uow: UnitOfWork,
        catalog: Catalog,
        needed: Needs,
        rules: Sequence[Rule],
        around: Surroundings,
    ) -> None:
        self.uow, self.needed, self.among = uow, needed, around.ids
        self.fields = reads_of(rules)
        self.by_type = {
            name: sorted(map(str, around.by_type.get(name, ()))) for name in catalog.types
        }
        self.named: frozenset[str] | None = None

    async def then(self, ids: Sequence[UUID], context: EvaluationContext) -> dict[UUID, Snapshot]:
        """Of those that were there at the instant of the context."""
        point = PointInTime(context.now, None)
        moved = await moved_types(self.uow, self.fields, point, self.by_type)
        statement = _statement(self.uow, self.needed, ids, context)
        if self.named is None:
            self.named = names_in(str(statement))
        rows = await self.uow.rows(
            queries.SeenThen,
            statement.add_cte(*ctes_named(self.named, moved.names, among=True)),
            among=self.among,
            **point.parameters(),
            **moved.parameters,
        )
        return {row.id: read_snapshot(self.needed, row.seen) for row in rows}


async def _read_present(
    uow: UnitOfWork, needed: Needs, ids: Sequence[UUID], context: EvaluationContext
) -> Mapping[UUID, Snapshot]:
    """Of those that are there: many that are told late have been so ever since."""
    rows = await uow.rows(queries.SeenThen, _statement(uow, needed, ids, context))
    return {row.id: read_snapshot(needed, row.seen) for row in rows}


def _statement(
    uow: UnitOfWork, needed: Needs, ids: Sequence[UUID], context: EvaluationContext
) -> Select[Any]:
    row = record_table(needed.type)
    return select(row.c.id, snapshot(needed, row, context).label("seen")).where(
        row.c.workspace_id == uow.workspace_id,
        row.c.id == any_(bindparam(None, list(ids), type_=ARRAY(Uuid()))),
        row.c.deleted_at.is_(None),
    )
