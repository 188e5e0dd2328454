"""Reads the health of a record, and takes a person's word over it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.rule_kinds.evaluators import Trigger
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.history.service import record_as_of
from accounts_api.records.schema.errors import RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT, RecordSchema
from accounts_api.records.store.service import state_of
from accounts_api.signals.health_definitions import service as health_definitions
from accounts_api.signals.health_overrides import service as overrides
from accounts_api.signals.health_overrides.service import StoredOverride
from accounts_api.signals.health_records import queries
from accounts_api.signals.health_records.queries import HealthChange, RecordHealth
from accounts_api.signals.health_records.rules import faults_of
from accounts_api.signals.health_records.schemas import HealthOverrideIn
from accounts_api.signals.health_scores import service as health_scores
from accounts_api.signals.health_scores.service import HealthScore, HealthScoreNotFound
from accounts_api.signals.health_values import evaluation
from accounts_api.signals.health_values.publishing import publish_ended
from shared.auth import Caller
from shared.db import refuse
from shared.errors import Conflict, Invalid, NotFound
from shared.events.signals.health import HealthOverridden
from shared.lists import moment
from shared.paging import CursorSigner, page_of
from shared.uow import UnitOfWork


class AlreadyOverridden(Conflict):
    code = "already_overridden"
    title = "Somebody's word holds over this score already"


class NotScored(Conflict):
    code = "not_scored"
    title = "No definition scores this record"


class NoOverride(NotFound):
    code = "no_override"
    title = "Nobody's word holds over this score"


async def get_health(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, as_of: datetime | None
) -> list[RecordHealth]:
    """Raises `RecordNotFound`; of the past, where the record was not there then."""
    if as_of is not None:
        await record_as_of(uow, schema, record_id, as_of, None)
    else:
        await _must_live(uow, schema, record_id)
    return await queries.health_of(uow, schema.record_type, record_id, as_of)


async def history(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    score_id: UUID,
    signer: CursorSigner,
    cursor: str | None,
    limit: int,
) -> dict[str, Any]:
    """Of a deleted record, too."""
    if await state_of(uow, schema, record_id) is None:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")
    score = await _score_of(uow, schema, score_id)
    shape = ("health history", score.id, record_id)
    position = signer.read(cursor, uow.workspace_id, shape) if cursor else None
    after = (datetime.fromisoformat(position[0]), UUID(position[1])) if position else None
    found = await queries.history_page(uow, score.id, record_id, after, limit + 1)
    rows = [_shown(change) for change in found]
    return page_of(rows, limit, signer, uow.workspace_id, shape, ("valid_from", "id"))


def _shown(change: HealthChange) -> Mapping[str, Any]:
    inputs, points = change.inputs or {}, change.points or []
    measures = [
        {"key": key, "value": inputs.get(key), "points": None if own is None else own / 100}
        for key, own in zip(change.measures or [], points, strict=False)
    ]
    return {**asdict(change), "measures": measures}


async def set_override(
    uow: UnitOfWork,
    schema: RecordSchema,
    record_id: UUID,
    score_id: UUID,
    data: HealthOverrideIn,
    caller: Caller,
) -> RecordHealth:
    """Holds at once, over what goes on being computed beneath."""
    await engine.lock(uow)
    await _must_live(uow, schema, record_id)
    await _may_speak(uow, schema, record_id, caller)
    score = await _live(uow, schema, score_id)
    known = await _health(uow, schema, record_id, score)
    definitions = await health_definitions.current(uow, score)
    usable = await health_definitions.usable(uow, score, definitions)
    scored = usable.named(None if known is None else known.definition_key)
    if scored is None:
        raise NotScored("Let a definition be for it first, or wait until it is scored.")
    now = await uow.now()
    labels = [label.key for label in scored.definition.labels]
    if faults := faults_of(data.label, data.score, data.expires_at, now, labels):
        raise Invalid("Nothing was stored. See `errors` for each fault.", faults=faults)
    taken = AlreadyOverridden("End it first: DELETE the override.")
    async with refuse("uq_health_overrides_active", taken):
        said = await overrides.add_override(
            uow,
            {
                **data.model_dump(),
                "score_id": score.id,
                "record_id": record_id,
                "valid_from": now,
                "cause": health_scores.cause_of(uow),
            },
        )
    uow.publish(_overridden(score, said))
    after = {"record_id": record_id, **data.model_dump(mode="json")}
    await audit_log.record(uow, "health_score.overridden", "health_score", score.id, after=after)
    return await _settled(uow, schema, record_id, score)


async def clear_override(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, score_id: UUID, caller: Caller
) -> RecordHealth:
    """The computed score holds again, at once."""
    await engine.lock(uow)
    await _must_live(uow, schema, record_id)
    await _may_speak(uow, schema, record_id, caller)
    score = await _live(uow, schema, score_id)
    said = await overrides.overrides_of(uow, score.id, record_id)
    if not said or said[0].ended_at is not None:
        raise NoOverride("Only the computed score is there.")
    override, now = said[0], await uow.now()
    await overrides.end_overrides(uow, [(override.id, now, "person")])
    publish_ended(uow, score, record_id, override.id, now, "person")
    before = {"record_id": record_id, "override_id": override.id}
    await audit_log.record(
        uow, "health_score.override_ended", "health_score", score.id, before=before
    )
    return await _settled(uow, schema, record_id, score)


async def _settled(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, score: HealthScore
) -> RecordHealth:
    context = await moment.evaluation_context(uow)
    trigger = Trigger(context.now, uow.cause)
    await evaluation.evaluate(uow, {score.id: {record_id: trigger}}, context)
    found = await _health(uow, schema, record_id, score)
    if found is None:
        raise RecordNotFound(f"This {schema.record_type} has no score.")
    return found


async def _health(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, score: HealthScore
) -> RecordHealth | None:
    found = await queries.health_of(uow, schema.record_type, record_id)
    return next((one for one in found if one.score_id == score.id), None)


async def _must_live(uow: UnitOfWork, schema: RecordSchema, record_id: UUID) -> None:
    state = await state_of(uow, schema, record_id)
    if state is None or state["deleted"]:
        raise RecordNotFound(f"There is no {schema.record_type} with this id.")


async def _score_of(uow: UnitOfWork, schema: RecordSchema, score_id: UUID) -> HealthScore:
    score = await health_scores.get_score(uow, score_id)
    if score.record_type != schema.record_type:
        raise HealthScoreNotFound(f"This health score is not of {schema.plural}.")
    return score


async def _live(uow: UnitOfWork, schema: RecordSchema, score_id: UUID) -> HealthScore:
    await _score_of(uow, schema, score_id)
    return await health_scores.live_score(uow, score_id)


async def _may_speak(
    uow: UnitOfWork, schema: RecordSchema, record_id: UUID, caller: Caller
) -> None:
    """Who configures health may, and who holds a key role on the account. Raises `Forbidden`."""
    member_id = caller.member_id if schema is ACCOUNT else None
    if member_id is None or not await queries.holds_key_role(uow, record_id, member_id):
        caller.must("health:write")


def _overridden(score: HealthScore, said: StoredOverride) -> HealthOverridden:
    return HealthOverridden(
        override_id=said.id,
        score_id=score.id,
        score_key=score.key,
        record_type=score.record_type,
        record_id=said.record_id,
        label=said.label,
        score=said.score,
        reason=said.reason,
        effective_at=said.valid_from,
        expires_at=said.expires_at,
    )
