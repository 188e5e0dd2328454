"""What the OpenAPI document shows as a request can be sent as it is shown."""

import copy
from typing import Any

from tests.accounts_api.records.making import make, make_trait
from tests.harness import Tenure, Workspace
from tests.operations import OPERATIONS, Operation
from tests.seed_data import Furniture, collection_of, furnish, point_to, renamed

SHOWN = sorted(
    (
        one
        for one in OPERATIONS
        if one.service == "accounts" and one.writes and one.examples
        # Of a record that was scored before: tests/accounts_api/signals/health_records sends it.
        if not one.id.endswith("_health_override")
    ),
    # What speaks of dates has to come before the clock is set, and what is cleared is over.
    key=lambda one: one.id in {"set_workspace_clock", "clear_indicator"},
)
MEMBERS = ("0198c0de-0009-7a3b-8c4d-5e6f708192a3", "0198c0de-5b1e-7d07-8a52-6c1f2a9e4b3d")
"""The people that examples speak of; like every id, they are others in each workspace."""


async def speak_of(ws: Workspace) -> None:
    """What examples take for granted, beside one of everything."""
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "licences", "number")
    for event in ("login", "Report Exported"):
        assert (
            await ws.admin.post("/v1/track", {"event": event, "userId": "u"})
        ).status_code == 200
    await make_trait(ws, "account", "churned_on", "date")
    await make_trait(ws, "contact", "product_admin", "boolean")
    await make_trait(ws, "contact", "job_title", "string")
    phases = [{"value": "kick-off"}]
    await make_trait(ws, "project", "phase", "select", options=phases)
    sentiments = [{"value": value} for value in ("Negative", "Neutral", "Positive")]
    await make_trait(ws, "opportunity", "sentiment", "select", options=sentiments)
    known = {"name": "Acme", "external_id": "0015g00000XyZ1AAAV"}
    assert (await ws.admin.post("/v1/accounts", known)).status_code in {201, 409}


def shown(operation: Operation) -> list[Any]:
    """Those of the operation itself stand before those of its body's schema."""
    content = operation.spec["requestBody"]["content"].get("application/json", {})
    return [one["value"] for one in content.get("examples", {}).values()] or operation.examples


async def prepared(ws: Workspace, operation: Operation, example: Any, made: Furniture) -> Any:
    body = point_to(copy.deepcopy(example), made)
    if operation.method == "POST" and "{" not in operation.path.replace("{object_type}", ""):
        body = renamed(body) if operation.id not in {"track", "track_batch"} else body
    if operation.id == "create_object_type":
        body["plural_key"] = f"{body['key']}s"
        body["links"] = [{**link, "reverse": body["plural_key"]} for link in body["links"]]
    if operation.id == "put_member":
        body["email"] = "hopper@example.com"
    if operation.id == "create_product_trait_mapping":
        body["field"] = "phone"  # the furniture has mapped the field that is shown
    if operation.id == "explain_rule":
        body["record_id"] = made["opportunities"]
    if "loser_id" in body:
        path = operation.path.replace("{object_type}", "project")
        plural = path.partition("/{")[0].removeprefix("/v1/")
        more = {"type": "renewal"} if plural == "opportunities" else {}
        body["loser_id"] = (await make(ws, plural, {"name": "Double", **more}))["id"]
    return _with_members(body, made)


def _with_members(value: Any, made: Furniture) -> Any:
    if isinstance(value, dict):
        return {key: _with_members(item, made) for key, item in value.items()}
    if isinstance(value, list):
        named = [_with_members(item, made) for item in value]
        return list(dict.fromkeys(named)) if all(isinstance(n, str) for n in named) else named
    return made["members"] if value in MEMBERS else value


async def test_every_request_that_is_shown_can_be_sent(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await furnish(ws)
    await speak_of(ws)
    refused = {}
    for operation in SHOWN:
        names = [name for name in operation.parameters if operation.takes_id(name)]
        ids = {name: made[collection_of(operation, name)] for name in names}
        if operation.id == "set_segment_member":
            ids["record_id"] = made["opportunities"]
        if "handover" in operation.id:
            leaving = {"full_name": "Ann Leaving", "email": f"{operation.id}@example.com"}
            ids["member_id"] = (await make(ws, "members", leaving))["id"]
        for number, example in enumerate(shown(operation)):
            body = await prepared(ws, operation, example, made)
            path = operation.url(**{**ids, "key": "csm"})
            headers = {"if-match": "*"}
            answer = await ws.admin.request(operation.method, path, json=body, headers=headers)
            said = answer.json() if answer.status_code < 300 else {"valid": False}
            bad = any(said.get(name, 0) not in (0, []) for name in ("refused", "rejected"))
            if bad or said.get("valid") is False:
                refused[f"{operation.id} {number}"] = answer.text
    assert refused == {}, "\n".join(f"{name}: {why}" for name, why in refused.items())


def test_every_body_has_an_example() -> None:
    bare = [
        operation.id
        for operation in OPERATIONS
        if operation.service == "accounts" and operation.body is not None and not operation.examples
    ]
    assert bare == []
