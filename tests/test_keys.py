"""What a workspace configures has a key that means the same in a sandbox and in production: a rule
is copied from one to the other as it is printed.
"""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.keys import key_of
from shared.schemas import Slug
from tests.harness import Tenure, Workspace
from tests.sequencer.renewals import step

RULE = 'in segment "enterprise" and arr > 50000'


@given(st.text(max_size=200))
def test_every_title_suggests_a_key_that_is_one(title: str) -> None:
    key = key_of(title, "segment")
    assert TypeAdapter(Slug).validate_python(key) == key


async def test_what_is_no_key_leads_to_nothing(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    for word in ("Enterprise", "%EF%BF%BF", "a%27b", "0198c0de"):
        answer = await ws.observer.get(f"/v1/segments/{word}")
        assert (answer.status_code, answer.json()["code"]) == (404, "segment_not_found"), word


async def made(ws: Workspace, path: str, **body: Any) -> dict[str, Any]:
    answer = await ws.admin.post(path, body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def enterprise(ws: Workspace, title: str = "Enterprise") -> dict[str, Any]:
    return await made(ws, "/v1/segments", title=title, record_type="account", rule="arr > 1000000")


async def test_a_rule_is_copied_to_another_workspace_as_it_is_printed(tenure: Tenure) -> None:
    sandbox, production = await tenure.workspace("Sandbox"), await tenure.workspace("Production")
    for ws in (sandbox, production):
        assert (await enterprise(ws))["key"] == "enterprise"
    big = {"title": "Big enough", "record_type": "account"}
    first = await made(sandbox, "/v1/segments", **big, rule=RULE)
    assert first["rule_text"] == RULE
    for form in ("rule", "rule_text"):
        second = await made(production, "/v1/segments", **big | {"title": form}, rule=first[form])
        assert (second["rule"], second["rule_text"]) == (first["rule"], first["rule_text"])
    checked = await production.observer.post(
        "/v1/rules/validate", {"record_type": "account", "rule": RULE}
    )
    assert checked.json()["rule"] == first["rule"]
    near = await production.observer.post(
        "/v1/rules/validate", {"record_type": "account", "rule": 'in segment "enterprize"'}
    )
    [fault] = near.json()["faults"]
    assert (fault["code"], fault["suggestion"]) == ("unknown_segment", "enterprise")


async def test_rules_keep_what_they_ask_for_when_it_is_renamed(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    segment = await enterprise(ws)
    account = await made(ws, "/v1/accounts", name="Acme", arr=2_000_000_00, currency="USD")
    rules = "/v1/key-roles/csm/assignment-rules"
    made_rules = {
        "/v1/segments": {"title": "S", "record_type": "account"},
        rules: {"title": "Small ones", "member_id": ws.details["observer_id"]},
    }
    await ws.admin.get("/v1/key-roles")
    paths = {}
    for path, body in made_rules.items():
        rule = await made(ws, path, **body, rule='not in segment "enterprise"')
        paths[f"{path}/{rule['key']}"] = rule
    assert set(paths) == {"/v1/segments/s", f"{rules}/small_ones"}
    renamed = await ws.admin.post("/v1/segments/enterprise/rename", {"key": "big_ones"})
    assert renamed.status_code == 200, renamed.text
    for path, rule in paths.items():
        shown = (await ws.observer.get(path)).json()
        assert shown["rule_text"] == 'not in segment "big_ones"'
        assert shown["id"] == rule["id"]
    await tenure.settle()
    explained = await ws.observer.get(f"/v1/segments/s/explain?record_id={account['id']}")
    assert '"segment":"big_ones"' in explained.text
    members = await ws.observer.get("/v1/segments/enterprise/members")
    assert [each["record_id"] for each in members.json()["data"]] == [account["id"]]
    again = await made(ws, "/v1/segments", title="Enterprise 2", record_type="account", rule=RULE)
    assert 'in segment "big_ones"' in again["rule_text"], "the former key still leads there"
    listed = await ws.observer.get(
        "/v1/accounts", params={"filter": 'in segment "big_ones"', "fields": "name"}
    )
    assert [each["id"] for each in listed.json()["data"]] == [account["id"]]
    path = f"/v1/segments/{segment['id']}"
    assert (await ws.admin.delete(f"{path}?force=true")).status_code == 204
    assert (await ws.observer.get("/v1/segments/big_ones")).status_code == 404
    assert (await ws.observer.get(path)).status_code == 200


async def test_a_formula_knows_segments_by_their_keys(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await made(
        ws, "/v1/segments", title="Open", record_type="opportunity", rule="is_closed = false"
    )
    formula = 'count(opportunities where in segment "open")'
    trait = {"record_type": "account", "key": "open_deals", "title": "Open", "type": "formula"}
    defined = await made(ws, "/v1/traits", **trait, formula=formula, result_type="number")
    assert defined["formula"] == formula
    await ws.admin.post("/v1/segments/open/rename", {"key": "not_closed"})
    path, printed = f"/v1/traits/{defined['id']}", formula.replace("open", "not_closed")
    assert (await ws.admin.get(path)).json()["formula"] == printed
    draft = {"record_type": "account", "formula": f"{printed} + 1"}
    preview = await ws.admin.post("/v1/traits/formula-preview", draft)
    assert preview.json()["formula"] == draft["formula"]
    unchanged = (await ws.admin.patch(path, {"formula": printed})).json()
    assert (unchanged["formula"], unchanged["version"]) == (printed, defined["version"])
    account = await made(ws, "/v1/accounts", name="Acme")
    await made(ws, "/v1/opportunities", name="A", type="renewal", account_id=account["id"])
    await tenure.settle()
    shown = (await ws.observer.get(f"/v1/accounts/{account['id']}")).json()
    assert shown["traits"]["open_deals"] == 1


async def test_rules_of_a_key_role_are_found_by_keys(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    assert (await ws.observer.get("/v1/key-roles")).status_code == 200
    assert (await ws.observer.get("/v1/key-roles/csm")).json()["key"] == "csm"
    rule = {"title": "Large", "rule": "arr > 1", "member_id": ws.details["observer_id"]}
    one = await made(ws, "/v1/key-roles/csm/assignment-rules", **rule)
    other = await made(ws, "/v1/key-roles/renewal_manager/assignment-rules", **rule)
    assert (one["key"], other["key"]) == ("large", "large_2")
    path = "/v1/key-roles/csm/assignment-rules"
    assert (await ws.observer.get(f"{path}/large")).json()["id"] == one["id"]
    assert (await ws.observer.get(f"{path}/large_2")).status_code == 404
    deactivation = await made(
        ws, "/v1/contact-deactivation-rules", title="Gone", rule='email_status = "complained"'
    )
    path = "/v1/contact-deactivation-rules/gone"
    assert (await ws.admin.post(f"{path}/rename", {"key": "left"})).json()["key"] == "left"
    assert (await ws.observer.get(path)).json()["id"] == deactivation["id"]


async def test_a_sequence_has_a_key_and_names_its_segments_by_theirs(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    due = {"title": "Due soon", "record_type": "opportunity", "rule": "is_closed = false"}
    audience, account_segment = await made(ws, "/v1/segments", **due), await enterprise(ws)
    body = {"title": "Renewals", "steps": [step(90)], "audience_segment_id": "due_soon"}
    sequence = await made(ws, "/v1/sequences", **body, account_segment_id="enterprise")
    assert sequence["key"] == "renewals"
    assert sequence["audience_segment_id"] == audience["id"]
    assert sequence["account_segment_id"] == account_segment["id"]
    path = "/v1/sequences/renewals"
    for word, code in (("no_such", "unknown_segment"), ("enterprise", "wrong_segment_type")):
        refused = await ws.admin.patch(path, {"audience_segment_id": word})
        assert refused.status_code == 422, refused.text
        [fault] = refused.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/audience_segment_id", code)
    assert (await ws.admin.post(f"{path}/publish")).status_code == 200
    assert (await ws.admin.post(f"{path}/rename", {"key": "all_renewals"})).status_code == 200
    assert (await ws.observer.get("/v1/sequences/all_renewals")).json()["id"] == sequence["id"]
    assert (await ws.observer.get(path)).json()["key"] == "all_renewals"
    taken = await ws.admin.post("/v1/sequences", {**body, "title": "Other", "key": "renewals"})
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")
    await tenure.settle()
    await ws.admin.post("/v1/segments/due_soon/rename", {"key": "due"})
    await tenure.settle()
    shown = (await ws.observer.get("/v1/sequences/all_renewals")).json()
    assert shown["audience_segment_id"] == audience["id"]
    assert (shown["audience_segment_key"], shown["account_segment_key"]) == ("due", "enterprise")
    for records in ("enrollments", "messages"):
        for written in ('= "renewals"', 'in ("all_renewals")', f'= "{sequence["id"]}"'):
            listed = await ws.admin.get(
                f"/v1/{records}", params={"filter": f"sequence_id {written}"}
            )
            assert (listed.status_code, listed.json()["data"]) == (200, []), listed.text
        rule = {"any": [{"field": "sequence_id", "op": "in", "value": ["renewals", "no_such"]}]}
        refused = await ws.admin.post(f"/v1/{records}/search", {"filter": rule})
        [fault] = refused.json()["errors"]
        assert (fault["pointer"], fault["code"]) == ("/filter/any/0/value", "unknown_sequence")


async def test_a_webhook_endpoint_has_a_key(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    path, address = "/v1/webhook-endpoints", {"url": "https://93.184.216.34/hooks"}
    endpoint = await made(ws, path, **address, description="The warehouse")
    nameless = await made(ws, path, **address)
    assert (endpoint["key"], nameless["key"]) == ("the_warehouse", "webhook_endpoint")
    renamed = await ws.admin.post(f"{path}/the_warehouse/rename", {"key": "lake"})
    assert renamed.json()["key"] == "lake", renamed.text
    for word in ("lake", "the_warehouse"):
        assert (await ws.admin.get(f"{path}/{word}")).json()["id"] == endpoint["id"]
    taken = await ws.admin.post(path, {**address, "key": "the_warehouse"})
    assert (taken.status_code, taken.json()["code"]) == (409, "key_taken")
    logged = await ws.admin.get("/v1/webhook-deliveries?endpoint_id=lake")
    assert (logged.status_code, logged.json()["data"]) == (200, [])
    unknown = await ws.admin.get("/v1/webhook-deliveries?endpoint_id=sea")
    [fault] = unknown.json()["errors"]
    assert (fault["pointer"], fault["code"]) == ("/query/endpoint_id", "unknown_webhook_endpoint")
    assert (await ws.admin.delete(f"{path}/lake")).status_code == 204
    assert (await made(ws, path, **address, key="lake"))["key"] == "lake"
