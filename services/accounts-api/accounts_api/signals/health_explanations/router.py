from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query

from accounts_api.records.schema.record_schemas import (
    ACCOUNT,
    CONTACT,
    ORGANIZATION,
    RecordSchema,
)
from accounts_api.signals.health_explanations import service
from accounts_api.signals.health_explanations.schemas import HealthExplanationOut
from accounts_api.signals.health_scores.service import KEYS, HealthScoreNotFound
from shared.auth import Caller
from shared.routers.key_or_id import by_key_or_id
from shared.schemas import Instant
from shared.web.routing import Uow, api_router, require

Reader = Annotated[Caller, require("health:read")]
RecordId = Annotated[UUID, Path(description="The id of the record, a UUID.")]
HealthScoreId = Annotated[UUID, by_key_or_id(KEYS, HealthScoreNotFound, alias="score_id")]
AsOf = Annotated[
    Instant | None,
    Query(
        description="As it was at this instant of the workspace's clock, which has come; without"
        " it, now."
    ),
]
ChangedSince = Annotated[
    Instant | None,
    Query(description="Also what changed since this instant of the workspace's clock."),
]


def _add_explanation(router: APIRouter, schema: RecordSchema, one: str) -> None:
    @router.get(
        f"/{schema.plural}/{{record_id}}/health/{{score_id}}/explain",
        name=f"explain_{schema.record_type}_health",
        summary=f"Explain the health score of {one}",
        response_model=HealthExplanationOut,
    )
    async def explain_health(
        record_id: RecordId,
        score_id: HealthScoreId,
        caller: Reader,
        uow: Uow,
        as_of: AsOf = None,
        since: ChangedSince = None,
    ) -> dict[str, Any]:
        """Returns what each measure adds, which add up to the score; the definition that decided,
        caps and an override; how far the next labels are, and the least that would flip it each
        way. With `since`, also why it is another than it was, in lines that add up. It says what
        was decided: nothing of the past is worked out anew.
        """
        return await service.explain_record(
            uow, schema, record_id, score_id, as_of=as_of, since=since
        )


router: Final = api_router("/v1", "Health")
for _schema, _one in (
    (ACCOUNT, "an account"),
    (ORGANIZATION, "an organization"),
    (CONTACT, "a contact"),
):
    _add_explanation(router, _schema, _one)
