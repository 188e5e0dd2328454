"""A file of records through HTTP: mapped, looked at, written once, and explained row by row."""

import csv
import io
from typing import Any

import pytest

from tests.accounts_api.customers.imports.making import begin, counts, preview, run
from tests.accounts_api.records.making import bulk, events_of, make, make_trait
from tests.harness import Tenure, Workspace


async def audited(ws: Workspace, action: str) -> list[dict[str, Any]]:
    page = await ws.admin.get("/v1/audit-log", params={"action": action})
    found: list[dict[str, Any]] = page.json()["data"]
    return found


ACCOUNTS = (
    "External ID;Company;ARR;Seats;Live;Uses;Since;CSM;Notes\r\n"
    'a-1;"Acme; Inc";4800000;12;yes;chat;2026-01-31;{email};x\r\n'
    "a-2;'=Initech;5;2.5;0;chat;2026-02-28;;y\r\n"
    "a-3;Hooli;;;;;;;\r\n"
    "a-4;;1;;;;;;\r\n"
    "a-5;Umbrella;1,5;many;perhaps;nothing;31.1.2026;nobody@here.example;\r\n"
    "a-6;Short\r\n"
    ";Nameless;;;;;;;\r\n"
)


async def make_traits(ws: Workspace) -> None:
    await make_trait(ws, "account", "seats", "number")
    await make_trait(ws, "account", "live", "boolean")
    await make_trait(ws, "account", "uses", "multi_select", options=[{"value": "chat"}])
    await make_trait(ws, "account", "since", "date")


async def test_a_file_is_mapped_by_its_names_previewed_and_written(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_traits(ws)
    member = (await ws.admin.get("/v1/members")).json()["data"][0]
    job = await begin(ws, "account", ACCOUNTS.format(email=member["email"].upper()))
    assert {column["name"]: column["target"] for column in job["columns"]} == {
        "External ID": "external_id",
        "Company": "name",
        "ARR": "arr",
        "Seats": "traits.seats",
        "Live": "traits.live",
        "Uses": "traits.uses",
        "Since": "traits.since",
        "CSM": "key_roles.csm",
        "Notes": None,
    }
    assert (job["delimiter"], job["rows"], job["status"]) == ("semicolon", 7, "ready")
    seen = await preview(ws, job)
    assert counts(seen) == (3, 0, 0, 4)
    assert seen["samples"][1]["values"]["name"] == "=Initech"
    faults = {(fault["column"], fault["code"], fault["row"]) for fault in seen["faults"]}
    assert faults == {
        ("Company", "required", 5),
        ("ARR", "not_an_amount", 6),
        ("Seats", "not_a_number", 6),
        ("Live", "not_a_boolean", 6),
        ("CSM", "unknown_member", 6),
        (None, "wrong_columns", 7),
        (None, "no_identity", 8),
    }
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == []
    ended = await run(tenure, ws, job)
    assert counts(ended) == counts(seen)
    assert ended["processed_rows"] == ended["rows"] == 7
    (told,) = await events_of(tenure, ws, "accounts.import_finished.v1")
    assert {name: ended[name] for name in told} == told
    public = await ws.admin.get("/v1/events", params={"types": "import.finished"})
    (event,) = public.json()["data"]
    assert (event["data"]["status"], event["data"]["created"]) == ("finished", 3)
    assert [link["type"] for link in event["cause"]] == ["api_key", "import"]
    acme, initech, hooli = (await ws.admin.get("/v1/accounts?include=key_roles")).json()["data"]
    assert (acme["name"], acme["arr"]) == ("Acme; Inc", 4_800_000)
    assert acme["traits"] == {"seats": 12, "live": True, "uses": ["chat"], "since": "2026-01-31"}
    assert acme["key_roles"] == {"csm": [member["id"]]}
    assert (initech["name"], initech["arr"], initech["traits"]["seats"]) == ("=Initech", 5, 2.5)
    assert hooli["traits"] == {}
    history = (await ws.admin.get(f"/v1/accounts/{acme['id']}/history")).json()["data"]
    assert [link["type"] for link in history[0]["cause"]] == ["api_key", "import", "quiet_batch"]
    assert history[0]["cause"][1]["label"] == "file.csv"


async def test_what_became_of_rows_can_be_asked_and_mended(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_traits(ws)
    ended = await run(tenure, ws, await begin(ws, "account", ACCOUNTS.format(email="")))
    rows = f"/v1/imports/{ended['id']}/rows"
    page = (await ws.observer.get(f"{rows}?status=rejected&limit=2")).json()
    assert [row["row"] for row in page["data"]] == [5, 6]
    assert page["data"][0]["cells"][:2] == ["a-4", ""]
    assert page["data"][0]["errors"] == [
        {"column": "Company", "code": "required", "message": "Every record needs this."}
    ]
    more = await ws.observer.get(f"{rows}?status=rejected&limit=2&cursor={page['next_cursor']}")
    assert [row["row"] for row in more.json()["data"]] == [7, 8]
    made = (await ws.observer.get(f"{rows}?status=created")).json()["data"]
    assert [(row["row"], row["external_id"]) for row in made] == [
        (2, "a-1"),
        (3, "a-2"),
        (4, "a-3"),
    ]
    file = await ws.observer.get(f"/v1/imports/{ended['id']}/rejected-rows.csv")
    refused = list(csv.DictReader(io.StringIO(file.text, newline="")))
    assert [row["import_row"] for row in refused] == ["5", "6", "7", "8"]
    assert refused[0]["import_errors"] == "Company: Every record needs this."
    mended = file.text.replace("a-4,,", "a-4,Mended,")
    again = await run(tenure, ws, await begin(ws, "account", mended))
    assert counts(again) == (2, 0, 0, 2), "and the short row has empty cells now"


async def test_the_same_file_twice_changes_nothing_and_an_export_is_a_file(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make_traits(ws)
    first = await run(tenure, ws, await begin(ws, "account", ACCOUNTS.format(email="")))
    before = await events_of(tenure, ws, "accounts.account_changed.v1")
    second = await begin(ws, "account", ACCOUNTS.format(email=""))
    assert counts(await preview(ws, second)) == (0, 0, 3, 4)
    assert counts(await run(tenure, ws, second)) == (0, 0, 3, 4)
    exported = await ws.observer.get("/v1/accounts/export.csv?include=key_roles&bom=true")
    third = await run(tenure, ws, await begin(ws, "account", exported.text))
    assert counts(third) == (0, 0, first["created"], 0)
    assert await events_of(tenure, ws, "accounts.account_changed.v1") == before
    changed = await begin(ws, "account", "external_id,arr,domain\na-1,7,\na-2,6,x.example")
    assert counts(await run(tenure, ws, changed)) == (0, 2, 0, 0)


async def test_rows_of_one_record_far_apart_undo_nothing_when_the_file_comes_again(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts_api.customers.imports.service.CHUNK_ROWS", 2)
    ws = await tenure.workspace()
    rows = ["a,First", "b,B", "c,C", "d,D", "a,Second", "b,B", "e,E", ",No id", "a,Last"]
    text = "external_id,name\n" + "\n".join(rows)
    job = await begin(ws, "account", text)
    assert (await preview(ws, job))["duplicates"] == {
        "records": 2,
        "rows": 5,
        "samples": [{"id": "a", "rows": [2, 6, 10]}, {"id": "b", "rows": [3, 7]}],
    }
    first = await run(tenure, ws, job)
    assert counts(first) == (5, 2, 1, 1)
    before = (await ws.admin.get("/v1/accounts")).json()["data"]
    assert [row["name"] for row in before] == ["Last", "B", "C", "D", "E"]
    again = await run(tenure, ws, await begin(ws, "account", text))
    assert counts(again) == (0, 0, 8, 1)
    assert (await ws.admin.get("/v1/accounts")).json()["data"] == before
    refused = await ws.admin.get(f"/v1/imports/{again['id']}/rows?status=rejected")
    assert [(row["row"], row["cells"]) for row in refused.json()["data"]] == [(9, ["", "No id"])]


async def test_a_faulty_row_lets_no_other_row_of_its_record_win(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    rows = ["a,First,x", "a,Second,5", "b,B,1", "c,C,1", "c,C,x", "d,D,9"]
    job = await begin(ws, "account", "external_id,name,arr\n" + "\n".join(rows))
    seen = await preview(ws, job)
    assert [one["rows"] for one in seen["duplicates"]["samples"]] == [[2, 3], [5, 6]]
    assert counts(seen) == counts(await run(tenure, ws, job)) == (2, 0, 0, 4)
    made = (await ws.admin.get("/v1/accounts")).json()["data"]
    assert [row["external_id"] for row in made] == ["b", "d"]
    refused = (await ws.admin.get(f"/v1/imports/{job['id']}/rows?status=rejected")).json()["data"]
    told = [(row["row"], row["errors"][0]["code"]) for row in refused]
    assert told == [
        (2, "not_an_amount"),
        (3, "other_row_rejected"),
        (5, "other_row_rejected"),
        (6, "not_an_amount"),
    ]
    assert refused[1]["errors"][0]["message"] == "Row 2 is about the same record and is rejected."


async def test_dates_and_numbers_are_read_as_the_file_shows_or_a_person_says(
    tenure: Tenure,
) -> None:
    ws = await tenure.workspace()
    await make_traits(ws)
    text = (
        "sep=;\r\nexternal_id;name;arr;seats;since;website\r\n"
        "a;A;4.800,00;1.250;3/4/2026;https://www.up.example/path\r\n"
        "b;B;$ 5;7;31/1/2026;\r\n;;;;;\r\n"
    )
    job = await begin(ws, "account", text, amounts="major")
    assert (job["delimiter"], job["rows"]) == ("semicolon", 2)
    assert (job["dates"], job["decimals"]) == (None, None)
    assert job["detected_formats"] == {
        "dates": {"value": "day_first", "column": "since", "row": 3, "cell": "31/1/2026"},
        "decimals": {"value": "comma", "column": "arr", "row": 2, "cell": "4.800,00"},
    }
    said = {"dates": "month_first", "decimals": "point"}
    path = f"/v1/imports/{job['id']}"
    assert (await ws.admin.patch(path, said)).json()["dates"] == "month_first"
    wrong = await preview(ws, job)
    assert {(fault["column"], fault["code"]) for fault in wrong["faults"]} == {
        ("arr", "not_an_amount"),
        ("since", "not_a_date"),
    }
    (told,) = await audited(ws, "import.updated")
    assert (told["before"], told["after"]) == (dict.fromkeys(said), said)
    assert [one["target_id"] for one in await audited(ws, "import.file_received")] == [job["id"]]
    undone = await ws.admin.patch(path, dict.fromkeys(said))
    assert (undone.json()["dates"], undone.json()["decimals"]) == (None, None)
    assert counts(await run(tenure, ws, job)) == (2, 0, 0, 0)
    one, two = (await ws.admin.get("/v1/accounts")).json()["data"]
    assert (one["arr"], one["domain"]) == (480_000, "up.example")
    assert one["traits"] == {"seats": 1250, "since": "2026-04-03"}
    assert (two["arr"], two["traits"]["since"]) == (500, "2026-01-31")
    unsettled = 'external_id,name,seats,since\na,A,"1,250",3/4/2026\nb,B,7,'
    seen = await preview(ws, await begin(ws, "account", unsettled))
    assert {(fault["column"], fault["code"]) for fault in seen["faults"]} == {
        ("seats", "ambiguous_number"),
        ("since", "ambiguous_date"),
    }


async def test_amounts_may_be_major_and_empty_cells_may_clear(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await make(ws, "accounts", {"external_id": "a", "name": "A", "domain": "a.example"})
    text = "external_id,name,arr,currency,domain\na,A,48000.50,USD,\nb,B,48000,JPY,\nc,C,1.5,JPY,"
    job = await begin(ws, "account", text, amounts="major", empty_cells="clear")
    assert counts(await run(tenure, ws, job)) == (1, 1, 0, 1)
    one, two = (await ws.admin.get("/v1/accounts")).json()["data"]
    assert (one["arr"], one["domain"]) == (4_800_050, None)
    assert two["arr"] == 48_000


async def test_contacts_gain_accounts_and_opportunities_find_theirs(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    await bulk(ws, "accounts", [{"external_id": e, "name": e} for e in ("one", "two")])
    one = (await ws.admin.get("/v1/accounts/by-external-id/one")).json()
    link = {"account_id": one["id"], "plan_roles": ["Champion"]}
    await make(ws, "contacts", {"external_id": "c", "name": "Ada", "accounts": [link]})
    text = (
        "External ID,E-mail,Account External ID,Plan Roles\n"
        "c,ada@one.example,one,\nc,,two,Economic Buyer;Signer\nd,x@y.example,three,\n"
    )
    job = await begin(ws, "contact", text)
    ended = await run(tenure, ws, job)
    assert counts(ended) == (0, 2, 0, 1)
    refused = (await ws.admin.get(f"/v1/imports/{job['id']}/rows?status=rejected")).json()["data"]
    (error,) = refused[0]["errors"]
    assert (error["column"], error["code"]) == ("Account External ID", "unknown_account")
    ada = (await ws.admin.get("/v1/contacts/by-external-id/c")).json()
    assert {tuple(found["plan_roles"]) for found in ada["accounts"]} == {
        ("Champion",),
        ("Economic Buyer", "Signer"),
    }
    deals = "external_id,name,type,account_external_id,close_date\np,Renewal,renewal,one,2026-06-30"
    assert counts(await run(tenure, ws, await begin(ws, "opportunity", deals))) == (1, 0, 0, 0)
    (deal,) = (await ws.admin.get("/v1/opportunities")).json()["data"]
    assert (deal["account_id"], deal["close_date"]) == (one["id"], "2026-06-30")


async def test_a_mapping_is_changed_with_all_its_faults_told(tenure: Tenure) -> None:
    ws = await tenure.workspace()
    job = await begin(ws, "account", "Key,Company,Other\na,A,x")
    path = f"/v1/imports/{job['id']}"
    start = await ws.admin.post(f"{path}/start", headers={"if-match": "*"})
    assert [error["code"] for error in start.json()["errors"]] == ["no_identity"]
    wrong = {"Kee": "external_id", "Key": "nmae", "Other": "name"}
    answer = await ws.admin.patch(path, {"mapping": wrong})
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [
        ("/mapping/Kee", "unknown_column"),
        ("/mapping/Key", "unknown_field"),
        ("/mapping/Other", "mapped_twice"),
    ]
    assert answer.json()["errors"][1]["suggestion"] == "name"
    stale = await ws.admin.patch(path, {"mapping": {"Key": None}}, if_match='"v1"')
    assert stale.status_code == 412
    right = await ws.admin.patch(path, {"mapping": {"Key": "external_id"}})
    assert [column["target"] for column in right.json()["columns"]] == ["external_id", "name", None]
    targets = {target["name"] for target in (await ws.admin.get(path)).json()["targets"]}
    assert {"arr", "key_roles.csm", "organization_external_id"} <= targets
    assert not {"lifecycle_status", "deleted", "traits"} & targets
    assert counts(await run(tenure, ws, job)) == (1, 0, 0, 0)
    for what, call in {
        "start": ws.admin.post(f"{path}/start", headers={"if-match": "*"}),
        "cancel": ws.admin.post(f"{path}/cancel"),
        "preview": ws.admin.get(f"{path}/preview"),
    }.items():
        answer = await call
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state"), what


async def test_a_large_file_is_streamed_in_and_may_be_cancelled(
    tenure: Tenure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts_api.customers.imports.service.CHUNK_ROWS", 50)
    ws = await tenure.workspace()
    made = await ws.admin.post("/v1/imports", {"record_type": "account", "file_name": "big.csv"})
    path = f"/v1/imports/{made.json()['id']}"
    text = "external_id,name\n" + "".join(f"e{n},{'x' * 90} {n}\n" for n in range(2_000))
    csv_type = {"content-type": "text/csv; charset=utf-8"}
    sent = await ws.admin.request("PUT", f"{path}/file", content=text.encode(), headers=csv_type)
    assert sent.status_code == 200, sent.text
    assert (sent.json()["rows"], sent.json()["size_bytes"]) == (2_000, len(text))
    broken = await ws.admin.request(
        "PUT", f"{path}/file", content=b'external_id,name\n1,"x', headers=csv_type
    )
    assert broken.json()["errors"][0]["code"] == "unclosed_quote"
    assert (await ws.admin.get(path)).json()["rows"] == 2_000
    for headers, status in (
        ({"content-type": "application/json"}, 415),
        ({**csv_type, "idempotency-key": "k"}, 400),
    ):
        answer = await ws.admin.request("PUT", f"{path}/file", content=b"{}", headers=headers)
        assert answer.status_code == status
    elsewhere = await ws.admin.request(
        "PUT",
        "/v1/accounts/by-external-id/file",
        content=b'{"name": "' + b"x" * 2_000_000 + b'"}',
        headers={"content-type": "application/json"},
    )
    assert elsewhere.status_code == 413
    late = text.encode() + b'"' + b"x\n" * 2_000_000
    broken = await ws.admin.request("PUT", f"{path}/file", content=late, headers=csv_type)
    assert broken.json()["errors"][0]["code"] == "unclosed_quote"
    assert (await preview(ws, sent.json()))["checked_rows"] == 200
    await ws.admin.post(f"{path}/start", headers={"if-match": "*"})
    from accounts_api.customers.import_rows.executor import step

    assert await step(tenure.workers["accounts"])
    assert (await ws.admin.get(path)).json()["processed_rows"] == 50
    due = await ws.admin.get("/v1/status")
    assert due.json()["due_work"]["import_rows"] == 1_950
    cancelled = await ws.admin.post(f"{path}/cancel")
    assert (cancelled.json()["status"], cancelled.json()["created"]) == ("cancelled", 50)
    (told,) = await events_of(tenure, ws, "accounts.import_finished.v1")
    assert (told["status"], told["processed_rows"]) == ("cancelled", 50)
    assert not await step(tenure.workers["accounts"])


@pytest.mark.parametrize("role", ["observer"])
async def test_who_may_not_write_records_imports_none(tenure: Tenure, role: str) -> None:
    ws = await tenure.workspace()
    await make_trait(ws, "account", "secret", "string", editable_by="admins")
    job = await begin(ws, "account", "external_id,name,secret\na,A,x")
    answer = await getattr(ws, role).post(f"/v1/imports/{job['id']}/start")
    assert answer.status_code == 403
    assert counts(await run(tenure, ws, job)) == (0, 0, 0, 1)
    rows = (await ws.admin.get(f"/v1/imports/{job['id']}/rows")).json()["data"]
    assert [(e["column"], e["code"]) for e in rows[0]["errors"]] == [("secret", "not_editable")]


async def test_an_old_file_is_removed_and_its_counts_stay(tenure: Tenure) -> None:
    from sqlalchemy import text

    from accounts_api.customers.imports.service import forget_old

    ws = await tenure.workspace()
    job = await run(tenure, ws, await begin(ws, "account", "external_id,name\na,A\n,B"))
    accounts = tenure.workers["accounts"]
    async with accounts.units.begin(ws.id, ()) as uow:
        await uow.connection.execute(
            text("update imports set updated_at = updated_at - interval '31 days'")
        )
    while await forget_old(accounts):
        pass
    path = f"/v1/imports/{job['id']}"
    kept = (await ws.admin.get(path)).json()
    assert kept["file_removed_at"] is not None
    assert counts(kept) == (1, 0, 0, 1)
    assert (await ws.admin.get(f"{path}/rows")).json()["data"] == []
    assert (await ws.admin.get(f"{path}/rejected-rows.csv")).json()["code"] == "file_removed"
