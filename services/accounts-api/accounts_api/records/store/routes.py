"""The routes that change records and need no body of their own, and how any write answers."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.store.edits import Outcome, Status, snapshot
from accounts_api.records.store.schemas import MergeIn, RecordOut
from accounts_api.records.store.service import Records
from shared.auth import Caller
from shared.uow import UnitOfWork
from shared.web.routing import IfMatch, Uow, etag, require

Writer = Annotated[Caller, require("records:write")]

SchemaOf = Callable[[UnitOfWork, Request], Awaitable[RecordSchema]]
"""Which record type a request is about, for routes that serve several."""


def always(schema: RecordSchema) -> SchemaOf:
    async def found(_uow: UnitOfWork, _request: Request) -> RecordSchema:
        return schema

    return found


def record_json(schema: RecordSchema, state: dict[str, Any]) -> bytes:
    kept = {name: state[name] for name in ("source", "version", "created_at", "updated_at")}
    return to_json({**snapshot(schema, state), **kept})


def written(records: Records, outcome: Outcome, status: int = 200) -> Response:
    """The record after a write, with its ETag; of a new one also where it is."""
    state = outcome.record or {}
    headers = {"etag": etag(state["version"])}
    if outcome.status == "created":
        status = 201
        headers["location"] = f"/v1/{records.schema.path}/{state['id']}"
    body = record_json(records.schema, state)
    return Response(body, status, headers, media_type="application/json")


def bulk_written(outcomes: Sequence[Outcome]) -> Response:
    counted = Counter(outcome.status for outcome in outcomes)
    statuses: tuple[Status, ...] = ("created", "updated", "unchanged", "refused")
    answer: dict[str, Any] = {
        **{status: counted[status] for status in statuses},
        "results": [_result(outcome) for outcome in outcomes],
    }
    return Response(to_json(answer), media_type="application/json")


def _result(outcome: Outcome) -> dict[str, Any]:
    said = {
        "status": outcome.status,
        "id": outcome.id,
        "external_id": outcome.external_id,
        "version": outcome.version,
    }
    if outcome.error is None:
        return said
    error = outcome.error
    return {
        **said,
        "code": error.code,
        "message": error.detail or error.title,
        "errors": [fault.as_json() for fault in error.faults],
    }


def add_writing(
    router: APIRouter, records: Records, out: type[RecordOut], schema_of: SchemaOf | None = None
) -> None:
    """Delete, undelete and merge."""
    schema = records.schema
    which = schema_of or always(schema)

    async def delete(
        record_id: UUID, version: IfMatch, caller: Writer, uow: Uow, request: Request
    ) -> Response:
        these = replace(records, schema=await which(uow, request))
        await these.delete(uow, caller, record_id, version)
        return Response(status_code=204)

    async def undelete(record_id: UUID, caller: Writer, uow: Uow, request: Request) -> Response:
        these = replace(records, schema=await which(uow, request))
        return written(these, await these.undelete(uow, caller, record_id))

    async def merge(
        record_id: UUID, data: MergeIn, caller: Writer, uow: Uow, request: Request
    ) -> Response:
        these = replace(records, schema=await which(uow, request))
        return written(these, await these.merge(uow, record_id, data.loser_id))

    router.add_api_route(
        "/{record_id}",
        delete,
        methods=["DELETE"],
        status_code=204,
        name=f"delete_{schema.record_type}",
        summary=f"Delete one {schema.record_type}",
        description="It leaves a tombstone: a sync does not bring it back, `undelete` does.",
    )
    router.add_api_route(
        "/{record_id}/undelete",
        undelete,
        methods=["POST"],
        name=f"undelete_{schema.record_type}",
        summary=f"Bring back a deleted {schema.record_type}",
        response_model=out,
    )
    router.add_api_route(
        "/{record_id}/merge",
        merge,
        methods=["POST"],
        name=f"merge_{schema.plural}",
        summary=f"Merge another {schema.record_type} into this one",
        description="Fields the winner lacks come from the loser; what belonged to the loser"
        " belongs to the winner; the loser's ids lead to the winner from now on.",
        response_model=out,
    )
