"""What a body of the sequencer refers to must be there: an id of nothing, and another workspace's,
are refused alike, where they stand.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.events.accounts import QuietBatchOpened
from shared.ids import new_id
from tests.accounts_api.records.making import make_trait
from tests.operations import OPERATIONS, Operation
from tests.sequencer.renewals import Json, Renewals, made, step

Place = tuple[str, str, str]
"""Method, path and the pointer of an id in the body; `0` for any item of a list."""


def ids_in(operation: Operation, schema: Json, at: str = "") -> Iterator[str]:
    schema = operation.resolve(schema)
    if schema.get("format") == "uuid":
        yield at
    for way in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(way, ()):
            yield from ids_in(operation, one, at)
    for name, inner in schema.get("properties", {}).items():
        yield from ids_in(operation, inner, f"{at}/{name}")
    if isinstance(schema.get("items"), dict):
        yield from ids_in(operation, schema["items"], f"{at}/0")


def places() -> list[Place]:
    found = {
        (operation.method, operation.path, pointer)
        for operation in OPERATIONS
        if operation.service == "sequencer" and operation.body is not None
        for pointer in ids_in(operation, operation.body)
    }
    return sorted(found)


def with_id(pointer: str, id_: str) -> Any:
    """A body that holds nothing but the id."""
    name, _, rest = pointer.removeprefix("/").partition("/")
    if name == "0":
        return [step(90) | with_id(f"/{rest}", id_)] if rest else [id_]
    return {name: with_id(f"/{rest}", id_) if rest else id_}


@pytest.fixture
async def bodies(renewals: Renewals) -> dict[str, Json]:
    """What must stand beside an id for the rest of a body to be right, by path."""
    await renewals.furnish()
    sequence = await renewals.sequence(90, 60)
    await renewals.opportunity()
    opportunity_id = new_id()
    await renewals.told(renewals.opportunity_event(opportunity_id))
    [box] = made(await renewals.ws.admin.get("/v1/mailboxes"))["data"]
    [enrollment] = await renewals.enrollments()
    known = {"sequence_id": sequence["id"], "opportunity_id": str(opportunity_id)}
    batch_id = new_id()
    await renewals.told(QuietBatchOpened(id=batch_id, title="renewals.csv"))
    smtp = {"host": "127.0.0.1", "port": 2525, "tls": "opportunistic"}
    mailbox = {"email": "n@northwind.example", "display_name": "N", "smtp": smtp}
    return {
        "/v1/sequences": {"title": "New", "steps": [step(90)]},
        f"/v1/sequences/{sequence['id']}": {},
        f"/v1/sequences/{sequence['id']}/preview": {"opportunity_id": str(opportunity_id)},
        "/v1/enrollments": known,
        f"/v1/enrollments/{enrollment['id']}/replace-contact": {},
        f"/v1/enrollments/{enrollment['id']}/skip": {},
        "/v1/mailboxes": mailbox,
        f"/v1/quiet-batches/{batch_id}/release": {},
        f"/v1/mailboxes/{box['id']}": {},
    }


async def test_an_id_of_nothing_is_refused_wherever_a_body_has_one(
    renewals: Renewals, bodies: dict[str, Json]
) -> None:
    other = await renewals.tenure.workspace()
    account = made(await other.admin.post("/v1/accounts", {"name": "Theirs"}))
    segment = made(
        await other.admin.post(
            "/v1/segments",
            {"title": "Theirs", "record_type": "opportunity", "rule": 'name = "Theirs"'},
        )
    )
    member = made(await other.admin.get("/v1/members"))["data"][0]
    ids = [str(new_id()), account["id"], segment["id"], member["id"]]
    for method, template, pointer in places():
        shape = template.split("/")
        [(path, beside)] = [
            (path, beside)
            for path, beside in bodies.items()
            if len(path.split("/")) == len(shape)
            and all(a == b or b[0] == "{" for a, b in zip(path.split("/"), shape, strict=True) if b)
        ]
        told = set()
        for id_ in ids:
            body = beside | with_id(pointer, id_)
            headers = {"if-match": "*"}
            answer = await renewals.ws.admin.request(method, path, json=body, headers=headers)
            assert answer.status_code == 422, (method, path, body, answer.text)
            errors = answer.json()["errors"]
            assert {fault["pointer"] for fault in errors} == {pointer}, answer.text
            told.add(tuple(fault["code"] for fault in errors))
        assert len(told) == 1, "foreign and unknown alike"


async def test_what_was_made_a_moment_ago_may_be_referred_to(renewals: Renewals) -> None:
    """Before its event was heard here."""
    admin = renewals.ws.admin
    rule = {"title": "Mine", "record_type": "opportunity", "rule": 'name = "Mine"'}
    segment = made(await admin.post("/v1/segments", rule))
    member = made(
        await admin.post("/v1/members", {"full_name": "New", "email": "new@northwind.example"})
    )
    body = {"title": "New", "audience_segment_id": segment["id"], "steps": [step(90)]}
    made(await admin.post("/v1/sequences", body))
    box = {
        "member_id": member["id"],
        "email": "new@northwind.example",
        "display_name": "New",
        "smtp": {"host": "127.0.0.1", "port": 2525, "tls": "opportunistic"},
    }
    made(await admin.post("/v1/mailboxes", box))


async def test_contacts_are_not_chosen_by_what_the_days_change(renewals: Renewals) -> None:
    ws = renewals.ws
    await renewals.furnish()
    await make_trait(ws, "contact", "until", "date")
    here = {"formula": "traits.until >= today()", "result_type": "boolean"}
    await make_trait(ws, "contact", "here", "formula", **here)
    known = {"formula": "traits.until is not empty", "result_type": "boolean"}
    await make_trait(ws, "contact", "known", "formula", **known)
    await renewals.tenure.settle()
    sequence = await renewals.sequence(90)
    path = f"/v1/sequences/{sequence['id']}"
    answer = await ws.admin.patch(path, {"contact_selector": {"trait": "here"}})
    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["pointer"], fault["code"]) == (
        422,
        "/contact_selector/trait",
        "changes_with_time",
    )
    made(await ws.admin.patch(path, {"contact_selector": {"trait": "known"}}))
