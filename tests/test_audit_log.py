"""Whatever a workspace configures, in whichever service, is one list with the request behind it."""

import copy
from typing import Any

from tests.harness import Tenure, Workspace
from tests.operations import WRITES, Operation
from tests.seed_data import Furniture, collection_of, furnish, point_to, renamed

DATA = {"records", "tasks", "notes", "enrollments", "product_events"}
"""What people and programs work with every day: its own history tells it."""

OPERATING = {
    "recheck_indicator_definition": "looks again at every record; no definition changes",
    "recheck_segment": "looks again at every record; no definition changes",
    **dict.fromkeys(
        (
            "invite_to_survey",
            "withdraw_survey_invitation",
            "create_survey_response",
            "put_survey_response",
            "erase_survey_responses",
        ),
        "asks, or keeps what was said; no definition changes",
    ),
    "test_mailbox": "connects, and changes nothing",
    "test_connection": "connects, and changes nothing",
    "preview_connection_mapping": "stores nothing",
    "sync_connection": "asks for a run, which says by itself who asked",
    "retry_rejected_records": "asks for a run, which says by itself who asked",
    "retry_rejected_mails": "asks for a run, which says by itself who asked",
    "retry_write_backs": "sends again what was to be sent",
    "test_webhook_endpoint": "sends one delivery, which is in their log",
    "replay_webhooks": "sends deliveries, which are in their log",
    "retry_webhook_delivery": "sends a delivery, which is in their log",
    **{
        operation.id: "lets a service try again what failed"
        for operation in WRITES
        if operation.path.startswith(("/v1/dead-events/", "/v1/held-work/"))
    },
}
TOLD_IN_THEIR_STORIES = {
    "resolve_message",
    "retry_message",
    "replace_connection_mapping",
    "approve_sync_run",
    "reject_sync_run",
    "resume_mailbox",
    "dismiss_rejected_mail",
}
"""Needs a mail or another system: `tests/sequencer` and `tests/sync_worker` look for their rows."""

CONFIGURING = [
    operation
    for operation in WRITES
    if operation.permission
    and operation.permission.endswith(":write")
    and operation.permission.partition(":")[0] not in DATA
]
BODIES: dict[str, Any] = {
    "update_workspace": {"name": "Changed"},
    "set_workspace_clock": {"frozen_at": "2026-03-03T09:00:00Z"},
    "create_assignment_rule": {"title": "More", "rule": 'name = "More"', "member_id": "members"},
    "create_lifecycle_rule": {"title": "More", "status": "churned", "rule": 'name = "More"'},
    "apply_assignment_rules": None,
    "set_segment_member": {"included": True},
    "start_handover": {"default_successor": {"unassigned": True}},
    "update_member": {"full_name": "Changed"},
    "put_member": {"full_name": "Grace", "email": "grace@else.example"},
    "roll_api_key": {},
    "update_mailbox": {"display_name": "Changed"},
    "update_webhook_endpoint": {"description": "Changed"},
    "create_suppression": {"email": "someone@else.example"},
    "update_product_event_property": {"description": "Changed"},
    "create_product_trait_mapping": {"kind": "user", "name": "mobile", "field": "phone"},
    "update_product_trait_mapping": {"field": "first_name"},
}


def _body(operation: Operation, made: Furniture) -> Any:
    if operation.id in BODIES:
        body = BODIES[operation.id]
        return {**body, "member_id": made["members"]} if body and "member_id" in body else body
    if operation.method == "PATCH":
        return {"title": "Changed"}
    if operation.body is None or not operation.examples:
        return None
    body = point_to(copy.deepcopy(operation.examples[0]), made)
    body = renamed(body) if operation.id.startswith("create_") else body
    if operation.id == "create_sequence":
        body |= {"audience_segment_id": made["segments"], "account_segment_id": None}
    if operation.id == "create_object_type":
        body["plural_key"], body["links"] = f"{body['key']}s", []
    return body


def _url(operation: Operation, made: Furniture) -> str:
    ids = {
        name: made[collection_of(operation, name)]
        for name in operation.parameters
        if operation.takes_id(name)
    }
    if operation.id.endswith("_segment_member"):
        ids["record_id"] = made["opportunities"]
    key = "scaled_mid_contract_review" if "note-templates" in operation.path else "grace"
    url = operation.url(**{"key": key, "external_id": "grace", **ids})
    takes = {parameter["name"] for parameter in operation.spec.get("parameters", [])}
    return f"{url}?force=true" if "force" in takes else url


def _turn(operation: Operation) -> tuple[bool, int]:
    """What goes, goes last, parts before what they are parts of; who is disabled is enabled."""
    goes = operation.method == "DELETE"
    later = int(operation.id == "enable_webhook_endpoint")
    return goes, -operation.path.count("/") if goes else later


async def _entries(ws: Workspace) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = []
    page = "/v1/audit-log?limit=200"
    while page:
        answer = (await ws.admin.get(page)).json()
        entries += answer["data"]
        following = answer["next_cursor"]
        page = f"/v1/audit-log?limit=200&cursor={following}" if following else ""
    return entries


async def test_every_change_of_the_configuration_is_in_the_audit_log(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    made = await furnish(ws)
    await tenure.settle()
    tried = [one for one in CONFIGURING if one.id not in {*OPERATING, *TOLD_IN_THEIR_STORIES}]
    refused = {}
    for operation in sorted(tried, key=_turn):
        headers = {"if-match": "*", "x-request-id": operation.id}
        answer = await ws.admin.request(
            operation.method, _url(operation, made), json=_body(operation, made), headers=headers
        )
        if answer.status_code >= 300:
            refused[operation.id] = answer.text
    assert refused == {}, "\n".join(f"{name}: {why}" for name, why in refused.items())
    await tenure.settle()
    entries = await _entries(ws)
    told = {entry["request_id"]: entry for entry in entries}
    assert {one.id for one in tried} - set(told) == set()
    for operation in tried:
        entry = told[operation.id]
        assert entry["service"] == operation.service, operation.id
        first = entry["cause"][0]
        assert (first["type"], first["id"]) == ("member", ws.details["admin_id"]), operation.id
        assert entry["target_id"] or entry["target_key"]
    assert len({entry["id"] for entry in entries}) == len(entries)
    for secret in ("hunter2", "password", "secret"):
        assert not any(
            isinstance(value, str) and secret in value
            for entry in entries
            for value in (entry["after"] or {}).values()
        )


def test_what_is_left_out_is_there() -> None:
    left_out = {*OPERATING, *TOLD_IN_THEIR_STORIES}
    assert left_out <= {operation.id for operation in CONFIGURING}
