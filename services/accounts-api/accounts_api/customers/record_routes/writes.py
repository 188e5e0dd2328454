"""The routes that change records and need no fields of them: delete, undelete and merge."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.customers.record_routes.parameters import EffectiveAtParam, RecordId, Writer
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_routes.responses import record_response
from accounts_api.records.requests.schemas import MergeIn
from shared.web.routing import Uow
from shared.web.versions import IfMatch


def add_writes(router: APIRouter, record_type: RecordType) -> None:
    name, out = record_type.name, record_type.out

    @router.delete(
        "/{id}", status_code=204, name=f"delete_{name}", summary=f"Delete {record_type.one}"
    )
    async def delete(
        record_id: RecordId,
        version: IfMatch,
        caller: Writer,
        uow: Uow,
        request: Request,
        effective_at: EffectiveAtParam = None,
    ) -> Response:
        """Deletes the record. It leaves a tombstone: a sync does not bring it back, `undelete`
        does.
        """
        records = await record_type.records_to_write(uow, request.path_params)
        await records.delete(uow, caller, record_id, version, effective_at)
        return Response(status_code=204)

    @router.post(
        "/{id}/undelete",
        name=f"undelete_{name}",
        summary=f"Undelete {record_type.one}",
        response_model=out,
    )
    async def undelete(record_id: RecordId, caller: Writer, uow: Uow, request: Request) -> Response:
        """Brings the record back as it was when it was deleted."""
        records = await record_type.records_to_write(uow, request.path_params)
        return await record_response(uow, records, await records.undelete(uow, caller, record_id))

    @router.post(
        "/{id}/merge",
        name=f"merge_{record_type.plural}",
        summary=f"Merge another {name} into this one",
        description="Makes two records that are one customer one. Fields that the winner lacks"
        " come from the loser, what belonged to the loser belongs to the winner, and the loser's"
        " ids lead to the winner from now on.",
        response_model=out,
    )
    async def merge(
        record_id: RecordId, data: MergeIn, caller: Writer, uow: Uow, request: Request
    ) -> Response:
        records = await record_type.records_to_write(uow, request.path_params)
        return await record_response(
            uow, records, await records.merge(uow, record_id, data.loser_id)
        )
