"""A small service described: what follows from how its operations are declared."""

from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from shared.auth import Caller
from shared.openapi.document import install_openapi
from shared.openapi.schemas import component_name
from shared.paging import CursorParam, Limit, Page
from shared.schemas import In, Instant, Out
from shared.web.routing import api_router, require
from shared.web.versions import IfMatch, OptionalIfMatch

Writer = Annotated[Caller, require("things:write")]


class ThingOut(Out):
    """A thing."""

    id: UUID
    version: int
    name: str | None
    count: int = Field(ge=0, description="How many there are.")


class ThingIn(In):
    """What makes a thing."""

    name: str
    size: str = Field(default="small", description="How large it is.")
    from_day: Instant | None = Field(default=None, description="From when on.")


def _document() -> dict[str, Any]:
    router = api_router("/v1/things", "Things")

    @router.get("", response_model=Page[ThingOut])
    def list_things(
        caller: Writer,
        limit: Limit = 50,
        cursor: CursorParam = None,
        fields: Annotated[str | None, Query()] = None,
    ) -> None: ...

    @router.post("", status_code=201, response_model=ThingOut)
    def create_thing(caller: Writer, data: ThingIn) -> None: ...

    @router.get("/{thing_id}", response_model=ThingOut)
    def get_thing(thing_id: UUID, caller: Writer) -> None: ...

    @router.patch("/{thing_id}", response_model=ThingOut)
    def update_thing(thing_id: UUID, caller: Writer, data: ThingIn, version: IfMatch) -> None: ...

    @router.put("/{thing_id}", response_model=ThingOut)
    def put_thing(
        thing_id: UUID, caller: Writer, data: ThingIn, version: OptionalIfMatch
    ) -> None: ...

    @router.delete("/{thing_id}", status_code=204, responses={410: {}})
    def delete_thing(thing_id: UUID, caller: Writer) -> None: ...

    @router.get("/total", response_model=BaseModel)
    def count_things(caller: Writer) -> None: ...

    app = FastAPI()
    app.include_router(router)
    install_openapi(app)
    return app.openapi()


DOCUMENT = _document()
SCHEMAS = DOCUMENT["components"]["schemas"]


def operation(method: str, path: str = "") -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][f"/v1/things{path}"][method]
    return found


def statuses(method: str, path: str = "") -> set[int]:
    return {int(status) for status in operation(method, path)["responses"]}


def header_parameters(method: str, path: str = "") -> dict[str, bool]:
    return {
        parameter["name"]: parameter["required"]
        for parameter in operation(method, path).get("parameters", [])
        if parameter["in"] == "header"
    }


def answer_headers(method: str, path: str, status: int) -> set[str]:
    return set(operation(method, path)["responses"][str(status)]["headers"])


def test_an_operation_refuses_only_as_it_can() -> None:
    always = {401, 403, 406, 422, 429, 503}
    assert statuses("get", "/total") == {200, *always}
    assert statuses("get") == {200, 400, 414, *always}
    assert statuses("post") == {201, 400, 409, 413, 414, 415, *always}
    assert statuses("get", "/{thing_id}") == {200, 304, 400, 404, 414, *always}
    changing = {200, 400, 404, 409, 412, 413, 414, 415, *always}
    assert statuses("patch", "/{thing_id}") == {428, *changing}
    assert statuses("put", "/{thing_id}") == changing
    assert statuses("delete", "/{thing_id}") == {204, 400, 404, 409, 410, 414, *always}


def test_every_refusal_is_one_shared_answer() -> None:
    shared = DOCUMENT["components"]["responses"]
    for item in DOCUMENT["paths"].values():
        for each in item.values():
            for status, answer in each["responses"].items():
                if int(status) >= 400:
                    assert shared[answer["$ref"].rpartition("/")[2]]["description"]
    assert set(shared["TooManyRequests"]["headers"]) >= {"Retry-After", "RateLimit"}
    assert set(shared["Unauthorized"]["headers"]) == {"WWW-Authenticate", "X-Request-Id"}


def test_headers_that_are_heard_are_parameters() -> None:
    assert header_parameters("patch", "/{thing_id}") == {
        "If-Match": True,
        "Idempotency-Key": False,
    }
    assert header_parameters("put", "/{thing_id}") == {
        "If-Match": False,
        "Idempotency-Key": False,
    }
    assert header_parameters("post") == {"Idempotency-Key": False}
    assert header_parameters("get", "/{thing_id}") == {"If-None-Match": False}
    assert header_parameters("get") == header_parameters("delete", "/{thing_id}") == {}


def test_headers_of_answers_are_said() -> None:
    always = {"X-Request-Id", "RateLimit", "RateLimit-Policy"}
    assert answer_headers("get", "", 200) == always
    assert answer_headers("post", "", 201) == {"ETag", "Location", "Idempotency-Replayed", *always}
    assert answer_headers("patch", "/{thing_id}", 200) == {"ETag", "Idempotency-Replayed", *always}
    assert answer_headers("get", "/{thing_id}", 304) == {"ETag", *always}
    assert answer_headers("delete", "/{thing_id}", 204) == always


def test_components_are_named_as_a_client_would() -> None:
    assert {"Thing", "ThingIn", "SparseThing", "SparseThingPage"} <= set(SCHEMAS)
    assert "ThingPage" not in SCHEMAS, "Every list of things lets fields be chosen."
    assert all(schema["title"] == name for name, schema in SCHEMAS.items())
    assert "title" not in SCHEMAS["Thing"]["properties"]["name"]
    assert "HTTPValidationError" not in SCHEMAS


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("TaskOut", "Task"),
        ("CauseLink", "CauseLink"),
        ("Page_TaskOut_", "TaskPage"),
        ("CountedPage_AccountOut_", "AccountPage"),
        ("Step-Input", "StepInput"),
        ("Step-Output", "Step"),
    ],
)
def test_a_model_gets_the_shortest_name_that_is_free(model: str, name: str) -> None:
    assert component_name(model, {"Cause": {}, model: {}}) == name


def test_where_fields_are_chosen_only_the_id_is_certain() -> None:
    content = operation("get")["responses"]["200"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/SparseThingPage"}
    items = SCHEMAS["SparseThingPage"]["properties"]["data"]["items"]
    assert items == {"$ref": "#/components/schemas/SparseThing"}
    assert SCHEMAS["SparseThing"]["required"] == ["id"]
    assert set(SCHEMAS["Thing"]["required"]) == {"id", "version", "name", "count"}


def test_a_default_is_said_in_words() -> None:
    field = SCHEMAS["ThingIn"]["properties"]["size"]
    assert "default" not in field
    assert field["description"] == "How large it is. Default: `small`."
    assert SCHEMAS["ThingIn"]["required"] == ["name"]


def test_what_cannot_be_stored_is_outside_the_schema() -> None:
    fields = SCHEMAS["ThingIn"]["properties"]
    assert fields["name"]["pattern"] == r"^[^\u0000]*$"
    instant, _ = fields["from_day"]["anyOf"]
    assert instant["x-minimum"] == "1900-01-01T00:00:00+00:00"
    assert instant["x-maximum"] == "2200-01-01T00:00:00+00:00"
    assert SCHEMAS["Thing"]["properties"]["count"]["minimum"] == 0
    assert SCHEMAS["Thing"]["properties"]["version"]["maximum"] == 2**63 - 1
    assert "pattern" not in SCHEMAS["Thing"]["properties"]["name"]["anyOf"][0]


def test_a_parameter_has_no_null_and_one_description() -> None:
    (cursor,) = [each for each in operation("get")["parameters"] if each["name"] == "cursor"]
    assert cursor["schema"] == {"type": "string", "maxLength": 4096}
    assert cursor["description"]


def test_error_codes_are_an_enum_of_all_that_there_are() -> None:
    assert {"not_found", "version_mismatch", "rate_limited"} <= set(SCHEMAS["ErrorCode"]["enum"])
    assert SCHEMAS["Problem"]["properties"]["code"]["$ref"] == "#/components/schemas/ErrorCode"
