"""Who would have an indicator, if a draft were stored."""

from tests.accounts_api.customers.key_roles.making import account, member
from tests.accounts_api.signals.indicators.making import AT_RISK, definition
from tests.harness import Tenure

PATH = "/v1/indicator-definitions/preview"


async def test_a_draft_says_who_would_have_one_and_what_they_are_worth(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    ada = await member(ws, "Ada")
    await definition(ws, rule='name = "One"')
    small = {"title": "Small", "record_type": "account", "rule": "arr < 500 USD"}
    segment = (await ws.admin.post("/v1/segments", small)).json()["id"]
    usd = {"country": "FR", "currency": "USD"}
    one = await account(ws, "One", arr=10_000, key_roles={"csm": [ada]}, **usd)
    two = await account(ws, "Two", arr=90_000, **usd)
    await account(ws, "Three", country="DE")
    await tenure.settle()
    draft = {"record_type": "account", "rule": AT_RISK, "owner_key_role": "csm"}
    answer = await ws.observer.post(PATH, {**draft, "definition_id": "at_risk"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "rule": {"field": "country", "op": "eq", "value": "FR"},
        "rule_text": AT_RISK,
        "count": 2,
        "existing": 1,
        "opening": 1,
        "by_owner": [{"owner_id": ada, "count": 1}, {"owner_id": None, "count": 1}],
        "by_segment": [{"segment_id": segment, "title": "Small", "count": 1}],
        "arr": [{"currency": "USD", "amount": 100_000}],
        "samples": [{"id": one, "name": "One"}, {"id": two, "name": "Two"}],
    }
    bad = {"record_type": "contact", "rule": "no = 1", "owner_key_role": "no"}
    refused = await ws.observer.post(PATH, {**bad, "definition_id": "at_risk"})
    pointers = {fault["pointer"] for fault in refused.json()["errors"]}
    assert pointers == {"/rule", "/owner_key_role", "/definition_id"}
