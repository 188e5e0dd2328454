"""One of everything in a workspace, made from the examples of the OpenAPI documents."""

import copy
from typing import Any

from sequencer.sequences.reevaluation_queue import service as queue
from shared.clock import utc_now
from shared.events.accounts import MemberChanged
from shared.events.base import Envelope
from shared.feed.dead_events import store_dead_event
from shared.held_work import hold
from shared.ids import new_id
from shared.settings import ServiceName
from tests.harness import Client, Tenure, Workspace
from tests.operations import OPERATIONS, WORDS, Operation

Furniture = dict[str, str]
"""Collection, such as `note-templates`, to the id of something in it."""

_SYNONYMS = {
    "assignee": "members",
    "owner": "members",
    "author": "members",
    "holder": "members",
    "subject": "opportunities",
    "record": "accounts",
    "definition": "indicator-definitions",
    "endpoint": "webhook-endpoints",
    "connection": "connections",
    "opportunity": "opportunities",
}


_SEEDS: dict[str, Any] = {
    # Its example sets a field of a record at a version that it has not.
    "notes": {"title": "Call", "subject_type": "opportunity", "subject_id": ""},
    # Its example speaks of a trait that a fresh workspace has not.
    "lifecycle-rules": {"title": "Gone", "status": "churned", "rule": 'name = "Gone"'},
    # Its example counts events that never came there.
    "metrics": {
        "title": "Contacts",
        "record_type": "account",
        "numerator": {"source": "contacts"},
    },
}


_WITHIN = {"history": "accounts/{accounts}/history"}
"""Collections that are found within another one."""


COLLECTIONS = {"health": "health-scores"}
"""Of what a record has by another word."""


def collection_of(operation: Operation, parameter: str) -> str:
    """`/v1/members/{member_id}` is of `members`, `/v1/dead-events/sync/{id}` of both words."""
    before = _path(operation).partition(f"/{{{parameter}}}")[0].removeprefix("/v1/")
    collection = before.rpartition("/")[2] if "{" in before else before
    return COLLECTIONS.get(collection, collection)


def _path(operation: Operation) -> str:
    path = operation.path
    for name, word in WORDS.items():
        path = path.replace(f"{{{name}}}", word)
    return path


def url_of(operation: Operation, furniture: Furniture) -> str:
    names = [name for name in operation.parameters if operation.takes_id(name)]
    known = {name: furniture.get(collection_of(operation, name), "") for name in names}
    return operation.url(**known)


def collections() -> set[str]:
    """All whose things have an id of ours."""
    return {
        collection_of(operation, name)
        for operation in OPERATIONS
        for name in operation.parameters
        if operation.takes_id(name)
    }


async def furnish(ws: Workspace) -> Furniture:
    """Make what can be made by one request; what needs others comes when they are there."""
    made: Furniture = {}
    creations = {
        _path(operation).removeprefix("/v1/"): operation
        for operation in OPERATIONS
        if operation.method == "POST" and "{" not in _path(operation)
    }
    wanted = sorted(collections() & set(creations))
    progress = True
    while progress:
        progress = False
        for name in [name for name in wanted if name not in made]:
            found = await _make(ws.admin, creations[name], made)
            if found is not None:
                made[name] = found
                progress = True
    # Told by another one than the one who reads what they were told.
    task = {"title": "Call", "assignee_id": ws.details["admin_id"]}
    assert (await ws.leader.post("/v1/tasks", task)).status_code == 201
    await find_more(ws, made)
    await _make_within(ws.admin, made)
    return made


async def _make_within(client: Client, made: Furniture) -> None:
    """What only exists as a part of something else."""
    rules = f"/v1/key-roles/{made['key-roles']}/assignment-rules"
    rule = {"title": "Gone", "rule": 'name = "Gone"', "member_id": made["members"]}
    answer = await client.post(rules, rule)
    assert answer.status_code == 201, answer.text
    made["assignment-rules"] = answer.json()["id"]
    roles = f"/v1/accounts/{made['accounts']}/key-roles"
    later = {"member_ids": [made["members"]], "valid_from": "2190-01-01T00:00:00Z"}
    answer = await client.put(f"{roles}/csm", later, headers={"if-match": "*"})
    assert answer.status_code == 202, answer.text
    made["planned"] = (await client.get(roles)).json()["planned"][0]["id"]
    asked = await client.post("/v1/contacts", {"name": "Asked"})
    invitations = {"contacts": [{"contact_id": asked.json()["id"]}]}
    answer = await client.post(f"/v1/surveys/{made['surveys']}/invitations", invitations)
    assert answer.status_code == 200, answer.text
    made["survey-invitations"] = answer.json()["data"][0]["invitation_id"]


async def find_more(ws: Workspace, made: Furniture) -> None:
    """What has come about by itself: look into the lists for what is still missing."""
    for name in collections() - set(made):
        found = await _first_of(ws.admin, _WITHIN.get(name, name).format(**made))
        if found is not None:
            made[name] = found


async def bury_unreadable(tenure: Tenure, ws: Workspace, service: ServiceName) -> None:
    """An event that is not quite one, as an older release might have published, is set aside."""
    event = Envelope(
        id=new_id(),
        workspace_id=ws.id,
        name=MemberChanged.name,
        payload={"id": str(new_id()), "version": 1, "full_name": "Ann"},
        cause=[],
        occurred_at=utc_now(),
        recorded_at=utc_now(),
        cursor="1.1",
    )
    async with tenure.workers[service].units.begin(ws.id, ()) as uow:
        await store_dead_event(uow, "accounts", event, "ValidationError: email")


async def hold_something(tenure: Tenure, ws: Workspace, service: ServiceName) -> None:
    """Work that failed on one item."""
    async with tenure.workers[service].units.begin(ws.id, ()) as uow:
        if service == "sequencer":
            await queue.quarantine(uow, new_id(), ValueError("bad"))
        else:
            await hold(uow, "breaches", str(new_id()), ValueError("bad"))


async def _make(client: Client, operation: Operation, made: Furniture) -> str | None:
    path = _path(operation)
    seed = _SEEDS.get(path.removeprefix("/v1/"))
    for example in [seed] if seed else operation.examples:
        body = point_to(copy.deepcopy(example), made)
        answer = await client.post(path, body)
        if answer.status_code in {200, 201} and "id" in answer.json():
            return str(answer.json()["id"])
    return None


async def _first_of(client: Client, collection: str) -> str | None:
    answer = await client.get(f"/v1/{collection}")
    rows = answer.json().get("data", []) if answer.status_code == 200 else []
    return str(rows[0]["id"]) if rows and "id" in rows[0] else None


def point_to(value: Any, made: Furniture) -> Any:
    """The example, with every `account_id` that of an account that exists, and so on, and with
    hosts that the tests' services may name.
    """
    if isinstance(value, list):
        return [point_to(item, made) for item in value]
    if isinstance(value, dict):
        return {key: _reference(key, item, made) for key, item in value.items()}
    return value


def renamed(body: Any) -> Any:
    """The same under another name, because names are taken once."""
    fresh = new_id().hex[-8:]
    ends = {"title": f" {fresh}", "name": f" {fresh}", "key": f"_{fresh}", "external_id": fresh}
    starts = {"email": fresh, "address": fresh}
    return {
        key: f"{starts.get(key, '')}{value}{ends.get(key, '')}" if isinstance(value, str) else value
        for key, value in body.items()
    }


def _reference(key: str, value: Any, made: Furniture) -> Any:
    if key.endswith("_id") and isinstance(value, str):
        noun = key.removesuffix("_id")
        return made.get(_SYNONYMS.get(noun, f"{noun.replace('_', '-')}s"), value)
    if key == "host":
        return "127.0.0.1"
    if key in {"url", "login_url"}:
        return "https://127.0.0.1/"
    return point_to(value, made)
