"""What one may ask of segments. Who is in them is `memberships`."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.automation.debounce import service as debounce
from accounts_api.automation.segments import queries
from accounts_api.automation.segments.models import Segment
from accounts_api.automation.segments.queries import segments_to_evaluate, set_faults
from accounts_api.automation.segments.rules import leads_back, rank_faults
from accounts_api.automation.segments.schemas import SegmentIn, SegmentPatch
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.rules import effective_rule
from accounts_api.evaluation.rule_sets.segment_keys import SEGMENT_KEYS, keys_of
from accounts_api.evaluation.usages import service as usage
from accounts_api.evaluation.usages.service import Elsewhere, Used, must_be_unused
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.schema import record_catalog
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Invalid, NotFound, check_version
from shared.events.accounts import SegmentChanged
from shared.keys import KeyTaken
from shared.lists import filters
from shared.rules.interpreter.depends import (
    Dependency,
    dependencies,
    segment_dependency,
    segments_read,
)
from shared.rules.syntax.faults import Fault as RuleFault
from shared.rules.syntax.faults import Place, RuleFaulty
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.stored import segments_in, shown_rule
from shared.rules.types.catalog import Catalog
from shared.rules.types.typed import Rule
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage

__all__ = ["SEGMENT_KEYS", "segments_to_evaluate", "set_faults"]

KIND = "segment"


class SegmentNotFound(NotFound):
    code = "segment_not_found"
    title = "There is no such segment"


class SegmentTitleTaken(Conflict):
    code = "segment_title_taken"
    title = "Another segment has this title"


class SegmentPriorityTaken(Conflict):
    code = "segment_priority_taken"
    title = "Another segment of the group has this priority"


class SegmentArchived(Conflict):
    code = "segment_archived"
    title = "This segment was archived"


@dataclass(frozen=True, slots=True)
class Shown:
    """A segment with how many are in it and how far its backfill has come."""

    segment: Segment
    count: int
    backfill: engine.Backfill | None
    segment_keys: Mapping[str, str]
    """Of those that its rule asks for, by id."""

    def as_json(self) -> dict[str, Any]:
        segment = self.segment
        same = ("id", "key", "title", "description", "record_type", "priority", "version")
        stamps = ("debounce_minutes", "archived_at", "created_at", "updated_at")
        return {
            **{name: getattr(segment, name) for name in (*same, *stamps)},
            **shown_rule(segment.rule, segment.faults, self.segment_keys),
            "group": segment.group_key,
            "count": self.count,
            "progress": None if self.backfill is None else self.backfill.as_json(),
        }


async def create_segment(uow: UnitOfWork, data: SegmentIn) -> Shown:
    """The rows, at once; the members follow, record by record, from the worker."""
    catalog = await rule_input.rule_catalog(uow)
    rule = rule_input.usable_beside(
        rank_faults(data.group, data.priority),
        lambda: filters.usable(data.rule, catalog, data.record_type, "/rule"),
    )
    values = {
        "key": await SEGMENT_KEYS.key_for(uow, data.key, data.title),
        "title": data.title,
        "description": data.description,
        "record_type": data.record_type,
        "rule": write_json(rule.written),
        "group_key": data.group,
        "priority": data.priority,
        "debounce_minutes": data.debounce_minutes,
    }
    async with _refusals(data.title):
        segment = await queries.add_segment(uow, values)
    await _register(uow, segment)
    await _backfill_groups(uow, segment, {segment.group_key})
    await _publish_change(uow, segment, "segment.created", after=_audited(segment))
    return (await _shown(uow, [segment]))[0]


async def get_segment(uow: UnitOfWork, segment_id: UUID) -> tuple[Shown, Sequence[Any]]:
    """A segment and its members' revenue by currency."""
    segment = await segment_named(uow, segment_id)
    revenue = await queries.revenue(uow, segment_id, segment.record_type)
    return (await _shown(uow, [segment]))[0], revenue


async def list_segments(
    uow: UnitOfWork,
    *,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[Shown]:
    """By title; one more than `limit`, if there are more."""
    found = await queries.segments_page(
        uow,
        record_type=record_type,
        archived=archived,
        after=after,
        limit=limit + 1,
    )
    return await _shown(uow, found)


async def update_segment(
    uow: UnitOfWork, segment_id: UUID, data: SegmentPatch, version: int | None
) -> Shown:
    """A new rule, group or priority makes the worker evaluate every record again."""
    before = await live_segment(uow, segment_id)
    check_version(version, before.version)
    changes = data.changes()
    if "group" in changes:
        changes["group_key"] = changes.pop("group")
    ranked = _audited(before) | changes
    faults = rank_faults(ranked["group_key"], ranked["priority"])
    if "rule" in changes:
        catalog = await rule_input.rule_catalog(uow)
        rule = rule_input.usable_beside(
            faults, lambda: filters.usable(changes["rule"], catalog, before.record_type, "/rule")
        )
        await _must_not_lead_back(uow, segment_id, rule)
        changes["rule"] = write_json(rule.written)
    elif faults:
        raise Invalid(faults=faults)
    was, becomes = audit_log.difference(_audited(before), changes)
    if not becomes:
        return (await _shown(uow, [before]))[0]
    async with _refusals(ranked["title"]):
        segment = await queries.change_segment(uow, segment_id, {**becomes, "faults": None})
    if "debounce_minutes" in becomes and segment.debounce is None:
        await engine.lock(uow)
        await debounce.publish_now(uow, segment_id)
    if becomes.keys() & {"rule", "group_key", "priority"}:
        await _register(uow, segment)
        await _backfill_groups(uow, segment, {before.group_key, segment.group_key})
    await _publish_change(uow, segment, "segment.updated", before=was, after=becomes)
    return (await _shown(uow, [segment]))[0]


async def rename_segment(uow: UnitOfWork, segment_id: UUID, key: str) -> Shown:
    """The key before leads to it for ninety days more. Rules keep what they ask for."""
    before = await live_segment(uow, segment_id)
    segment = before
    if key != before.key:
        await SEGMENT_KEYS.rename(uow, segment_id, before.key, key)
        async with _refusals(before.title):
            segment = await queries.change_segment(uow, segment_id, {"key": key})
        was = {"key": before.key}
        await _publish_change(uow, segment, "segment.renamed", before=was, after={"key": key})
    return (await _shown(uow, [segment]))[0]


async def archive_segment(
    uow: UnitOfWork,
    segment_id: UUID,
    version: int | None,
    elsewhere: Elsewhere,
    *,
    force: bool,
) -> None:
    """Its members leave. Refused while other rules ask for it, unless `force`: then it is, to
    them, a segment without members.
    """
    segment = await live_segment(uow, segment_id)
    check_version(version, segment.version)
    if not force:
        found = await used_by(uow, segment, elsewhere)
        advice = "Take it out of these first, or send `force=true`."
        must_be_unused(found, advice, with_records=False)
    archived = await queries.archive_segment(uow, segment_id)
    await engine.register(uow, segment_id, KIND, segment.record_type, ())
    await _backfill_groups(uow, segment, {segment.group_key})
    await _publish_change(uow, archived, "segment.archived", before=_audited(segment))


async def ask_others(service: Service, caller: Caller, segment_id: UUID) -> Elsewhere:
    """Not within a transaction."""
    return await usage.ask_others(service, caller, "segment", str(segment_id))


async def used_by(uow: UnitOfWork, segment: Segment, elsewhere: Elsewhere) -> Used:
    counts = await queries.counts(uow, [segment.id])
    return await usage.used(
        uow,
        "segment",
        str(segment.id),
        elsewhere,
        record_type=segment.record_type,
        records=counts.get(segment.id, 0),
    )


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The segments that ask for a member. Of all else the engine knows who depends on it."""
    if what != "member":
        return []
    named = await queries.segments_naming(uow, key)
    return [Usage("segment", str(segment.id), segment.title) for segment in named]


async def recheck_segment(uow: UnitOfWork, segment_id: UUID) -> Shown:
    """Look at every record again; `progress.drift` then says how many were wrong."""
    segment = await live_segment(uow, segment_id)
    await engine.start_backfill(uow, segment_id, repeated=True)
    return (await _shown(uow, [segment]))[0]


async def segment_named(uow: UnitOfWork, segment_id: UUID) -> Segment:
    """Archived ones too."""
    found = await queries.segment_by_id(uow, segment_id)
    if found is None:
        raise SegmentNotFound("There is no segment with this id.")
    return found


async def those_of(uow: UnitOfWork, ids: Iterable[UUID]) -> list[Segment]:
    """Archived ones too; ids of nothing are left out."""
    found = [await queries.segment_by_id(uow, one) for one in set(ids)]
    return [one for one in found if one is not None]


async def those_named(uow: UnitOfWork, words: Iterable[str]) -> dict[str, Segment]:
    """By id or key, archived ones too; what leads to nothing is left out."""
    ids = await SEGMENT_KEYS.resolve(uow, words)
    known = {one.id: one for one in await those_of(uow, ids.values())}
    return {word: known[one] for word, one in ids.items() if one in known}


async def outputs(uow: UnitOfWork) -> dict[UUID, engine.Output]:
    """Other rules may ask who is in a segment."""
    return {
        one.id: engine.Output(
            f"segment {one.title}",
            frozenset({Dependency(one.record_type, segment_dependency(str(one.id)))}),
        )
        for one in await queries.live_segments(uow)
    }


async def live_segment(uow: UnitOfWork, segment_id: UUID) -> Segment:
    """Locked: one edit of a segment at a time."""
    found = await queries.segment_by_id(uow, segment_id, lock=True)
    if found is None:
        raise SegmentNotFound("There is no segment with this id.")
    if found.archived_at is not None:
        raise SegmentArchived(f"It was archived on {found.archived_at:%d %B %Y}.")
    return found


async def _shown(uow: UnitOfWork, found: Sequence[Segment]) -> list[Shown]:
    ids = [segment.id for segment in found]
    counts = await queries.counts(uow, ids)
    backfills = await engine.backfills_of(uow, ids)
    keys = await keys_of(uow, [segment.rule for segment in found])
    return [Shown(one, counts.get(one.id, 0), backfills.get(one.id), keys) for one in found]


async def _must_not_lead_back(uow: UnitOfWork, segment_id: UUID, rule: Rule) -> None:
    if not segments_read(rule):
        return
    known = await queries.live_segments(uow)
    seen_by = {str(one.id): segments_in(one.rule) for one in known}
    if leads_back(segment_id, rule, seen_by):
        message = "Membership in this segment would depend on itself."
        fault = RuleFault("segment_cycle", message, Place(pointer=""))
        raise filters.refused(RuleFaulty([fault]), "/rule")


async def _register(uow: UnitOfWork, segment: Segment) -> None:
    catalog: Catalog = await record_catalog.rule_catalog(uow)
    rule = effective_rule(catalog, segment.record_type, to_json(segment.rule).decode())
    await engine.register(uow, segment.id, KIND, segment.record_type, dependencies(rule))


async def _backfill_groups(uow: UnitOfWork, segment: Segment, groups: set[str | None]) -> None:
    """Others of a group gain or lose what this one leaves or takes."""
    if groups == {None}:
        return
    for other in await queries.live_segments(uow):
        same = other.record_type == segment.record_type and other.id != segment.id
        if same and other.group_key is not None and other.group_key in groups:
            await engine.start_backfill(uow, other.id)


async def _publish_change(
    uow: UnitOfWork,
    segment: Segment,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await queries.keep_version(uow, segment, cause_of(uow))
    await audit_log.record(uow, action, "segment", segment.id, before=before, after=after)
    uow.publish(
        SegmentChanged(
            id=segment.id,
            key=segment.key,
            title=segment.title,
            record_type=segment.record_type,
            version=segment.version,
            archived=segment.archived_at is not None,
        )
    )


def cause_of(uow: UnitOfWork) -> list[dict[str, Any]]:
    return [link.model_dump(mode="json", exclude_none=True) for link in uow.cause]


def _audited(segment: Segment) -> dict[str, Any]:
    names = ("key", "title", "description", "rule", "group_key", "priority", "debounce_minutes")
    return {name: getattr(segment, name) for name in names}


@asynccontextmanager
async def _refusals(title: str) -> AsyncIterator[None]:
    async with (
        refuse("uq_segments_workspace_id_key", KeyTaken("Another segment has this key.")),
        refuse("uq_segments_workspace_id_title", SegmentTitleTaken(f"{title!r} is taken.")),
        refuse(
            "uq_segments_workspace_id_record_type_group_key_priority",
            SegmentPriorityTaken("Give it another priority."),
        ),
    ):
        yield
