"""How reads and writes of records answer."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from accounts_api.customers.querying.service import RecordBody
from accounts_api.records.editing.edits import Outcome, snapshot
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.web.versions import etag

JSON = "application/json"


def read_response(record: RecordBody) -> Response:
    return Response(
        record.body,
        media_type=JSON,
        headers={"etag": etag(record.version, record.computed_version, record.moment)},
    )


def record_response(records: Records, outcome: Outcome, status: int = 200) -> Response:
    """The record after a write, with its ETag; of a new one also where it is."""
    state = outcome.record or {}
    headers = {"etag": etag(state["version"], state["computed_version"])}
    if outcome.status == "created":
        status = 201
        headers["location"] = f"/v1/{records.schema.path}/{state['id']}"
    return Response(_record_json(records.schema, state), status, headers, media_type=JSON)


def _record_json(schema: RecordSchema, state: dict[str, Any]) -> bytes:
    names = ("source", "version", "computed_version", "created_at", "updated_at")
    stamps = {name: state[name] for name in names}
    return to_json({**snapshot(schema, state), **stamps})
