"""The document as methods."""

import ast
import copy
from typing import Any

import pytest

from deploy.clients import python_methods, python_types, typescript_methods
from deploy.clients.operations import operations_of, prepared
from tests.clients.making import made_document

DOCUMENT = made_document()
OPERATIONS = operations_of(DOCUMENT)


def an_operation(identity: str, tag: str, **more: Any) -> dict[str, Any]:
    answer = {
        "description": "Done.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    return {
        "operationId": identity,
        "tags": [tag],
        "summary": "Do it",
        "responses": {"200": answer},
        **more,
    }


def names(*operations: tuple[str, str]) -> list[str]:
    paths = {f"/{number}": {"post": an_operation(*each)} for number, each in enumerate(operations)}
    document = prepared({"paths": paths, "components": {"schemas": {}}})
    return [each.name for each in operations_of(document)]


def test_every_operation_is_one_method() -> None:
    methods = [(each.group, each.name) for each in OPERATIONS]
    methods += [(each.group, each.paging_name) for each in OPERATIONS if each.paging]
    assert len(OPERATIONS) > 200
    assert len(set(methods)) == len(methods)


def test_a_method_leaves_out_the_words_of_its_group() -> None:
    assert names(
        ("create_account", "Accounts"),
        ("list_account_history", "Accounts"),
        ("list_key_role_holders", "Key roles"),
        ("enroll_opportunity", "Enrollments"),
        ("list_account_product_events", "Product events"),
        ("get_status", "Status"),
    ) == [
        "create",
        "list_history",
        "list_holders",
        "enroll_opportunity",
        "list_account_product_events",
        "get",
    ]


def test_what_is_done_to_many_says_so_where_one_has_the_name() -> None:
    assert names(("upsert_account", "Accounts"), ("upsert_accounts", "Accounts")) == [
        "upsert",
        "upsert_many",
    ]


def test_two_of_one_name_keep_their_ids() -> None:
    assert names(
        ("get_account", "Accounts"), ("get_accounts", "Accounts"), ("get_many", "Accounts")
    ) == [
        "get",
        "get_accounts",
        "get_many",
    ]


def test_a_header_that_the_client_would_not_send_is_an_error() -> None:
    header = {"in": "header", "name": "X-Mood", "schema": {"type": "string"}}
    paths = {"/a": {"get": an_operation("get_a", "A", parameters=[header])}}
    with pytest.raises(ValueError, match="x-mood"):
        operations_of({"paths": paths, "components": {"schemas": {}}})


def test_keys_are_sent_where_the_document_has_them() -> None:
    document = copy.deepcopy(DOCUMENT)
    for item in document["paths"].values():
        for operation in item.values():
            operation.get("parameters", [])[:] = [
                each
                for each in operation.get("parameters", [])
                if each["name"] != "Idempotency-Key"
            ]
    key = {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string"}}
    document["paths"]["/v1/accounts"]["post"].setdefault("parameters", []).append(key)
    hearing = [each.id for each in operations_of(document) if each.idempotency_key]
    assert hearing == ["create_account"]


def test_only_what_reads_is_repeated_without_a_key() -> None:
    assert not [each.id for each in OPERATIONS if each.idempotency_key and each.method == "GET"]


def test_the_feed_is_followed_and_a_search_is_paged_by_its_body() -> None:
    paging = {f"{each.group}.{each.paging_name}": each.paging for each in OPERATIONS if each.paging}
    assert paging["events.follow"] == "feed"
    assert paging["accounts.search_all"] == "body"
    assert paging["accounts.list_all"] == "query"


def test_what_is_made_is_python_with_a_class_for_every_schema() -> None:
    types = ast.parse(python_types.source(DOCUMENT["components"]["schemas"]))
    made = {node.name for node in types.body if isinstance(node, ast.ClassDef)}
    assert "Problem" in made
    ast.parse(python_methods.source(OPERATIONS))


def test_a_schema_becomes_the_type_that_holds_it() -> None:
    type_of = python_types.type_of
    assert type_of({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "str | None"
    assert type_of({"enum": ["a", "b"]}) == "Literal['a', 'b']"
    assert type_of({"type": "array", "items": {"$ref": "#/components/schemas/A"}}, "types.") == (
        "Items[types.A]"
    )
    assert (
        type_of({"type": "object", "additionalProperties": {"type": "integer"}}) == "Map[str, int]"
    )
    assert typescript_methods.type_of({"type": ["integer", "null"]}) == "number | null"
    assert python_types.source({"A": {"type": "object", "properties": {"from": {}}}}).endswith(
        'A = TypedDict("A", {\'from\': "NotRequired[Any]"})\n'
    )
