"""Writes the definitions of a score and lets every record be scored by them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import HEALTH
from accounts_api.evaluation.rule_sets import rule_input
from accounts_api.evaluation.rule_sets.segment_keys import SEGMENT_KEYS, keys_by_id
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.schema import record_catalog
from accounts_api.signals.health_definitions.compiled import Compiled, compile_list, compiled
from accounts_api.signals.health_definitions.documents import segments_of, shown, stored
from accounts_api.signals.health_definitions.schemas import HealthDefinitionsIn
from accounts_api.signals.health_scores import service as health_scores
from accounts_api.signals.health_scores.service import DefinitionList, HealthScore
from accounts_api.signals.scoring.schemas import HealthDefinitionIn
from shared.errors import Fault, Invalid, check_version
from shared.events.signals.health import HealthDefinitionsChanged
from shared.uow import UnitOfWork


async def get_definitions(uow: UnitOfWork, score_id: UUID) -> dict[str, Any]:
    """As they are now, of an archived score too."""
    score = await health_scores.get_score(uow, score_id)
    return await _shown(uow, score, await current(uow, score))


async def replace_definitions(
    uow: UnitOfWork, score_id: UUID, data: HealthDefinitionsIn, version: int | None
) -> dict[str, Any]:
    """The whole list at once, and a look at every record by the worker. The same list again changes
    nothing. Raises `Invalid` with all faults.
    """
    score = await health_scores.live_score(uow, score_id)
    check_version(version, score.definitions_version)
    before = await current(uow, score)
    documents, read = await _read(uow, score, data.definitions)
    document = [
        stored(one, scored) for one, scored in zip(documents, read.definitions, strict=True)
    ]
    if document == before.document:
        return await _shown(uow, score, before)
    number = score.definitions_version + 1
    made = await health_scores.add_definition_list(
        uow, score_id, number, document, health_scores.cause_of(uow)
    )
    changed = await health_scores.change_score(
        uow, score_id, {"definitions_version": number, "faults": None}
    )
    await register(uow, changed, made)
    await audit_log.record(
        uow,
        "health_definitions.replaced",
        "health_score",
        score_id,
        before={"definitions": before.document},
        after={"definitions": document},
    )
    uow.publish(
        HealthDefinitionsChanged(
            score_id=score_id,
            key=score.key,
            title=score.title,
            record_type=score.record_type,
            version=number,
            definitions=[one.definition.key for one in read.definitions],
            labels=list(
                dict.fromkeys(
                    label.key for one in read.definitions for label in one.definition.labels
                )
            ),
        )
    )
    return await _shown(uow, changed, made)


async def drafted(
    uow: UnitOfWork, score: HealthScore, definitions: Sequence[HealthDefinitionIn]
) -> Compiled:
    """A list that is not stored, ready for use. Raises `Invalid` with all faults."""
    _, read = await _read(uow, score, definitions)
    return read


async def _read(
    uow: UnitOfWork, score: HealthScore, definitions: Sequence[HealthDefinitionIn]
) -> tuple[list[HealthDefinitionIn], Compiled]:
    catalog = await rule_input.rule_catalog(uow)
    documents = await _with_segments(uow, definitions)
    read = compile_list(catalog, score.record_type, documents)
    if read.faults:
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=read.faults)
    return documents, read


async def _with_segments(
    uow: UnitOfWork, definitions: Sequence[HealthDefinitionIn]
) -> list[HealthDefinitionIn]:
    """With segments by id, where a key leads to one."""
    words = [one.segment_id for one in definitions if one.segment_id is not None]
    ids = await SEGMENT_KEYS.resolve(uow, words)
    return [
        one.model_copy(update={"segment_id": str(ids.get(one.segment_id or "", one.segment_id))})
        if one.segment_id is not None
        else one
        for one in definitions
    ]


async def register(uow: UnitOfWork, score: HealthScore, definitions: DefinitionList) -> None:
    """Raises `Invalid` when a score would depend on itself."""
    read = await usable(uow, score, definitions)
    found = read.dependencies if read.definitions else frozenset()
    await engine.register(uow, score.id, HEALTH, score.record_type, found)


async def usable(uow: UnitOfWork, score: HealthScore, definitions: DefinitionList) -> Compiled:
    """Ready for use, with what is gone of it as its faults."""
    catalog = await record_catalog.rule_catalog(uow)
    return compiled(catalog, score.record_type, to_json(definitions.document).decode())


async def current(uow: UnitOfWork, score: HealthScore) -> DefinitionList:
    found = await health_scores.definition_list(uow, score.id, score.definitions_version)
    if found is None:
        raise LookupError(f"The definitions of {score.id} are gone.")
    return found


async def _shown(
    uow: UnitOfWork, score: HealthScore, definitions: DefinitionList
) -> dict[str, Any]:
    keys = await keys_by_id(uow, segments_of(definitions.document))
    backfills = await engine.backfills_of(uow, [score.id])
    return {
        "definitions": [shown(one, keys) for one in definitions.document],
        "version": definitions.version,
        "valid_from": definitions.valid_from,
        "progress": backfills[score.id].as_json() if score.id in backfills else None,
        "faults": score.faults or [],
    }


def as_json(faults: Sequence[Fault]) -> list[dict[str, Any]] | None:
    """As they are stored with a score."""
    return [fault.as_json() for fault in faults] or None
