"""What is said of users and groups becomes what the workspace has mapped it to."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.profiles.rules import Said, changed_fields, together
from tests.harness import Tenure, Workspace

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TRAITS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3))


async def made(ws: Workspace, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def mapped(ws: Workspace, kind: str, name: str, field: str) -> dict[str, Any]:
    body = {"kind": kind, "name": name, "field": field}
    return await made(ws, "/v1/product-trait-mappings", body)


async def trait(ws: Workspace, record_type: str, key: str, type_: str) -> dict[str, Any]:
    body = {"record_type": record_type, "key": key, "title": key, "type": type_}
    return await made(ws, "/v1/traits", body)


async def identify(ws: Workspace, user: str, **traits: Any) -> None:
    body = {"userId": user, "traits": traits}
    answer = await ws.admin.post("/v1/identify", body)
    assert answer.status_code == 200, answer.text


async def seen(ws: Workspace) -> dict[str, dict[str, Any]]:
    rows = (await ws.observer.get("/v1/product-traits")).json()["data"]
    return {f"{row['kind']}.{row['name']}": row for row in rows}


@given(st.lists(st.tuples(TRAITS, st.integers(0, 9))), st.randoms())
def test_what_was_said_last_counts_in_whatever_order_it_comes(
    said: list[tuple[dict[str, int], int]], random: Any
) -> None:
    ats = {at: traits for traits, at in said}
    messages = [
        Said("user", "u", None, traits, START.replace(minute=at)) for at, traits in ats.items()
    ]
    expected: dict[str, int] = {}
    for at in sorted(ats):
        expected |= ats[at]
    random.shuffle(messages)
    assert [one.traits for one in together(messages)] == ([expected] if messages else [])


@given(TRAITS, TRAITS)
def test_a_field_is_written_when_its_value_is_another_one(
    traits: dict[str, int], before: dict[str, int]
) -> None:
    mappings = {"a": "x", "b": "y"}
    written = {mappings[name]: value for name, value in before.items() if name in mappings}
    fields = changed_fields(mappings, traits, written)
    assert {**written, **fields} == {
        **written,
        **{mappings[name]: value for name, value in traits.items() if name in mappings},
    }
    assert all(written.get(field, ...) != value for field, value in fields.items())


async def test_mapped_traits_are_written_and_the_others_are_counted(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await trait(ws, "account", "seats", "number")
    grace = await made(ws, "/v1/contacts", {"name": "Grace", "external_id": "u1"})
    acme = await made(ws, "/v1/accounts", {"name": "acme", "external_id": "acme"})
    await mapped(ws, "user", "jobTitle", "title")
    await mapped(ws, "group", "seats", "traits.seats")
    await identify(ws, "u1", jobTitle="CTO", colour="blue")
    body = {"userId": "u1", "groupId": "acme", "traits": {"seats": 50, "plan": "pro"}}
    assert (await ws.admin.post("/v1/group", body)).status_code == 200
    await tenure.settle()
    contact = (await ws.observer.get(f"/v1/contacts/{grace['id']}")).json()
    account = (await ws.observer.get(f"/v1/accounts/{acme['id']}")).json()
    assert (contact["title"], account["traits"]) == ("CTO", {"seats": 50})
    found = await seen(ws)
    assert {name: (row["field"], row["profiles"]) for name, row in found.items()} == {
        "group.plan": (None, 1),
        "group.seats": ("traits.seats", 1),
        "user.colour": (None, 1),
        "user.jobTitle": ("title", 1),
    }
    # Said again, nothing changes; what a person writes stays until the product says another.
    changed = await ws.admin.patch(f"/v1/contacts/{grace['id']}", {"title": "Chief"})
    await identify(ws, "u1", jobTitle="CTO")
    await identify(ws, "u1", colour="red")
    await tenure.settle()
    again = (await ws.observer.get(f"/v1/contacts/{grace['id']}")).json()
    assert (again["title"], again["version"]) == ("Chief", changed.json()["version"])
    await identify(ws, "u1", jobTitle="CEO")
    await tenure.settle()
    assert (await ws.observer.get(f"/v1/contacts/{grace['id']}")).json()["title"] == "CEO"


async def test_what_was_said_before_is_written_when_it_is_mapped_and_when_somebody_comes(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await identify(ws, "u1", jobTitle="CTO")
    await identify(ws, "ann@acme.example", jobTitle="CFO")
    await tenure.settle()
    by_id = await made(ws, "/v1/contacts", {"name": "Grace", "external_id": "u1"})
    await tenure.settle()
    await mapped(ws, "user", "jobTitle", "title")
    await tenure.settle()
    assert (await ws.observer.get(f"/v1/contacts/{by_id['id']}")).json()["title"] == "CTO"
    body = {"name": "Ann", "email": "Ann@Acme.example"}
    by_email = await made(ws, "/v1/contacts", body)
    await tenure.settle()
    assert (await ws.observer.get(f"/v1/contacts/{by_email['id']}")).json()["title"] == "CFO"


async def test_a_value_that_does_not_fit_is_shown_and_holds_up_no_other(tenure: Tenure) -> None:
    ws = await tenure.workspace(frozen_at=START)
    await trait(ws, "contact", "age", "number")
    grace = await made(ws, "/v1/contacts", {"name": "Grace", "external_id": "u1"})
    for name, field in (("age", "traits.age"), ("job", "title"), ("mail", "email")):
        await mapped(ws, "user", name, field)
    await identify(ws, "u1", age="forty", job="CTO", mail="no address")
    await tenure.settle()
    contact = (await ws.observer.get(f"/v1/contacts/{grace['id']}")).json()
    assert (contact["title"], contact["email"], contact["traits"]) == ("CTO", None, {})
    found = await seen(ws)
    assert [found[f"user.{name}"]["refused"] for name in ("age", "job", "mail")] == [1, 0, 1]
    fault = found["user.age"]["last_refusal"]
    assert (fault["external_id"], fault["code"]) == ("u1", "wrong_type")
    await identify(ws, "u1", age=40)
    await tenure.settle()
    contact = (await ws.observer.get(f"/v1/contacts/{grace['id']}")).json()
    assert contact["traits"] == {"age": 40}


@pytest.mark.parametrize("kind", ["user", "group"])
async def test_a_mapping_names_what_can_be_written(tenure: Tenure, kind: str) -> None:
    ws = await tenure.workspace(frozen_at=START)
    record_type = "contact" if kind == "user" else "account"
    formula = {"record_type": record_type, "key": "twice", "title": "Twice", "type": "formula"}
    await made(ws, "/v1/traits", {**formula, "result_type": "number", "formula": "1 + 1"})
    for field in ("traits.none", "traits.twice", "lifecycle_status", "external_id", "seats"):
        body = {"kind": kind, "name": "x", "field": field}
        answer = await ws.admin.post("/v1/product-trait-mappings", body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"] == "/field"
    definition = await trait(ws, record_type, "seats", "number")
    mapping = await mapped(ws, kind, "x", "traits.seats")
    for name, field in (("x", "name"), ("y", "traits.seats")):
        body = {"kind": kind, "name": name, "field": field}
        taken = await ws.admin.post("/v1/product-trait-mappings", body)
        assert (taken.status_code, taken.json()["code"]) == (409, "product_trait_mapped")
    used = await ws.admin.delete(f"/v1/traits/{definition['id']}")
    assert used.status_code == 409
    assert [one["type"] for one in used.json()["usages"]] == ["product_trait_mapping"]
    path = f"/v1/product-trait-mappings/{mapping['id']}"
    changed = await ws.admin.patch(path, {"field": "name"})
    assert (changed.json()["field"], changed.json()["version"]) == ("name", 2)
    stale = await ws.admin.delete(path, if_match='"v1"')
    assert stale.status_code == 412
    assert (await ws.admin.delete(path)).status_code == 204
    assert (await ws.admin.get(path)).status_code == 404
    actions = [action for action in await ws.audited() if action.startswith("product_trait")]
    told = ("deleted", "changed", "created")
    assert actions == [f"product_trait_mapping.{done}" for done in told]
