"""A list as a CSV file: the same rows, in cells that no spreadsheet runs."""

import csv
import io
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from accounts_api.language.spreadsheets.csv_cells import cell, lines, plain
from shared.uow import UnitOfWork
from tests.accounts_api.records.making import bulk, make, make_trait
from tests.harness import Tenure


def read(answer: httpx2.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_no_text_begins_a_formula_and_all_of_it_can_be_read_back(said: str) -> None:
    written = lines([[said, 1]]).decode()
    ((shown, one),) = csv.reader(io.StringIO(written, newline=""), strict=True)
    assert shown[:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert plain(shown) == said
    assert one == "1"


def test_numbers_stay_numbers_and_values_have_one_form() -> None:
    assert [cell(value) for value in (-5, 1.5, True, None, ["a", "b"], "-5", "'=x", "it's")] == [
        *("-5", "1.5", "true", "", "a;b", "'-5", "''=x", "it's")
    ]


async def test_an_export_holds_what_the_list_holds(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In three batches, of which the last one is empty."""
    monkeypatch.setattr("accounts_api.customers.exports.service._BATCH", 10)
    ws = await tenure.workspace()
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "uses", "multi_select", options=[{"value": v} for v in "ab"])
    await make_trait(ws, "account", "formula_looking", "string")
    rows: list[dict[str, Any]] = [
        {"external_id": f"e{n}", "name": f"=HYPERLINK({n})", "arr": -n, "traits": {"seats": n}}
        for n in range(20)
    ]
    rows[7] |= {"name": 'Zoë, "Inc"\r\n', "traits": {"uses": ["b", "a"], "formula_looking": "@x"}}
    await bulk(ws, "accounts", rows)
    found = read(await ws.observer.get("/v1/accounts/export.csv?sort=-arr"))
    assert [row["external_id"] for row in found] == [f"e{n}" for n in range(20)]
    assert found[3]["name"] == "'=HYPERLINK(3)"
    assert (found[3]["arr"], found[3]["traits.seats"]) == ("-3", "3")
    assert (found[7]["name"], found[7]["traits.uses"]) == ('Zoë, "Inc"', "a;b")
    assert found[7]["traits.formula_looking"] == "'@x"
    member = ws.details["observer_id"]
    await ws.admin.patch(f"/v1/accounts/{found[0]['id']}", {"key_roles": {"csm": [member]}})
    few = await ws.observer.get(
        "/v1/accounts/export.csv?filter=arr >= -1&fields=arr&include=key_roles&bom=true"
    )
    assert few.content.startswith(b"\xef\xbb\xbfid,arr,key_roles.account_executive,")
    assert {row["key_roles.csm"] for row in read(few)} == {member, ""}
    assert few.headers["content-disposition"] == 'attachment; filename="accounts.csv"'
    logged = (await ws.admin.get("/v1/audit-log?action=records.exported")).json()["data"]
    assert [entry["after"].get("filter") for entry in logged] == ["arr >= -1", None]


async def test_a_filter_that_takes_too_long_is_refused_before_the_first_byte(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(uow: UnitOfWork, *_: Any) -> int:
        await uow.run(text("set local statement_timeout = 20"))
        return await uow.run(text("select pg_sleep(5)"))

    monkeypatch.setattr("accounts_api.customers.querying.queries.page", slow)
    ws = await tenure.workspace()
    answer = await ws.admin.get("/v1/accounts/export.csv?filter=arr > 5")
    assert (answer.status_code, answer.json()["code"]) == (422, "rule_too_expensive")
    assert answer.json()["errors"][0]["pointer"] == "/query/filter"
    logged = (await ws.admin.get("/v1/audit-log?action=records.exported")).json()["data"]
    assert logged == [], "nothing left"


async def test_an_export_is_refused_before_it_begins_and_knows_the_past(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    one = await make(ws, "accounts", {"name": "One"})
    await make(ws, "contacts", {"name": "Ada", "accounts": [{"account_id": one["id"]}]})
    for query in ("filter=nmae = 1", "fields=nope", "include=contacts", "limit=3"):
        answer = await ws.admin.get(f"/v1/accounts/export.csv?{query}")
        assert answer.status_code == 422, query
    found = read(await ws.admin.get("/v1/contacts/export.csv?include=accounts&fields=name"))
    assert [(row["name"], row["account_ids"]) for row in found] == [("Ada", one["id"])]
    past = await ws.admin.get("/v1/contacts/export.csv?as_of=2026-03-01T00:00:00Z&fields=name")
    assert past.text == "id,name\r\n"
