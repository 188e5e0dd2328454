"""The API of one workspace, through HTTP: its overlay, and what changed when."""

from typing import Any

from jsonschema import Draft202012Validator
from sqlalchemy import text

from deploy.gateway.overlays import apply_overlay
from shared.ids import new_id
from tests.accounts_api.customers.objects.making import projects
from tests.accounts_api.records.making import events_of, make, make_trait
from tests.harness import Tenure, Workspace


async def overlay(ws: Workspace) -> dict[str, Any]:
    answer = await ws.observer.get("/v1/openapi/overlay")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def document(tenure: Tenure, ws: Workspace) -> dict[str, Any]:
    """What this service publishes, as this workspace has made it."""
    return apply_overlay(tenure.apps["accounts"].openapi(), await overlay(ws))


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(schema)


async def changes(ws: Workspace, **params: Any) -> list[dict[str, Any]]:
    answer = await ws.observer.get("/v1/openapi/changes", params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_traits_are_typed_in_what_is_answered_and_in_what_is_sent(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make(
        ws,
        "traits",
        {
            "record_type": "account",
            "key": "tier",
            "title": "Tier",
            "type": "select",
            "options": [{"value": "gold"}, {"value": "silver"}],
        },
    )
    await make_trait(ws, "account", "seats", "number", minimum=1)
    formula = {"formula": "traits.seats * 2", "result_type": "number"}
    await make_trait(ws, "account", "double", "formula", **formula)
    typed = await document(tenure, ws)

    schemas = typed["components"]["schemas"]
    assert schemas["Account"]["properties"]["traits"] == {
        "$ref": "#/components/schemas/AccountTraits"
    }
    answered = schemas["AccountTraits"]["properties"]
    assert answered["tier"]["anyOf"][0] == {"type": "string", "enum": ["gold", "silver"]}
    assert answered["double"]["readOnly"] is True
    assert "double" not in schemas["AccountTraitsIn"]["properties"]

    account = await make(ws, "accounts", {"name": "Acme", "traits": {"tier": "gold", "seats": 3}})
    await tenure.settle()
    read = (await ws.observer.get(f"/v1/accounts/{account['id']}")).json()
    assert read["traits"] == {"tier": "gold", "seats": 3, "double": 6}
    validator(typed, "Account").validate(read)
    assert not validator(typed, "AccountIn").is_valid({"name": "A", "traits": {"tier": "tin"}})
    assert not validator(typed, "AccountPatch").is_valid({"traits": {"seats": 0}})
    assert not validator(typed, "AccountPatch").is_valid({"traits": {"double": 1}})
    validator(typed, "AccountPatch").validate({"traits": {"tier": None}})


async def test_traits_of_tasks_are_typed_in_the_document_of_their_service(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "task", "hours", "number", maximum=8)
    typed = apply_overlay(tenure.apps["tasks"].openapi(), await overlay(ws))
    validator(typed, "TaskPatch").validate({"traits": {"hours": 8}})
    for name, body in (("TaskIn", {"title": "A"}), ("TaskRow", {}), ("TaskUpsert", {})):
        assert validator(typed, name).is_valid({**body, "traits": {"hours": 7}})
        assert not validator(typed, name).is_valid({**body, "traits": {"hours": 9}})
    assert typed["components"]["schemas"]["Task"]["properties"]["traits"] == {
        "$ref": "#/components/schemas/TaskTraits"
    }
    [change, *_] = await changes(ws)
    assert [one["path"] for one in change["changes"]] == ["task.traits.hours"]


async def test_an_object_type_has_operations_and_schemas_of_its_own(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await projects(ws)
    typed = await document(tenure, ws)
    created = typed["paths"]["/v1/objects/project"]["post"]
    assert created["operationId"] == "create_project_object"
    assert "object_type" not in {each["name"] for each in created.get("parameters", [])}
    body = created["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/ProjectObjectIn"}
    project = await make(ws, "objects/project", {"name": "Roll-out", "traits": {"hours": 4}})
    validator(typed, "ProjectObject").validate(project)
    assert not validator(typed, "ProjectObjectIn").is_valid({"name": "R", "contact_id": None})
    ids = [
        operation["operationId"] for item in typed["paths"].values() for operation in item.values()
    ]
    assert len(ids) == len(set(ids))


async def test_a_workspace_without_own_fields_has_the_same_operations(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    typed = await document(tenure, ws)
    assert typed["paths"] == tenure.apps["accounts"].openapi()["paths"]
    assert typed["components"]["schemas"]["ContactTraits"]["properties"] == {}


async def test_it_is_sent_again_only_when_it_has_changed(tenure: Tenure) -> None:
    ws, other = await tenure.workspace(), await tenure.workspace()
    first = await ws.observer.get("/v1/openapi/overlay")
    known = {"if-none-match": first.headers["etag"]}
    assert (await ws.observer.get("/v1/openapi/overlay", headers=known)).status_code == 304
    theirs = await other.observer.get("/v1/openapi/overlay", headers=known)
    assert theirs.status_code == 200
    await make_trait(ws, "contact", "likes", "string")
    assert (await ws.observer.get("/v1/openapi/overlay", headers=known)).status_code == 200


async def test_every_change_is_kept_and_told_with_what_it_means(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    likes = {"record_type": "account", "key": "likes", "title": "Likes", "type": "string"}
    trait = await make(ws, "traits", likes)
    path = f"/v1/traits/{trait['id']}"
    assert (await ws.admin.patch(path, {"title": "Likings"})).status_code == 200
    assert (await ws.admin.patch(path, {"required": True})).status_code == 200
    assert (await ws.admin.patch(path, {"required": True})).status_code == 200
    assert (await ws.admin.delete(path)).status_code == 204
    kept = await changes(ws)
    assert [(each["version"], each["breaking"], each["changes"][0]["change"]) for each in kept] == [
        (1, False, "added"),
        (2, False, "changed"),
        (3, True, "changed"),
        (4, True, "removed"),
    ]
    assert [link["type"] for link in kept[0]["cause"]] == ["member", "api_key"]
    told = await events_of(tenure, ws, "accounts.api_schema_changed.v1")
    assert [event["version"] for event in told] == [1, 2, 3, 4]
    assert [event["changes"] for event in told] == [each["changes"] for each in kept]
    (first,) = (await ws.observer.get("/v1/openapi/changes?limit=1")).json()["data"]
    assert first["version"] == 1
    assert [each["version"] for each in await changes(ws, since=kept[2]["at"])] == [3, 4]


async def test_an_object_type_in_a_change(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await projects(ws)
    assert (await ws.admin.delete(f"/v1/object-types/{made['id']}?force=true")).status_code == 204
    paths = [change["path"] for each in await changes(ws) for change in each["changes"]]
    assert paths == [
        "object_types.project",
        "project.traits.phase",
        "project.traits.hours",
        "object_types.project",
        "project.traits.hours",
        "project.traits.phase",
    ]


async def test_a_version_that_cannot_be_read_keeps_nobody_from_changing_a_trait(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "likes", "string")
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        # The service's own role may not change what was stored: as an older release left it.
        await uow.connection.execute(
            text(
                "insert into api_schema_versions"
                " (workspace_id, version, id, shape, changes, breaking, cause)"
                " values (:workspace_id, 2, :id, '{\"nonsense\": true}', '[]', false, '[]')"
            ),
            {"workspace_id": ws.id, "id": new_id()},
        )
    await make_trait(ws, "account", "seats", "number")
    told = (await changes(ws))[-1]
    assert (told["version"], len(told["changes"])) == (3, 2)
