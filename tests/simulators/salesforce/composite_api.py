"""Many records or many requests in one call, each with a result of its own."""

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from tests.simulators.control import ask
from tests.simulators.salesforce import ids, lifecycle, record_api
from tests.simulators.salesforce.errors import ApiError, not_found
from tests.simulators.salesforce.objects import BY_LOWER_NAME, BY_PREFIX
from tests.simulators.salesforce.schema import SObject
from tests.simulators.salesforce.world import Call, reply

INNER_APP = "salesforce.inner_app"
MOST_ROWS, MOST_SUBREQUESTS, MOST_QUERIES = 200, 25, 5
_REFERENCE = re.compile(r"@\{(\w+)\.([^}]+)\}")
_ROLLED_BACK = ApiError(
    400,
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header",
)
Row = dict[str, Any]


class _Undo(Exception):
    """Leaves a transaction without keeping what was done in it."""


def _each(call: Call, rows: list[Any], *, all_or_none: bool, act: Callable[[Any], Row]) -> Response:
    """Do every row and answer in their order; failures do not change the status of the whole."""
    if len(rows) > MOST_ROWS:
        message = "record limit reached. cannot submit more than 200 records into this call"
        raise ApiError(400, "EXCEEDED_ID_LIMIT", message)
    results: list[Row] = []

    def act_on_all() -> None:
        for row in rows:
            try:
                with call.org.transaction():
                    results.append(act(row))
            except ApiError as error:
                results.append(error.row())
            except record_api.Ambiguous as error:
                message = f"Multiple records found with the same external id: {error.urls}"
                results.append(ApiError(300, "MULTIPLE_CHOICES", message).row())

    if not all_or_none:
        act_on_all()
        return reply(results)
    try:
        with call.org.transaction():
            act_on_all()
            if not all(result["success"] for result in results):
                raise _Undo
    except _Undo:
        results = [_ROLLED_BACK.row() if each["success"] else each for each in results]
    return reply(results)


def _records(body: dict[str, Any]) -> list[Any]:
    records = body.get("records")
    if not isinstance(records, list):
        raise ApiError(400, "INVALID_INPUT", "The records property must be a list of records")
    return records


def _type_of(row: Any) -> SObject:
    attributes = row.get("attributes") if isinstance(row, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    sobject = BY_LOWER_NAME.get(str(name).lower())
    if sobject is None:
        raise ApiError(400, "INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


async def create_rows(request: Request) -> Response:
    call = Call.of(request)
    body = await call.json_object()

    def act(row: Any) -> Row:
        return record_api.made(record_api.create(call, _type_of(row), row))

    return _each(call, _records(body), all_or_none=bool(body.get("allOrNone")), act=act)


async def update_rows(request: Request) -> Response:
    call = Call.of(request)
    body = await call.json_object()

    def act(row: Any) -> Row:
        sobject = _type_of(row)
        given = {name: value for name, value in row.items() if name.lower() != "id"}
        key = next((value for name, value in row.items() if name.lower() == "id"), None)
        record_id = record_api.own_id(sobject, key)
        if call.org.peek(record_id) is None:
            message = "invalid cross reference id"
            raise ApiError(400, "INVALID_CROSS_REFERENCE_KEY", message, [])
        record_api.update(call, sobject, record_id, given)
        return record_api.made(record_id)

    return _each(call, _records(body), all_or_none=bool(body.get("allOrNone")), act=act)


async def delete_rows(request: Request) -> Response:
    call = Call.of(request)
    keys = request.query_params.get("ids", "").split(",")

    def act(key: Any) -> Row:
        record_id = ids.normalised(key)
        lifecycle.delete(call.org, record_id, call.org.write_as(call.user_id))
        return record_api.made(record_id)

    all_or_none = request.query_params.get("allOrNone", "").lower() == "true"
    return _each(call, keys, all_or_none=all_or_none, act=act)


async def upsert_rows(request: Request) -> Response:
    call = Call.of(request)
    body = await call.json_object()
    rows, sobject = _records(body), call.sobject
    field = record_api.key_field(call, sobject, call.param("field"))
    keys = Counter(str(row.get(field.name)) for row in rows if isinstance(row, dict))

    def act(row: Any) -> Row:
        if _type_of(row) is not sobject:
            raise ApiError(400, "INVALID_INPUT", "All records must be of one type")
        given = {name: value for name, value in row.items() if name != field.name}
        if field.type == "id":
            return record_api.made(record_api.create(call, sobject, given), created=True)
        key = row.get(field.name)
        if not key:
            message = f"Missing value for external id field {field.name}"
            raise ApiError(400, "MISSING_ARGUMENT", message, [field.name])
        if keys[str(key)] > 1:
            message = f"Duplicate external id specified: {key}"
            raise ApiError(400, "DUPLICATE_VALUE", message, [field.name])
        record_id, created = record_api.upsert(call, sobject, field, str(key), given)
        return record_api.made(record_id, created=created)

    return _each(call, rows, all_or_none=bool(body.get("allOrNone")), act=act)


async def read_rows(request: Request) -> Response:
    """Read several records of one object; null stands for each that is not there."""
    call = Call.of(request)
    body, sobject = await call.json_object(), call.sobject
    wanted, keys = body.get("fields"), body.get("ids")
    if not isinstance(wanted, list) or not isinstance(keys, list):
        raise ApiError(400, "INVALID_INPUT", "ids and fields must be lists")
    names = ",".join(map(str, wanted))
    found = [call.org.peek(record_api.own_id(sobject, key)) for key in keys]
    return reply(
        [
            record_api.whole(call, sobject, each, names) if each and not each["IsDeleted"] else None
            for each in found
        ]
    )


# Composite: subrequests that may use the answers of those before them


async def composite(request: Request) -> Response:
    call = Call.of(request)
    body = await call.json_object()
    wanted = body.get("compositeRequest")
    if not isinstance(wanted, list) or not wanted or not all(map(_is_subrequest, wanted)):
        message = "compositeRequest must list subrequests with method, url and referenceId"
        raise ApiError(400, "INVALID_INPUT", message)
    queries = sum("/query" in each["url"] or "/sobjects/" not in each["url"] for each in wanted)
    if len(wanted) > MOST_SUBREQUESTS or queries > MOST_QUERIES:
        message = f"The limit is {MOST_SUBREQUESTS} subrequests, {MOST_QUERIES} of them queries"
        raise ApiError(400, "LIMIT_EXCEEDED", message)
    if not body.get("allOrNone"):
        return reply({"compositeResponse": await _subrequests(call, wanted)})
    answers: list[Row] = []
    try:
        with call.org.transaction():
            answers = await _subrequests(call, wanted)
            if any(each["httpStatusCode"] >= 300 for each in answers):
                raise _Undo
    except _Undo:
        message = (
            "The transaction was rolled back since another operation in the same transaction "
            "failed."
        )
        answers = [each if _is_cause(each) else _halted(each, message) for each in answers]
    return reply({"compositeResponse": answers})


def _is_subrequest(given: Any) -> bool:
    names = ("method", "url", "referenceId")
    return isinstance(given, dict) and all(isinstance(given.get(name), str) for name in names)


def _is_cause(answer: Row) -> bool:
    return int(answer["httpStatusCode"]) >= 300


def _halted(answer: Row, message: str) -> Row:
    body = ApiError(400, "PROCESSING_HALTED", message).body()
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400,
            "referenceId": answer["referenceId"]}  # fmt: skip


async def _subrequests(call: Call, wanted: list[Row]) -> list[Row]:
    answers: list[Row] = []
    bodies: dict[str, Any] = {}
    for each in wanted:
        try:
            filled = _filled({"url": each["url"], "body": each.get("body")}, bodies)
        except LookupError as error:
            message = f"Invalid reference specified. {error.args[0]}"
            answers.append(_halted(each, message))
            continue
        answer = await _ask(call, each["method"], filled["url"], filled["body"])
        answers.append({**answer, "referenceId": each["referenceId"]})
        if answer["httpStatusCode"] < 300:
            bodies[each["referenceId"]] = answer["body"]
    return answers


def _filled(value: Any, bodies: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, bodies) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, bodies) for inner in value]
    if isinstance(value, str):
        return _REFERENCE.sub(lambda found: _referred(found, bodies), value)
    return value


def _referred(found: re.Match[str], bodies: dict[str, Any]) -> str:
    here: Any = bodies.get(found[1])
    for step in re.findall(r"\w+", found[2]):
        if isinstance(here, list) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            here = here.get(step) if isinstance(here, dict) else None
    if isinstance(here, str):
        return here
    raise LookupError(f"No value for {found[2]} found in {found[1]}")


async def _ask(call: Call, method: str, url: str, body: Any) -> Row:
    """Send a subrequest through the same routes, behind the one that checks the session."""
    split = urlsplit(url)
    path = split.path.removeprefix(call.base)
    if path == split.path:
        raise not_found()
    scope: Scope = {
        **call.request.scope,
        "method": method.upper(),
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": split.query.encode(),
        "headers": [(b"content-type", b"application/json")],
        "path_params": {"version": call.param("version")},
    }
    answer = await ask(call.request.scope[INNER_APP], scope, json.dumps(body or {}).encode())
    parsed = json.loads(answer.body) if answer.body else None
    headers = {}
    if answer.status == 201 and isinstance(parsed, dict):
        sobject = BY_PREFIX[parsed["id"][:3]].name
        headers["Location"] = f"{call.base}/sobjects/{sobject}/{parsed['id']}"
    return {"body": parsed, "httpHeaders": headers, "httpStatusCode": answer.status}


ROUTES = [
    Route("/composite", composite, methods=["POST"]),
    Route("/composite/", composite, methods=["POST"]),
    Route("/composite/sobjects", create_rows, methods=["POST"]),
    Route("/composite/sobjects", update_rows, methods=["PATCH"]),
    Route("/composite/sobjects", delete_rows, methods=["DELETE"]),
    Route("/composite/sobjects/{sobject}", read_rows, methods=["POST"]),
    Route("/composite/sobjects/{sobject}/{field}", upsert_rows, methods=["PATCH"]),
]
