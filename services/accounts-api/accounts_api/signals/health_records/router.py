from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query

from accounts_api.records.schema.record_schemas import (
    ACCOUNT,
    CONTACT,
    ORGANIZATION,
    RecordSchema,
)
from accounts_api.signals.health_records import service
from accounts_api.signals.health_records.schemas import (
    HealthChangeOut,
    HealthOverrideIn,
    RecordHealthOut,
    RecordHealthsOut,
)
from accounts_api.signals.health_scores.service import KEYS, HealthScoreNotFound
from shared.auth import Caller
from shared.paging import CursorParam, Limit, Page
from shared.routers.key_or_id import by_key_or_id
from shared.schemas import Instant
from shared.web.all_faults import all_faults_at_once
from shared.web.routing import ServiceDep, Uow, api_router, refuses, require

Reader = Annotated[Caller, require("health:read")]
Speaker = Annotated[Caller, require("records:write")]
RecordId = Annotated[UUID, Path(description="The id of the record, a UUID.")]
HealthScoreId = Annotated[UUID, by_key_or_id(KEYS, HealthScoreNotFound, alias="score_id")]
AsOf = Annotated[
    Instant | None,
    Query(
        description="As it was at this instant of the workspace's clock, which has come; without"
        " it, now."
    ),
]


def _add_reads(router: APIRouter, schema: RecordSchema, one: str) -> None:
    of_record = f"/{schema.plural}/{{record_id}}/health"

    @router.get(
        of_record,
        name=f"get_{schema.record_type}_health",
        summary=f"Get the health of {one}",
        response_model=RecordHealthsOut,
    )
    async def get_health(
        record_id: RecordId, caller: Reader, uow: Uow, as_of: AsOf = None
    ) -> dict[str, Any]:
        """Returns every health score that the record has, by title, with what was computed beside
        what a person said. With `as_of`, as it was decided then.
        """
        return {"data": await service.get_health(uow, schema, record_id, as_of)}

    @router.get(
        f"{of_record}/{{score_id}}/history",
        name=f"list_{schema.record_type}_health_history",
        summary=f"List changes of the health of {one}",
        response_model=Page[HealthChangeOut],
    )
    async def list_health_history(
        record_id: RecordId,
        score_id: HealthScoreId,
        caller: Reader,
        uow: Uow,
        tenure: ServiceDep,
        cursor: CursorParam = None,
        limit: Limit = 50,
    ) -> dict[str, Any]:
        """Lists what was decided, newest first: each change of score, label, definition, cap or
        override, with the points of every measure and why. Another `definitions_version` says that
        the definition changed, and not only the customer. A deleted record has its history, too.
        """
        return await service.history(
            uow, schema, record_id, score_id, tenure.cursors, cursor, limit
        )


def _add_overrides(router: APIRouter, schema: RecordSchema, one: str) -> None:
    override = f"/{schema.plural}/{{record_id}}/health/{{score_id}}/override"

    @router.put(
        override,
        name=f"set_{schema.record_type}_health_override",
        summary=f"Set an override of the health of {one}",
        response_model=RecordHealthOut,
        responses=refuses(409),
    )
    @all_faults_at_once
    async def set_health_override(
        record_id: RecordId,
        score_id: HealthScoreId,
        data: HealthOverrideIn,
        caller: Speaker,
        uow: Uow,
    ) -> Any:
        """Lets a label or a score hold over the computed one, at once and until it expires, to the
        instant. The computed score goes on beneath. It takes `health:write`, or a key role on the
        account. 409 answers while another one holds.
        """
        return await service.set_override(uow, schema, record_id, score_id, data, caller)

    @router.delete(
        override,
        name=f"clear_{schema.record_type}_health_override",
        summary=f"Clear the override of the health of {one}",
        response_model=RecordHealthOut,
    )
    async def clear_health_override(
        record_id: RecordId, score_id: HealthScoreId, caller: Speaker, uow: Uow
    ) -> Any:
        """Ends an override before it expires: the computed score holds again, at once."""
        return await service.clear_override(uow, schema, record_id, score_id, caller)


router: Final = api_router("/v1", "Health")
for _schema, _one in (
    (ACCOUNT, "an account"),
    (ORGANIZATION, "an organization"),
    (CONTACT, "a contact"),
):
    _add_reads(router, _schema, _one)
    _add_overrides(router, _schema, _one)
