"""Kinds of rules that look at one change are judged in the order of `EVALUATION_ORDER`."""

from collections.abc import Iterable

from sqlalchemy import text

from accounts_api.evaluation.rule_kinds.evaluators import EVALUATION_ORDER, Evaluators
from accounts_api.wiring import WIRING
from tests.accounts_api.customers.key_roles.making import member, rule
from tests.accounts_api.records.making import make, make_trait
from tests.harness import Tenure, Workspace

OUTCOMES = {
    "deactivation": ("accounts.contact_changed.v1", "deactivated_at"),
    "formula": ("accounts.account_changed.v1", "traits.total"),
    "lifecycle": ("accounts.lifecycle_status_changed.v1", None),
    "segment": ("accounts.segment_entered.v1", None),
    "indicator": ("accounts.indicator_opened.v1", None),
    "health": ("accounts.health_label_changed.v1", None),
    "assignment": ("accounts.account_changed.v1", "key_roles"),
}
"""The event, and the field in it, by which each kind shows what it has decided."""
SILENT = {"metric"}
"""Kinds that publish nothing: who reads what they decided is evaluated again."""


def test_every_kind_has_an_owner_and_a_place_in_the_order() -> None:
    (owners,) = (part for part in WIRING if isinstance(part, Evaluators))
    assert sorted(owners.by_kind) == sorted(EVALUATION_ORDER)
    assert sorted(OUTCOMES.keys() | SILENT) == sorted(EVALUATION_ORDER)


async def test_what_decides_a_field_is_judged_before_what_looks_at_it(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    bea = await member(ws, "Bea")
    account = await make(ws, "accounts", {"name": "Acme"})
    links = [{"account_id": account["id"]}]
    await make(ws, "contacts", {"name": "Cy", "accounts": links})
    deal = await make(
        ws,
        "opportunities",
        {
            "name": "Deal",
            "type": "renewal",
            "account_id": account["id"],
            "arr": 100,
            "currency": "USD",
        },
    )
    grown = "any opportunities (arr > 1000 USD)"
    # Made last to first, so that neither the order of making nor of ids is that of judging.
    await rule(ws, grown, member_id=bea)
    await make(ws, "segments", {"title": "Grown", "record_type": "account", "rule": grown})
    sign = {"title": "Big", "kind": "opportunity", "severity": 1, "record_type": "account"}
    await make(ws, "indicator-definitions", {**sign, "rule": grown})
    await make(ws, "lifecycle-rules", {"title": "Gone", "status": "churned", "rule": grown})
    points = {"linear": {"from": 0, "to": 100}}
    measure = {"key": "grown", "input": f"rule({grown})", "points": points}
    labels = [{"key": "poor", "from": 0}, {"key": "fine", "from": 50}]
    definition = {"title": "All", "labels": labels, "groups": [{"key": "g", "measures": [measure]}]}
    score = {"key": "overall", "title": "Overall", "record_type": "account", "stop_at_churn": False}
    await make(ws, "health-scores", score)
    listed = {"definitions": [definition]}
    defined = await ws.admin.put(
        "/v1/health-scores/overall/definitions", listed, headers={"if-match": "*"}
    )
    assert defined.status_code == 200, defined.text
    money = {"formula": "sum(opportunities.arr)", "result_type": "currency", "currency": "USD"}
    await make_trait(ws, "account", "total", "formula", **money)
    out = {"title": "Out", "rule": f"any accounts ({grown})"}
    await make(ws, "contact-deactivation-rules", out)
    await tenure.settle()
    before = len(await told(tenure, ws))
    edited = await ws.admin.patch(f"/v1/opportunities/{deal['id']}", {"arr": 900_000})
    assert edited.status_code == 200, edited.text
    await tenure.settle()
    shown = [kind for kind in EVALUATION_ORDER if kind not in SILENT]
    assert kinds_of((await told(tenure, ws))[before:]) == shown


async def told(tenure: Tenure, ws: Workspace) -> list[tuple[str, list[str]]]:
    """Names of the workspace's events with the fields that changed, oldest first."""
    async with tenure.workers["accounts"].units.begin(ws.id, (), read_only=True) as uow:
        found = await uow.connection.execute(
            text(
                "select name, payload -> 'changed' from events"
                " where workspace_id = :workspace_id order by xid, seq"
            ),
            {"workspace_id": ws.id},
        )
        return [(name, changed or []) for name, changed in found]


def kinds_of(events: Iterable[tuple[str, list[str]]]) -> list[str]:
    return [
        kind
        for name, changed in events
        for kind, (event, field) in OUTCOMES.items()
        if name == event and (field is None or field in changed)
    ]
