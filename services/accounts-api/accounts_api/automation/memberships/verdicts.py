"""What rules say of records, beside what is stored of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from accounts_api.automation.segments.models import segment_members, segment_overrides, segments
from accounts_api.customers.formulas.shown import moved_types
from accounts_api.evaluation.engine.next_changes import stored_next_change
from accounts_api.language.rules.reads import reads_of
from shared.data import WORKSPACE
from shared.rules.interpreter.evaluate import Snapshot
from shared.rules.interpreter.needs import Needs, needs
from shared.rules.interpreter.snapshots import read_snapshot
from shared.rules.sql.compile import verdict
from shared.rules.sql.evaluate_many import evaluated, of_day
from shared.rules.sql.rows import record_table
from shared.rules.sql.snapshot import snapshot
from shared.rules.types.context import EvaluationContext
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork

SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Differing:
    """A record whose membership or next change is not what the rule says."""

    record_id: UUID
    segment_id: UUID
    deleted: bool
    wanted: bool
    included: bool | None
    """A person's word."""
    member_id: UUID | None
    next_change_at: datetime | None


async def difference(
    uow: UnitOfWork,
    rules: Sequence[tuple[UUID, Rule]],
    ids: Sequence[UUID],
    context: EvaluationContext,
) -> list[Differing]:
    """Where membership or the next change is not what the rules say.

    Of the segments of a group a record is in one: the first by priority whose rule it satisfies,
    those a person put it in first.
    """
    workspace_id = uow.workspace_id
    verdicts = evaluated(rules, workspace_id, ids, context)
    record, segment_id = verdicts.c.record_id, verdicts.c.rule_id
    # What is stored is looked up row by row on unique keys: a join would be planned badly for a
    # table that has grown since it was last analyzed, as these do when a segment is new.
    known = (
        select(
            record,
            segment_id.label("segment_id"),
            verdicts.c.deleted,
            verdicts.c.matched,
            verdicts.c.next_change_at,
            _override(workspace_id, segment_id, record).label("included"),
            _member(workspace_id, segment_id, record).label("member_id"),
            stored_next_change(workspace_id, segment_id, record).label("stored_next_change_at"),
        )
        .cte("known")
        .prefix_with("materialized")
    )
    segment = segments.alias("s")
    said = and_(func.coalesce(known.c.included, known.c.matched), ~known.c.deleted)
    group = func.coalesce(segment.c.group_key, cast(segment.c.id, Text))
    rank = func.row_number().over(
        partition_by=(known.c.record_id, group),
        order_by=(
            said.desc(),
            func.coalesce(known.c.included, false()).desc(),
            segment.c.priority,
            segment.c.id,
        ),
    )
    wanted = (
        select(
            known.c.record_id,
            known.c.segment_id,
            known.c.deleted,
            and_(said, rank == 1).label("wanted"),
            known.c.included,
            known.c.member_id,
            known.c.next_change_at,
            known.c.stored_next_change_at,
        )
        .join(
            segment,
            and_(segment.c.workspace_id == workspace_id, segment.c.id == known.c.segment_id),
        )
        .cte("wanted")
    )
    statement = select(*(wanted.c[field.name] for field in fields(Differing))).where(
        or_(
            wanted.c.wanted != wanted.c.member_id.is_not(None),
            wanted.c.next_change_at.is_distinct_from(wanted.c.stored_next_change_at),
        )
    )
    return await uow.rows(Differing, statement)


def _override(workspace_id: UUID, segment: Any, record: Any) -> Any:
    kept = segment_overrides.alias("o")
    found = select(kept.c.included).where(
        kept.c.workspace_id == workspace_id,
        kept.c.segment_id == segment,
        kept.c.record_id == record,
    )
    return found.scalar_subquery()


def _member(workspace_id: UUID, segment: Any, record: Any) -> Any:
    kept = segment_members.alias("m")
    found = select(kept.c.id).where(
        kept.c.workspace_id == workspace_id,
        kept.c.segment_id == segment,
        kept.c.record_id == record,
        kept.c.left_at.is_(None),
    )
    return found.scalar_subquery()


@dataclass(frozen=True, slots=True)
class Preview:
    """Counts of a draft over every record, and some of those that would move, as JSON texts."""

    records: int
    count: int
    entering: int
    leaving: int
    unchanged: int
    entering_samples: str
    leaving_samples: str
    samples: str


async def preview(
    uow: UnitOfWork,
    segment_id: UUID | None,
    rule: Rule,
    context: EvaluationContext,
    ahead: Sequence[UUID],
) -> Preview:
    """What the segments `ahead` hold is theirs, unless a person put it in this one."""
    workspace_id = uow.workspace_id
    row = record_table(rule.type)
    member, override = segment_members.alias("m"), segment_overrides.alias("o")
    now: ColumnElement[bool] = func.coalesce(verdict(rule, row, context), false())
    if ahead:
        now = and_(now, ~_held_by(workspace_id, ahead, row.c.id))
    evaluated_rows = (
        select(
            row.c.id,
            row.c.name,
            func.coalesce(override.c.included, now).label("matched"),
            member.c.id.is_not(None).label("member"),
        )
        .outerjoin(
            member,
            and_(
                member.c.workspace_id == workspace_id,
                member.c.segment_id == segment_id,
                member.c.record_id == row.c.id,
                member.c.left_at.is_(None),
            ),
        )
        .outerjoin(
            override,
            and_(
                override.c.workspace_id == workspace_id,
                override.c.segment_id == segment_id,
                override.c.record_id == row.c.id,
            ),
        )
        .where(row.c.workspace_id == workspace_id, row.c.deleted_at.is_(None))
        .cte("evaluated")
    )
    entering = and_(evaluated_rows.c.matched, ~evaluated_rows.c.member)
    leaving = and_(~evaluated_rows.c.matched, evaluated_rows.c.member)

    def some(which: Any) -> Any:
        few = (
            select(evaluated_rows.c.id, evaluated_rows.c.name)
            .where(which)
            .order_by(evaluated_rows.c.id)
            .limit(SAMPLES)
            .subquery()
        )
        one = func.json_build_object("id", few.c.id, "name", few.c.name)
        return cast(select(func.coalesce(func.json_agg(one), text("'[]'"))).scalar_subquery(), Text)

    counted = select(
        func.count().label("records"),
        func.count().filter(evaluated_rows.c.matched).label("count"),
        func.count().filter(entering).label("entering"),
        func.count().filter(leaving).label("leaving"),
        func.count()
        .filter(and_(evaluated_rows.c.matched, evaluated_rows.c.member))
        .label("unchanged"),
        some(entering).label("entering_samples"),
        some(leaving).label("leaving_samples"),
        some(evaluated_rows.c.matched).label("samples"),
    ).select_from(evaluated_rows)
    moved = await moved_types(uow, reads_of([rule]))
    return await uow.one(Preview, moved.begun(counted), **moved.parameters)


def _held_by(workspace_id: UUID, segment_ids: Sequence[UUID], record: Any) -> Any:
    kept = segment_members.alias("held")
    return exists(
        select(1)
        .select_from(kept)
        .where(
            kept.c.workspace_id == workspace_id,
            kept.c.segment_id == any_(bindparam(None, list(segment_ids), type_=ARRAY(Uuid()))),
            kept.c.record_id == record,
            kept.c.left_at.is_(None),
        )
    )


@dataclass(frozen=True, slots=True)
class _Row:
    id: UUID
    deleted: bool
    seen: str
    """For `read_snapshot`."""


@dataclass(frozen=True, slots=True)
class SeenRecord:
    id: UUID
    deleted: bool
    seen: Snapshot
    """What the rules see of it."""


async def seen_records(
    uow: UnitOfWork, rules: Sequence[Rule], ids: Sequence[UUID], context: EvaluationContext
) -> list[SeenRecord]:
    day = of_day(rules, context)
    read = _reading(tuple(rules), context) if day is None else _reading_of_day(tuple(rules), day)
    needed, statement = read
    rows = await uow.rows(_Row, statement, ids=list(ids))
    return [SeenRecord(row.id, row.deleted, read_snapshot(needed, row.seen)) for row in rows]


def _reading(rules: tuple[Rule, ...], context: EvaluationContext) -> tuple[Needs, Select[Any]]:
    """What the rules need of records, and the statement that reads it of some."""
    needed = needs(*rules)
    row = record_table(needed.type)
    seen = snapshot(needed, row, context).label("seen")
    statement = select(row.c.id, row.c.deleted_at.is_not(None).label("deleted"), seen).where(
        row.c.workspace_id == WORKSPACE,
        row.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
    )
    return needed, statement


_reading_of_day = lru_cache(maxsize=256)(_reading)
"""Kept: to make the statement costs more than to run it."""


_KEPT = text(
    """
    select s.id as segment_id, r.id as record_id,
        (select o.included from segment_overrides o
         where o.workspace_id = :workspace_id and o.segment_id = s.id and o.record_id = r.id)
            as included,
        (select m.id from segment_members m
         where m.workspace_id = :workspace_id and m.segment_id = s.id and m.record_id = r.id
           and m.left_at is null) as member_id,
        (select h.next_change_at from rule_next_changes h
         where h.workspace_id = :workspace_id and h.rule_id = s.id and h.record_id = r.id)
            as next_change_at
    from unnest(cast(:segments as uuid[])) s (id), unnest(cast(:records as uuid[])) r (id)
    """
)


@dataclass(frozen=True, slots=True)
class StoredMembership:
    """What is stored of a record in a segment."""

    segment_id: UUID
    record_id: UUID
    included: bool | None
    member_id: UUID | None
    next_change_at: datetime | None


async def kept(
    uow: UnitOfWork, segment_ids: Sequence[UUID], ids: Sequence[UUID]
) -> dict[tuple[UUID, UUID], StoredMembership]:
    rows = await uow.rows(StoredMembership, _KEPT, segments=segment_ids, records=ids)
    return {(row.segment_id, row.record_id): row for row in rows}
