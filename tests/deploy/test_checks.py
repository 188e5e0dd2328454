"""The checks find what they are there for."""

import copy
import shutil
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config

from deploy.checks import breaking, lint, migrations, naming
from deploy.migrate import ROOT

PROBLEM = {"application/problem+json": {"schema": {"type": "object"}}}
ACCOUNT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "name": {"type": "string", "maxLength": 100},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "parent": {"anyOf": [{"$ref": "#/components/schemas/Account"}, {"type": "null"}]},
    },
    "required": ["id", "name"],
    "additionalProperties": False,
}
BODY = {"$ref": "#/components/schemas/Account"}
EXAMPLE = {"id": "01920000-0000-7000-8000-000000000000", "name": "Acme"}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Accounts", "version": "1.0.0"},
    "tags": [{"name": "accounts"}],
    "components": {"schemas": {"Account": ACCOUNT}},
    "paths": {
        "/v1/accounts": {
            "post": {
                "operationId": "create_account",
                "summary": "Create an account",
                "tags": ["accounts"],
                "security": [{"api_key": []}],
                "x-permission": "records:write",
                "parameters": [
                    {"name": "dry_run", "in": "query", "schema": {"type": "boolean"}},
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": BODY, "example": EXAMPLE}},
                },
                "responses": {
                    "201": {
                        "description": "Made",
                        "content": {"application/json": {"schema": BODY, "example": EXAMPLE}},
                    },
                    "422": {"description": "Refused", "content": PROBLEM},
                },
            }
        }
    },
}


def changed(path: str, value: Any = None) -> dict[str, Any]:
    """The document with one part set, or removed when there is no value."""
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split("|")
    part: Any = document
    for name in parents:
        part = part[int(name)] if isinstance(part, list) else part[name]
    if value is None:
        del part[int(last) if isinstance(part, list) else last]
    else:
        part[last] = value
    return document


POST = "paths|/v1/accounts|post"
SCHEMA = "components|schemas|Account"


def test_a_complete_document_has_no_fault_and_breaks_nothing() -> None:
    assert list(lint.faults_of(DOCUMENT)) == []
    assert list(breaking.breaks(DOCUMENT, DOCUMENT)) == []


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (f"{POST}|summary", None, "has no summary"),
        (f"{POST}|operationId", None, "has no operationId"),
        (f"{POST}|tags", [], "has no tag"),
        (f"{POST}|tags", ["others"], "is not described"),
        (f"{POST}|requestBody|content|application/json|example", None, "request body has no exa"),
        (f"{POST}|responses|201|content|application/json|example", None, "201 has no example"),
        (f"{POST}|requestBody|content|application/json|example", {"id": 1}, "does not fit at $"),
        (f"{POST}|responses|422", None, "documents no refusal"),
        (f"{POST}|responses|422|content", {"application/json": {}}, "is not application/problem"),
        ("info|version", None, "not OpenAPI 3.1"),
    ],
)
def test_what_a_document_lacks_is_found(path: str, value: Any, fault: str) -> None:
    assert [found for found in lint.faults_of(changed(path, value)) if fault in found]


def test_an_enumeration_is_a_component() -> None:
    parameters = f"{POST}|parameters"
    kind = {"enum": ["a", "b"]}
    named = changed(f"{SCHEMA}|properties|kind", {"$ref": "#/components/schemas/Kind"})
    named["components"]["schemas"]["Kind"] = {"type": "string", **kind}
    assert list(lint.unnamed_enums(named)) == []
    assert list(lint.unnamed_enums(DOCUMENT)) == ["Account/properties/kind (a, b)"]
    asked = changed(parameters, [{"name": "kind", "in": "query", "schema": kind}])
    assert len(list(lint.unnamed_enums(asked))) == 2


@pytest.mark.parametrize(
    ("method", "path", "name", "summary", "fault"),
    [
        ("post", "/v1/things", "create_thing", "Create a thing", None),
        ("post", "/v1/things", "add_thing", "Add a thing", "creates: `create_`"),
        ("post", "/v1/things/bulk", "create_things", "Create things", "`/bulk`"),
        ("get", "/v1/things/{id}", "get_thing", "Get a thing", None),
        ("get", "/v1/things/{id}", "get_thing", "Get a thing.", "full stop"),
        ("get", "/v1/things/{id}", "get_thing", "Read a thing", "does not begin with 'Get'"),
        ("get", "/v1/things/{id}", "read_thing", "Read a thing", "is not one of list, get"),
        ("get", "/v1/things/{thing_id}", "get_thing", "Get a thing", "ends with {thing_id}"),
        ("get", "/v1/things/{id}/parts/{key}", "get_part", "Get a part", "calls a parent `{id}`"),
        ("get", "/v1/things/{thing_id}/parts/{id}", "get_part", "Get a part", None),
        ("patch", "/v1/things/{id}", "edit_thing", "Edit a thing", "is not one of update"),
        ("put", "/v1/things/{external_id}", "put_thing", "Create or update a thing", None),
        ("put", "/v1/things/{external_id}", "set_thing", "Set a thing", "by an external id"),
        ("put", "/v1/things/{id}/clock", "set_clock", "Set the clock of a thing", None),
        ("delete", "/v1/things/{id}", "archive_thing", "Archive a thing", None),
        ("delete", "/v1/things/{id}", "remove_thing", "Remove a thing", "is not one of delete"),
    ],
)
def test_operations_are_called_as_the_list_has_it(
    method: str, path: str, name: str, summary: str, fault: str | None
) -> None:
    responses: dict[str, Any] = {"201" if method == "post" else "200": {}}
    operation = {"operationId": name, "summary": summary, "responses": responses}
    found = list(naming.misnamed({"paths": {path: {method: operation}}}))
    assert found == [] if fault is None else fault in found[0]


def test_two_services_may_not_use_one_operation_id() -> None:
    other = changed("paths|/v1/accounts")
    other["paths"]["/v1/tasks"] = DOCUMENT["paths"]["/v1/accounts"]
    faults = lint.faults_of_all({"accounts_api": DOCUMENT, "tasks_api": other})
    (fault,) = [fault for fault in faults if "already" in fault]
    assert "the operationId 'create_account' is accounts_api's already" in fault


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("paths|/v1/accounts", None, "is gone"),
        (f"{POST}|operationId", "make_account", "generated clients lose"),
        (f"{POST}|x-permission", "workspace:admin", "needs another permission"),
        (f"{POST}|parameters|0", None, "query parameter dry_run: is gone"),
        (f"{POST}|responses|201", None, "response 201: is gone"),
        (f"{SCHEMA}|properties|kind", None, "request body.kind: is gone"),
        (f"{SCHEMA}|properties|kind", None, "response 201.kind: is gone"),
        (f"{SCHEMA}|required", ["id", "name", "kind"], "request body.kind: is required now"),
        (f"{SCHEMA}|required", ["id"], "response 201.name: may be absent now"),
        (f"{SCHEMA}|properties|name|maxLength", 50, "request body.name: maxLength is 50 now"),
        (f"{SCHEMA}|properties|name|pattern", "^A", "request body.name: must match ^A now"),
        (f"{SCHEMA}|properties|kind|enum", ["a"], "'b' is not accepted any more"),
        (f"{SCHEMA}|properties|name|type", "integer", "request body.name: string is not acc"),
        (f"{SCHEMA}|properties|name|type", ["string", "null"], "201.name: may be null now"),
        (f"{SCHEMA}|properties|parent", BODY, "request body.parent: null is not accepted"),
    ],
)
def test_what_breaks_a_client_is_found(path: str, value: Any, fault: str) -> None:
    found = list(breaking.breaks(DOCUMENT, changed(path, value)))
    assert [one for one in found if fault in one], found


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{SCHEMA}|properties|note", {"type": "string"}),
        (f"{SCHEMA}|properties|name|maxLength", 200),
        (f"{SCHEMA}|properties|kind|enum", ["a", "b", "c"]),
        ("paths|/v1/others", {"get": {"operationId": "list_others", "responses": {}}}),
        (f"{POST}|responses|409", {"description": "Taken", "content": PROBLEM}),
        (f"{POST}|summary", "Make an account"),
    ],
)
def test_what_only_adds_breaks_nothing(path: str, value: Any) -> None:
    assert list(breaking.breaks(DOCUMENT, changed(path, value))) == []


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("create table t (id uuid primary key);", 0),
        ("alter table t add column n text not null;", 1),
        ("create index i on t (n);", 1),
    ],
)
def test_a_migration_that_locks_out_the_running_release_is_found(
    tmp_path: Path, sql: str, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.sql"
    file.write_text(f"set lock_timeout to '2s';\n{sql}\n", encoding="utf-8")
    assert migrations.lint([file]) == status, capfd.readouterr().out


def test_two_migrations_of_one_number_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As two changes bring them that were made beside each other."""
    folder = shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    settings = Config(folder / "alembic.ini", ini_section="tasks_api")
    monkeypatch.setattr(migrations, "history", lambda _: settings)
    assert migrations.fault_of("tasks_api") is None
    newest = max((folder / "tasks_api" / "versions").glob("*.py"))
    shutil.copy(newest, newest.with_stem(f"{newest.stem}_too"))
    assert "give each migration its own number" in str(migrations.fault_of("tasks_api"))
    newest.with_stem(f"{newest.stem}_too").unlink()
    newest.unlink()
    assert "MIGRATION_HEAD is" in str(migrations.fault_of("tasks_api"))
