"""What cannot be so is refused where a person writes it, unless they say that it is meant."""

from typing import Any

import pytest

from tests.accounts_api.customers.imports.making import begin
from tests.accounts_api.records.making import bulk, make
from tests.harness import Tenure

OPPORTUNITY = {
    "name": "Acme renewal",
    "type": "renewal",
    "contract_start": "2026-01-01",
    "contract_expiration": "2027-01-01",
}
CASES = [
    ({"contract_expiration": "2025-12-31"}, "contract_expiration", "end_before_start"),
    ({"contract_start": "2027-01-02"}, "contract_start", "end_before_start"),
    ({"is_won": True}, "is_won", "won_and_open"),
    ({"arr": -1, "currency": "USD"}, "arr", "negative_amount"),
]


@pytest.mark.parametrize(("change", "field", "code"), CASES)
async def test_what_cannot_be_so_is_refused_unless_it_is_meant(
    tenure: Tenure, change: dict[str, Any], field: str, code: str
) -> None:
    ws = await tenure.workspace()
    made = await make(ws, "opportunities", OPPORTUNITY)
    path, headers = f"/v1/opportunities/{made['id']}", {"if-match": "*"}
    refused = await ws.admin.patch(path, change, headers=headers)
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert (fault["pointer"], fault["code"]) == (f"/{field}", code)
    assert (await ws.admin.get(path)).json()["version"] == made["version"]

    meant = await ws.admin.patch(path, {**change, "allow_implausible": True}, headers=headers)
    assert meant.status_code == 200, meant.text
    other = await ws.admin.patch(path, {"stage": "Negotiation"}, headers=headers)
    assert other.status_code == 200, "what is stored keeps nobody from changing other things"


async def test_a_source_and_an_import_that_says_so_may_write_what_cannot_be_so(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    row = {"external_id": "a-1", "name": "Acme", "arr": -5, "currency": "USD"}
    assert (await bulk(ws, "accounts", [row]))[0]["status"] == "created"
    file = "External ID,Name,ARR,Currency\na-2,Hooli,-5,USD\n"
    for allowed, expected in ((False, "rejected"), (True, "created")):
        job = await begin(ws, "account", file, allow_implausible=allowed)
        preview = (await ws.observer.get(f"/v1/imports/{job['id']}/preview")).json()
        assert [row["status"] for row in preview["samples"]] == [expected]
