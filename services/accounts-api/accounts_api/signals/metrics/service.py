"""What one may ask of metrics. What they come to for each record is `metric_values`."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json, to_json

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.segment_keys import keys_by_id
from accounts_api.evaluation.usages import service as usage
from accounts_api.evaluation.usages.service import Elsewhere, Used, must_be_unused
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.schema import record_catalog
from accounts_api.signals.metric_documents.depends import dependencies, metric_dependency
from accounts_api.signals.metric_documents.documents import Metric, Stored
from accounts_api.signals.metric_documents.reading import Known, Reading, read
from accounts_api.signals.metric_documents.stored_rules import kept, segments_asked, shown
from accounts_api.signals.metrics import queries
from accounts_api.signals.metrics.queries import MetricDefinition
from accounts_api.signals.metrics.queries import living_metrics as living
from accounts_api.signals.metrics.queries import set_faults as show_faults
from accounts_api.signals.metrics.schemas import MetricDraft, MetricIn, MetricPatch
from shared.db import refuse
from shared.errors import Conflict, Fault, Invalid, NotFound, check_version
from shared.events.signals.metrics import MetricDefinitionChanged
from shared.ids import new_id
from shared.keys import Keys, KeyTaken
from shared.rules.interpreter.depends import Dependency
from shared.rules.syntax.faults import RuleFaulty, of_what_is_stored
from shared.rules.types.catalog import Catalog
from shared.uow import UnitOfWork
from shared.usages import Usage

__all__ = ["MetricDefinition", "living", "show_faults"]

KIND: Final = "metric"
METRIC_KEYS: Final = Keys("metric", "metric_definitions", "archived_at is null")
MOST_METRICS: Final = 200
_DOCUMENT: Final = ("unit", "numerator", "denominator", "decimals", "cap")
_OF_PEOPLE: Final = ("title", "description")


class MetricNotFound(NotFound):
    code = "metric_not_found"
    title = "There is no such metric"


class MetricTitleTaken(Conflict):
    code = "metric_title_taken"
    title = "Another metric has this title"


class MetricArchived(Conflict):
    code = "metric_archived"
    title = "This metric was archived"


class TooManyMetrics(Conflict):
    code = "too_many_metrics"
    title = "A workspace has at most 200 metrics"


@dataclass(frozen=True, slots=True)
class Library:
    """The living metrics of a workspace, as today's catalog reads them."""

    readings: Mapping[UUID, Reading]

    def metric(self, metric_id: UUID) -> Metric | None:
        reading = self.readings.get(metric_id)
        return None if reading is None else reading.metric

    def of_type(self, record_type: str) -> list[Metric]:
        """Those that can be worked out, by key."""
        found = (reading.metric for reading in self.readings.values())
        return [each for each in found if each is not None and each.type.name == record_type]


async def library(uow: UnitOfWork) -> Library:
    catalog = await record_catalog.rule_catalog(uow)
    rows = [
        [str(one.id), one.key, one.title, one.record_type, one.document]
        for one in await queries.living_metrics(uow)
    ]
    return _library(catalog, to_json(rows))


@lru_cache(maxsize=256)
def _library(catalog: Catalog, rows: bytes) -> Library:
    stored = [
        Stored(UUID(id_), key, title, record_type, document)
        for id_, key, title, record_type, document in from_json(rows)
    ]
    known = Known(catalog, {one.key: one for one in stored})
    return Library({one.id: read(one, known) for one in stored})


async def create_metric(uow: UnitOfWork, data: MetricIn) -> dict[str, Any]:
    """The definition, at once; the values follow, record by record, from the worker."""
    if len(await queries.living_metrics(uow)) >= MOST_METRICS:
        raise TooManyMetrics("Archive one that nothing uses.")
    key = await METRIC_KEYS.key_for(uow, data.key, data.title)
    draft = Stored(new_id(), key, data.title, data.record_type, document_of(data))
    metric = await _usable(uow, draft)
    values = {
        "key": key,
        **{name: getattr(data, name) for name in _OF_PEOPLE},
        "record_type": data.record_type,
        "document": kept(draft.document, metric),
    }
    async with _refusals(key, data.title):
        definition = await queries.add_metric(uow, values)
    await _register(uow, definition, metric)
    # What read one of this key that was archived may go on.
    await engine.backfill_dependents(uow, data.record_type, metric_dependency(key))
    await _note(uow, definition, "metric.created", after=_audited(definition))
    return (await all_shown(uow, [definition]))[0]


def document_of(data: MetricDraft) -> dict[str, Any]:
    written = data.model_dump(mode="json", by_alias=True)
    return {name: written[name] for name in _DOCUMENT}


async def check_metric(uow: UnitOfWork, data: MetricDraft) -> dict[str, Any]:
    """Every fault of a draft; a faulty one is an answer, not a refusal."""
    reading = await _reading(uow, draft_of(data))
    return {"valid": not reading.faults, "faults": [fault.as_json() for fault in reading.faults]}


def draft_of(data: MetricDraft) -> Stored:
    """It has no key, so nothing reads it."""
    return Stored(new_id(), "", "draft", data.record_type, document_of(data))


async def usable_draft(uow: UnitOfWork, data: MetricDraft) -> Metric:
    """Raises `Invalid` with every fault."""
    return await _usable(uow, draft_of(data))


async def get_metric(uow: UnitOfWork, metric_id: UUID, *, lock: bool = False) -> MetricDefinition:
    found = await queries.metric_by_id(uow, metric_id, lock=lock)
    if found is None:
        raise MetricNotFound("There is no metric with this id.")
    return found


async def living_metric(uow: UnitOfWork, metric_id: UUID) -> MetricDefinition:
    """Locked. Raises `MetricArchived`."""
    found = await get_metric(uow, metric_id, lock=True)
    if found.archived_at is not None:
        raise MetricArchived("An archived metric cannot be changed; create another.")
    return found


async def shown_metric(uow: UnitOfWork, metric_id: UUID) -> dict[str, Any]:
    return (await all_shown(uow, [await get_metric(uow, metric_id)]))[0]


async def list_metrics(
    uow: UnitOfWork,
    *,
    record_type: str | None,
    archived: bool,
    after: tuple[str, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """By title; one more than `limit`, if there are more."""
    found = await queries.metrics_page(
        uow, record_type=record_type, archived=archived, after=after, limit=limit + 1
    )
    return await all_shown(uow, found)


async def all_shown(
    uow: UnitOfWork, definitions: Sequence[MetricDefinition]
) -> list[dict[str, Any]]:
    asked = {segment for one in definitions for segment in segments_asked(one.document)}
    keys = await keys_by_id(uow, asked) if asked else {}
    backfills = await engine.backfills_of(uow, [one.id for one in definitions])
    plain = ("id", "key", "title", "description", "record_type", "version", "archived_at")
    rows = []
    for one in definitions:
        backfill = backfills.get(one.id) if one.archived_at is None else None
        rows.append(
            {
                **{name: getattr(one, name) for name in (*plain, "created_at", "updated_at")},
                **_shown_document(one, keys),
                "progress": None if backfill is None else backfill.as_json(),
            }
        )
    return rows


def _shown_document(definition: MetricDefinition, keys: Mapping[str, str]) -> dict[str, Any]:
    """Of one that cannot be read any more nothing is shown, and its faults say so."""
    known = {"record_type": definition.record_type, **definition.document}
    try:
        with of_what_is_stored():
            MetricDraft.model_validate(known)
    except RuleFaulty as faulty:
        nothing: dict[str, Any] = {
            "unit": definition.unit,
            "numerator": {},
            "denominator": None,
            "cap": None,
        }
        return {**nothing, "decimals": 0, "faults": definition.faults or faulty.as_errors()}
    return {**shown(definition.document, keys), "faults": definition.faults or []}


async def update_metric(
    uow: UnitOfWork, metric_id: UUID, data: MetricPatch, version: int | None
) -> dict[str, Any]:
    """A new definition is worked out for every record again."""
    before = await living_metric(uow, metric_id)
    check_version(version, before.version)
    given = {name: _plain(getattr(data, name)) for name in data.model_fields_set}
    document, metric = before.document, None
    changed: dict[str, Any] = {name: given[name] for name in _DOCUMENT if name in given}
    if changed:
        draft = Stored(
            before.id, before.key, before.title, before.record_type, {**document, **changed}
        )
        metric = await _usable(uow, draft)
        document = kept(draft.document, metric)
    values: dict[str, Any] = {name: given[name] for name in _OF_PEOPLE if name in given}
    values["document"] = document
    was, becomes = audit_log.difference(_audited(before), values)
    if not becomes:
        return (await all_shown(uow, [before]))[0]
    async with _refusals(before.key, values.get("title", before.title)):
        faults = {} if metric is None else {"faults": None}
        definition = await queries.change_metric(uow, metric_id, {**becomes, **faults})
    if metric is not None and "document" in becomes:
        await _register(uow, definition, metric)
    await _note(uow, definition, "metric.updated", before=was, after=becomes)
    return (await all_shown(uow, [definition]))[0]


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json", by_alias=True) if isinstance(value, BaseModel) else value


async def archive_metric(
    uow: UnitOfWork,
    metric_id: UUID,
    version: int | None,
    elsewhere: Elsewhere,
    *,
    force: bool,
) -> None:
    """Its values go. Refused while something reads it, unless `force`: that then stands still, and
    says why.
    """
    definition = await living_metric(uow, metric_id)
    check_version(version, definition.version)
    if not force:
        found = await used_by(uow, definition, elsewhere)
        advice = "Take it out of these first, or send `force=true`."
        must_be_unused(found, advice, with_records=False)
    archived = await queries.archive_metric(uow, metric_id)
    await engine.register(uow, metric_id, KIND, definition.record_type, ())
    what = metric_dependency(definition.key)
    await engine.backfill_dependents(uow, definition.record_type, what)
    await _note(uow, archived, "metric.archived", before=_audited(definition))


async def used_by(uow: UnitOfWork, definition: MetricDefinition, elsewhere: Elsewhere) -> Used:
    return await usage.used(
        uow, "metric", definition.key, elsewhere, record_type=definition.record_type
    )


async def usages_of_rules(
    uow: UnitOfWork, ids: Sequence[UUID], dependency: Dependency
) -> list[Usage]:
    """The metrics that read something, as a refusal to delete it names them."""
    wanted = set(ids)
    found = [one for one in await queries.living_metrics(uow) if one.id in wanted]
    return [usage_of(one) for one in sorted(found, key=lambda one: (one.title, one.id))]


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The metrics that name a member in a rule. Of all else the engine knows who depends on it."""
    if what != "member":
        return []
    return [usage_of(one) for one in await queries.metrics_naming(uow, key)]


def usage_of(definition: MetricDefinition) -> Usage:
    return Usage(KIND, str(definition.id), definition.title)


async def _reading(uow: UnitOfWork, draft: Stored) -> Reading:
    others = await queries.living_metrics(uow)
    metrics = {
        one.key: Stored(one.id, one.key, one.title, one.record_type, one.document)
        for one in others
        if one.id != draft.id
    }
    catalog = await rule_input.rule_catalog(uow)
    reading = read(draft, Known(catalog, metrics, await queries.event_names(uow)))
    return reading if reading.metric is None else _with_readers(draft, reading, catalog, metrics)


def _with_readers(
    draft: Stored, reading: Reading, catalog: Catalog, metrics: Mapping[str, Stored]
) -> Reading:
    """What the metrics that read it would then say: too many may stand behind one another."""
    known = Known(catalog, {**metrics, draft.key: draft})
    found = []
    for reader in metrics.values():
        faults = {fault.code: fault for fault in read(reader, known).faults}
        if "too_deep" in faults and reader.record_type == draft.record_type:
            message = f"{reader.key} reads it: {faults['too_deep'].message}"
            found.append(Fault("/numerator", "too_deep", message))
    return Reading(None, found) if found else reading


async def _usable(uow: UnitOfWork, draft: Stored) -> Metric:
    reading = await _reading(uow, draft)
    if reading.metric is None:
        raise Invalid("The metric cannot be used. See `errors`.", faults=reading.faults)
    return reading.metric


async def _register(uow: UnitOfWork, definition: MetricDefinition, metric: Metric) -> None:
    """Metrics that read it are worked out again, too, as they are of the new definition."""
    here, what = definition.record_type, metric_dependency(definition.key)
    await engine.register(uow, definition.id, KIND, here, dependencies(metric))
    for reader in await engine.rules_reading(uow, KIND, here, what):
        other = (await library(uow)).metric(reader)
        if other is not None:
            await engine.register(uow, reader, KIND, here, dependencies(other))


async def _note(
    uow: UnitOfWork,
    definition: MetricDefinition,
    action: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await queries.keep_version(uow, definition)
    await audit_log.record(uow, action, KIND, definition.id, before=before, after=after)
    uow.publish(
        MetricDefinitionChanged(
            id=definition.id,
            key=definition.key,
            title=definition.title,
            record_type=definition.record_type,
            version=definition.version,
            archived=definition.archived_at is not None,
        )
    )


def _audited(definition: MetricDefinition) -> dict[str, Any]:
    return {name: getattr(definition, name) for name in ("key", *_OF_PEOPLE, "document")}


@asynccontextmanager
async def _refusals(key: str, title: str) -> AsyncIterator[None]:
    table = "uq_metric_definitions_workspace_id"
    async with (
        refuse(f"{table}_key", KeyTaken(f"{key!r} is taken.")),
        refuse(f"{table}_title", MetricTitleTaken(f"{title!r} is taken.")),
    ):
        yield
