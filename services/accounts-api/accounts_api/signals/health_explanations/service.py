import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from accounts_api.records.history.service import must_have_come
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.signals.health_definitions import service as health_definitions
from accounts_api.signals.health_explanations import queries
from accounts_api.signals.health_explanations.queries import DecidedScore
from accounts_api.signals.health_explanations.rules import Since, compared, explained
from accounts_api.signals.health_scores import service as health_scores
from accounts_api.signals.health_scores.service import HealthScore
from accounts_api.signals.health_values.statement import list_of
from accounts_api.signals.score_reasons.changes import Decided
from accounts_api.signals.scoring.definition import Definition, Value
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.schemas import HealthDefinitionIn
from accounts_api.signals.scoring.score import Score, uncapped_score
from shared.errors import NotFound
from shared.lists import moment
from shared.uow import UnitOfWork

_DOCUMENT: Final = TypeAdapter(list[HealthDefinitionIn])
NOT_EVALUATED: Final = "not_evaluated"


async def explain_record(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    score_id: UUID,
    *,
    as_of: datetime | None,
    since: datetime | None,
) -> dict[str, Any]:
    """Out of what was decided. Of a record that was not scored yet, that there is nothing."""
    await must_have_come(uow, as_of, "/query/as_of")
    await must_have_come(uow, since, "/query/since")
    if not await queries.record_exists(uow, schema, record_id, deleted=as_of is not None):
        raise NotFound(f"There is no {schema.record_type} with this id.")
    score = await health_scores.get_score(uow, score_id)
    if score.record_type != schema.record_type:
        message = f"There is no health score of {schema.record_type} records with this id."
        raise health_scores.HealthScoreNotFound(message)
    at = as_of or await uow.now()
    row = await queries.decided_score(uow, score_id, record_id, as_of)
    if row is not None and as_of is None:
        row = await _with_values_of_now(uow, score, record_id, row)
    lists = _Lists(uow, score_id)
    decided = None if row is None else await lists.decided(row)
    return {
        "record_id": record_id,
        "score_id": score_id,
        "key": score.key,
        "as_of": at,
        **_said(row),
        "definition": None if row is None else await lists.chosen(row),
        "override": await _override(uow, row),
        "caps": [] if decided is None or row is None else _caps(decided.definition, row),
        "next_check_at": None if as_of else await queries.next_check(uow, score_id, record_id),
        "explanation": await _explanation(uow, record_id, row, decided, at),
        "since": await _since(uow, lists, score_id, record_id, decided, since),
    }


async def _with_values_of_now(
    uow: UnitOfWork, score: HealthScore, record_id: UUID, row: DecidedScore
) -> DecidedScore:
    """A value may have moved within its band since the latest change. Where points are others by
    now, the score is about to follow, and is explained as it still is.
    """
    if row.definition_key is None or score.archived_at is not None:
        return row
    catalog = await record_catalog.rule_catalog(uow)
    current = await health_definitions.current(uow, score)
    read = await health_definitions.usable(uow, score, current)
    definitions = list_of(read, catalog.types[score.record_type], stops_at_churn=False)
    context = await moment.evaluation_context(uow)
    now = await queries.values_now(uow, definitions, record_id, context)
    same = (now.definition_key, now.points) == (row.definition_key, row.points)
    return replace(row, inputs=now.inputs) if same else row


def _said(row: DecidedScore | None) -> dict[str, Any]:
    """What is shown, and what was computed beneath an override."""
    if row is None:
        names = ("score", "label", "computed_score", "computed_label", "change_id", "decided_at")
        return {**dict.fromkeys(names), "null_reason": NOT_EVALUATED}
    return {
        "score": row.score,
        "label": row.label,
        "computed_score": row.computed_score,
        "computed_label": row.computed_label,
        "null_reason": row.null_reason,
        "change_id": row.change_id,
        "decided_at": row.valid_from,
    }


async def _explanation(
    uow: UnitOfWork,
    record_id: UUID,
    row: DecidedScore | None,
    decided: Decided | None,
    at: datetime,
) -> dict[str, Any] | None:
    """None where no definition scores the record."""
    if row is None or decided is None:
        return None
    measures = decided.definition.measures
    fields = {measure.input for measure in measures}
    changed = await queries.fields_since(uow, record_id, sorted(fields), at) if fields else {}
    since = {name: Since(one.valid_from, one.change_id) for name, one in changed.items()}
    values = [decided.values.get(measure.key) for measure in measures]
    held_by = "override" if row.override_id is not None else "cap" if row.capped_by else None
    found = explained(decided, values, since)
    return {**found, "smallest_flip": {**found["smallest_flip"], "held_by": held_by}}


async def _since(
    uow: UnitOfWork,
    lists: "_Lists",
    score_id: UUID,
    record_id: UUID,
    now: Decided | None,
    at: datetime | None,
) -> dict[str, Any] | None:
    if at is None:
        return None
    row = await queries.decided_score(uow, score_id, record_id, at)
    then = None if row is None else await lists.decided(row)
    return {
        "at": at,
        "score": None if row is None else row.score,
        "label": None if row is None else row.label,
        "definitions_version": None if row is None else row.definitions_version,
        "lines": compared(then, now),
    }


class _Lists:
    """The lists of definitions that decided, each read once."""

    def __init__(self, uow: UnitOfWork, score_id: UUID) -> None:
        self._uow = uow
        self._score_id = score_id
        self._read: dict[int, Sequence[Definition]] = {}

    async def decided(self, row: DecidedScore) -> Decided | None:
        """None where no definition scored the record, or none that can still be read."""
        definition = await self._definition(row)
        if definition is None or row.definitions_version is None:
            return None
        points = tuple(row.points or [None] * len(definition.measures))
        if len(points) != len(definition.measures):
            return None
        overridden = row.score if row.override_id is not None else None
        score = _score(definition, row, points)
        return Decided(
            definition,
            row.definitions_version,
            _values(row.inputs),
            score,
            overridden if overridden != score.score else None,
        )

    async def chosen(self, row: DecidedScore) -> dict[str, Any] | None:
        """The definition that decided, and those before it, which did not hold the record."""
        definition = await self._definition(row)
        if definition is None:
            return None
        definitions = await self._list(row.definitions_version or 0)
        place = [each.key for each in definitions].index(definition.key)
        return {
            "key": definition.key,
            "title": definition.title,
            "version": row.definitions_version,
            "tried": [
                {
                    "key": each.key,
                    "segment_id": each.segment,
                    "holds": number == place,
                }
                for number, each in enumerate(definitions[: place + 1])
            ],
        }

    async def _definition(self, row: DecidedScore) -> Definition | None:
        definitions = await self._list(row.definitions_version or 0)
        return next((each for each in definitions if each.key == row.definition_key), None)

    async def _list(self, version: int) -> Sequence[Definition]:
        if version not in self._read:
            document = await queries.definitions(self._uow, self._score_id, version)
            self._read[version] = _definitions(document or "[]")
        return self._read[version]


def _definitions(document: str) -> Sequence[Definition]:
    """None of a list that an older release stored and this one cannot read."""
    try:
        definitions, _ = read_definitions(_DOCUMENT.validate_json(document))
    except ValidationError:
        return ()
    return definitions


def _score(definition: Definition, row: DecidedScore, points: tuple[int | None, ...]) -> Score:
    """As it was decided. Of a roll-up that was capped, what it was without is not kept."""
    label = next((each for each in definition.labels if each.key == row.computed_label), None)
    cap = next((n for n, cap in enumerate(definition.caps) if cap.title == row.capped_by), None)
    uncapped = row.computed_score
    if definition.groups and uncapped is not None:
        uncapped = uncapped_score(definition, points)
    return Score(row.computed_score, label, None, points, uncapped, cap)


def _values(inputs: str | None) -> dict[str, Value | None]:
    """With numbers as they are written."""
    found: dict[str, Value | None] = json.loads(inputs or "{}", parse_float=Decimal) or {}
    return found


def _caps(definition: Definition, row: DecidedScore) -> list[dict[str, Any]]:
    return [
        {"title": cap.title, "at_most": cap.at_most, "lowers": cap.title == row.capped_by}
        for cap in definition.caps
    ]


async def _override(uow: UnitOfWork, row: DecidedScore | None) -> queries.Override | None:
    if row is None or row.override_id is None:
        return None
    return await queries.override_by_id(uow, row.override_id)
