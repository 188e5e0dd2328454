"""Single records: read, create, change, upsert, delete; and what an object is made of."""

import base64
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.simulators.salesforce import ids, lifecycle
from tests.simulators.salesforce.errors import ApiError, entity_is_deleted, not_found
from tests.simulators.salesforce.ids import PREFIXES
from tests.simulators.salesforce.objects import OBJECTS
from tests.simulators.salesforce.schema import Field, SObject
from tests.simulators.salesforce.selection import head, rendered
from tests.simulators.salesforce.validation import accepted
from tests.simulators.salesforce.values import Values, moment
from tests.simulators.salesforce.world import Call, reply

Made = tuple[int, Any]


# What the handlers share with collections


def own_id(sobject: SObject, value: object) -> str:
    record_id = ids.normalised(value)
    if record_id[:3] != PREFIXES[sobject.name]:
        message = f"{sobject.name} ID: id value of incorrect type: {value}"
        raise ApiError(400, "MALFORMED_ID", message, ["Id"])
    return record_id


def create(call: Call, sobject: SObject, given: dict[str, Any]) -> str:
    values = accepted(call.org, sobject, given, creating=True)
    return lifecycle.create(call.org, sobject.name, values, call.org.write_as(call.user_id))


def update(call: Call, sobject: SObject, record_id: str, given: dict[str, Any]) -> None:
    call.org.latest(record_id)
    values = accepted(call.org, sobject, given, creating=False)
    lifecycle.update(call.org, record_id, values, call.org.write_as(call.user_id))


def key_field(call: Call, sobject: SObject, name: str) -> Field:
    field = call.org.fields(sobject).get(name.lower())
    if field is None or not (field.external_id or field.type == "id"):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return field


def upsert(
    call: Call, sobject: SObject, field: Field, key: str, given: dict[str, Any]
) -> tuple[str, bool]:
    """Create or change the one record with this key; the id and whether it is new."""
    if any(name.lower() == field.name.lower() for name in given):
        message = f"The {field.name} field should not be specified in the sobject data."
        raise ApiError(400, "INVALID_FIELD", message, [field.name])
    if field.type == "id":
        record_id = own_id(sobject, key)
        update(call, sobject, record_id, given)
        return record_id, False
    holders = call.org.holders(sobject.name, field.name, key)
    if len(holders) > 1:
        raise Ambiguous([f"{call.base}/sobjects/{sobject.name}/{each}" for each in holders])
    if holders:
        update(call, sobject, holders[0], given)
        return holders[0], False
    return create(call, sobject, {**given, field.name: key}), True


class Ambiguous(Exception):
    """Several records have the external id: 300 with their addresses."""

    def __init__(self, urls: list[str]) -> None:
        super().__init__(f"{len(urls)} records match")
        self.urls = urls


def made(record_id: str, **more: bool) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": [], **more}


def whole(call: Call, sobject: SObject, values: Values, names: str | None) -> dict[str, Any]:
    fields = call.org.fields(sobject)
    wanted = list(fields.values())
    if names:
        unknown = [name for name in names.split(",") if name.lower() not in fields]
        if unknown:
            message = f"No such column '{unknown[0]}' on sobject of type {sobject.name}"
            raise ApiError(400, "INVALID_FIELD", message)
        wanted = [fields[name.lower()] for name in names.split(",")]
    record = head(sobject, values, call.base)
    for field in wanted:
        record[field.name] = rendered(call.org, sobject, values, field, call.base)
    return record


def visible(call: Call, record_id: str) -> Values:
    values = call.org.peek(record_id)
    if values is None:
        raise not_found()
    if values.get("IsDeleted"):
        raise entity_is_deleted()
    return values


# Handlers


async def describe_all(request: Request) -> Response:
    call = Call.of(request)
    sobjects = [each.summary(call.base) for each in OBJECTS.values()]
    return reply({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": sobjects})


def _not_newer(changed: datetime, since: str) -> bool:
    try:
        return changed <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        # A date that cannot be read, or has no zone, is no condition.
        return False


async def describe(request: Request) -> Response:
    call = Call.of(request)
    changed = moment(call.org.described_at)
    since = request.headers.get("if-modified-since")
    headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
    if since and _not_newer(changed, since):
        return Response(status_code=304, headers=headers)
    sobject = call.sobject
    children = [
        {"childSObject": child.name, "field": field.name, "relationshipName": field.children,
         "cascadeDelete": False, "deprecatedAndHidden": False, "restrictedDelete": False}
        for child in OBJECTS.values()
        for field in child.fields
        if sobject.name in field.refers_to
    ]  # fmt: skip
    fields = [each.describe() for each in call.org.fields(sobject).values()]
    more = {"fields": fields, "childRelationships": children, "recordTypeInfos": []}
    return reply(sobject.summary(call.base) | more, headers=headers)


async def about(request: Request) -> Response:
    call = Call.of(request)
    return reply({"objectDescribe": call.sobject.summary(call.base), "recentItems": []})


async def create_one(request: Request) -> Response:
    call = Call.of(request)
    return reply(made(create(call, call.sobject, await call.json_object())), 201)


async def read_one(request: Request) -> Response:
    call = Call.of(request)
    values = visible(call, own_id(call.sobject, call.param("key")))
    return reply(whole(call, call.sobject, values, request.query_params.get("fields")))


async def change_one(request: Request) -> Response:
    call = Call.of(request)
    update(call, call.sobject, own_id(call.sobject, call.param("key")), await call.json_object())
    return Response(status_code=204)


async def delete_one(request: Request) -> Response:
    call = Call.of(request)
    record_id = own_id(call.sobject, call.param("key"))
    lifecycle.delete(call.org, record_id, call.org.write_as(call.user_id))
    return Response(status_code=204)


async def upsert_one(request: Request) -> Response:
    call = Call.of(request)
    field = key_field(call, call.sobject, call.param("field"))
    given = await call.json_object()
    record_id, created = upsert(call, call.sobject, field, call.param("key"), given)
    return reply(made(record_id, created=created), 201 if created else 200)


async def read_by_key(request: Request) -> Response:
    call = Call.of(request)
    if call.param("field").lower() == "content" or call.sobject.name == "ContentNote":
        return read_content(call)
    field = key_field(call, call.sobject, call.param("field"))
    holders = call.org.holders(call.sobject.name, field.name, call.param("key"))
    if not holders:
        raise not_found()
    if len(holders) > 1:
        raise Ambiguous([f"{call.base}/sobjects/{call.sobject.name}/{each}" for each in holders])
    values = visible(call, holders[0])
    return reply(whole(call, call.sobject, values, request.query_params.get("fields")))


def read_content(call: Call) -> Response:
    """The text of a note: `/sobjects/ContentNote/{id}/Content`."""
    values = visible(call, own_id(call.sobject, call.param("field")))
    content = base64.b64decode(str(values.get("Content") or ""))
    return Response(content, media_type="text/html")


ROUTES = [
    Route("/sobjects", describe_all),
    Route("/sobjects/", describe_all),
    Route("/sobjects/{sobject}", about, methods=["GET"]),
    Route("/sobjects/{sobject}", create_one, methods=["POST"]),
    Route("/sobjects/{sobject}/", create_one, methods=["POST"]),
    Route("/sobjects/{sobject}/describe", describe),
    Route("/sobjects/{sobject}/{key}", read_one, methods=["GET"]),
    Route("/sobjects/{sobject}/{key}", change_one, methods=["PATCH"]),
    Route("/sobjects/{sobject}/{key}", delete_one, methods=["DELETE"]),
    Route("/sobjects/{sobject}/{field}/{key:path}", read_by_key, methods=["GET"]),
    Route("/sobjects/{sobject}/{field}/{key:path}", upsert_one, methods=["PATCH"]),
]
