"""How reads and writes of records answer."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from accounts_api.customers.formulas.moving import values_at
from accounts_api.customers.formulas.shown import moment
from accounts_api.customers.querying.service import RecordBody
from accounts_api.records.editing.edits import Outcome, snapshot
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import RecordSchema
from accounts_api.records.schema.rules import merged
from shared.uow import UnitOfWork
from shared.web.versions import etag

JSON = "application/json"


def read_response(record: RecordBody) -> Response:
    return Response(
        record.body,
        media_type=JSON,
        headers={"etag": etag(record.version, record.computed_version, record.moment)},
    )


async def record_response(
    uow: UnitOfWork, records: Records, outcome: Outcome, status: int = 200
) -> Response:
    """The record after a write as a read shows it, with its ETag; of a new one also where it is."""
    state, schema = outcome.record or {}, records.schema
    moved = (await values_at(uow, schema, [state["id"]])).get(state["id"], {})
    state = {**state, "traits": merged(state["traits"], moved)}
    headers = {"etag": etag(state["version"], state["computed_version"], moment(moved))}
    if outcome.status == "created":
        status = 201
        headers["location"] = f"/v1/{schema.path}/{state['id']}"
    return Response(_record_json(schema, state), status, headers, media_type=JSON)


def _record_json(schema: RecordSchema, state: dict[str, Any]) -> bytes:
    names = ("source", "version", "computed_version", "created_at", "updated_at")
    stamps = {name: state[name] for name in names}
    return to_json({**snapshot(schema, state), **stamps})
