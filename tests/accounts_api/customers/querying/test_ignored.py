"""Lists leave out what segments leave out: the SQL of both forms says what the rule says."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from accounts_api.customers.accounts.service import StatusChange, set_lifecycle_status
from accounts_api.customers.querying.ignored import unless_ignored
from accounts_api.language.rules.ignored import beyond_ignored
from accounts_api.language.rules.standard import STANDARD
from shared.rules.sql.compile import verdict
from shared.rules.sql.rows import record_table
from shared.rules.syntax import nodes as n
from shared.rules.types.context import EvaluationContext
from shared.rules.types.type_check import check
from tests.accounts_api.records.making import bulk, make
from tests.harness import Tenure

CONTEXT = EvaluationContext(datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo("UTC"))
LEFT = {
    "account": {"seen"},
    "contact": {"of nobody", "of seen", "of both", "of gone"},
    "opportunity": {"of nobody", "of seen", "of gone"},
}


@pytest.mark.parametrize("record_type", LEFT)
async def test_a_list_leaves_out_what_the_rule_leaves_out(tenure: Tenure, record_type: str) -> None:
    ws = await tenure.workspace()
    ids = {name: (await make(ws, "accounts", {"name": name}))["id"] for name in NAMES}
    links = {**{f"of {name}": [name] for name in NAMES}, "of nobody": [], "of both": NAMES[:2]}
    contacts = [
        {
            "external_id": name,
            "name": name,
            "accounts": [{"account_id": ids[one], "plan_roles": []} for one in linked],
        }
        for name, linked in links.items()
    ]
    deals = [
        {"external_id": name, "name": name, "type": "renewal"}
        | ({"account_id": ids[linked[0]]} if linked else {})
        for name, linked in links.items()
        if name != "of both"
    ]
    written = [*await bulk(ws, "contacts", contacts), *await bulk(ws, "opportunities", deals)]
    assert {row["status"] for row in written} == {"created"}
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        changes = [StatusChange(ids[name], "ignored", await uow.now()) for name in NAMES[1:]]
        await set_lifecycle_status(uow, changes)
    assert (await ws.admin.delete(f"/v1/accounts/{ids['gone']}")).status_code == 204
    rule = check(beyond_ignored(record_type, n.AllOf(())), STANDARD, record_type)
    row = record_table(STANDARD.types[record_type])
    forms = {
        "rule": verdict(rule, row, CONTEXT),
        "beside a row": unless_ignored(record_type, row, in_bulk=False),
        "in bulk": unless_ignored(record_type, row, in_bulk=True),
    }
    async with tenure.workers["accounts"].units.begin(ws.id, ()) as uow:
        for form, condition in forms.items():
            assert condition is not None
            living = (row.c.workspace_id == ws.id, row.c.deleted_at.is_(None))
            found = await uow.values(str, select(row.c.name).where(*living, condition))
            assert {*found} == LEFT[record_type], form


NAMES = ["seen", "hidden", "gone"]
