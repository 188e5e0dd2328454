"""Scores as the evaluation leaves them, for what is read of them afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert

from accounts_api.signals.health_overrides.models import health_overrides
from accounts_api.signals.health_scores.models import health_definitions, health_score_types
from accounts_api.signals.health_values.models import health_changes, health_scores
from accounts_api.signals.scoring.definition import Definition, Value
from accounts_api.signals.scoring.reading import read_definitions
from accounts_api.signals.scoring.schemas import HealthDefinitionIn
from accounts_api.signals.scoring.score import score_values
from shared.ids import new_id
from tests.harness import Tenure, Workspace

_KEY = ("workspace_id", "score_id", "record_id")


async def define(
    tenure: Tenure,
    ws: Workspace,
    score_id: str,
    documents: list[dict[str, Any]],
    *,
    version: int,
    at: datetime,
) -> list[Definition]:
    read, faults = read_definitions([HealthDefinitionIn.model_validate(one) for one in documents])
    assert not faults
    row = {"score_id": score_id, "version": version, "document": documents, "valid_from": at}
    async with tenure.workers["accounts"].units.begin(ws.id, []) as uow:
        new = insert(health_definitions).values(workspace_id=ws.id, cause=[], **row)
        await uow.connection.execute(new)
        current = (
            update(health_score_types)
            .where(health_score_types.c.workspace_id == ws.id, health_score_types.c.id == score_id)
            .values(definitions_version=version)
        )
        await uow.connection.execute(current)
    return read


async def decide(
    tenure: Tenure,
    ws: Workspace,
    score_id: str,
    record_id: str,
    definition: Definition,
    inputs: dict[str, Value | None],
    *,
    version: int,
    at: datetime,
    holding: tuple[int, ...] = (),
    **shown: Any,
) -> None:
    """`shown` is what an override puts in place of what is computed."""
    values = [inputs.get(measure.key) for measure in definition.measures]
    found = score_values(definition, values, holding)
    label = None if found.label is None else found.label.key
    row = {
        "workspace_id": ws.id,
        "score_id": score_id,
        "record_id": record_id,
        "computed_score": found.score,
        "computed_label": label,
        "score": found.score,
        "label": label,
        "definition_key": definition.key,
        "definitions_version": version,
        "points": list(found.points),
        "null_reason": found.null_reason,
        "capped_by": None if found.capped_by is None else definition.caps[found.capped_by].title,
        **shown,
    }
    change = {**row, "id": new_id(), "inputs": inputs, "valid_from": at, "cause": []}
    now = {**row, "label_since": at, "computed_at": at}
    async with tenure.workers["accounts"].units.begin(ws.id, []) as uow:
        await uow.connection.execute(insert(health_changes).values(**change))
        statement = upsert(health_scores).values(**now)
        await uow.connection.execute(
            statement.on_conflict_do_update(index_elements=_KEY, set_=statement.excluded)
        )


async def override(
    tenure: Tenure, ws: Workspace, score_id: str, record_id: str, **said: Any
) -> str:
    id_ = new_id()
    row = {"workspace_id": ws.id, "score_id": score_id, "record_id": record_id, "id": id_, **said}
    async with tenure.workers["accounts"].units.begin(ws.id, []) as uow:
        await uow.connection.execute(insert(health_overrides).values(cause=[], **row))
    return str(id_)
