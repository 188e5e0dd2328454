"""One value that does not fit costs only itself: its record, and what belongs to that, are here."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.connectors.salesforce.rules.fitting import Target, fitted, type_faults
from sync_worker.connectors.salesforce.rules.mapping import (
    SHIPPED,
    FieldMap,
    LeftOut,
    ObjectMap,
    ObjectMapping,
    key_role_faults,
    mapped,
)
from sync_worker.connectors.salesforce.rules.values import Locale, Unmappable, ValueType, converted
from sync_worker.crm_sync.pulls.rules import Item, Known, folded, left_out_now, planned, readable
from sync_worker.crm_sync.records.rules import trimmed
from tests.sync_worker.making import Org

BERLIN = Locale("EUR", ZoneInfo("Europe/Berlin"))
ID = "001000000000001AAA"
KINDS: tuple[ValueType, ...] = (
    "text", "domain", "url", "email", "number", "money", "boolean", "date", "datetime",
    "time_zone", "choice", "choices", "member",
)  # fmt: skip
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**15, max_value=10**40)
    | st.floats()
    | st.text(max_size=20)
    | st.text(max_size=3).map(lambda text: text * 2_000)
    | st.sampled_from(
        ["acme.example, beta.example", "http://[acme.example", "1e999999999", "-0", "1_000", "NaN",
         "0001-01-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-02-30",
         "x@y.example.", "<a@b.example>", "Europe/Mars", "yes", ";;", "a;;b", "\u0000",
         "\uff12\uff10"]
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)  # fmt: skip


@given(values, st.sampled_from(KINDS))
def test_any_value_becomes_one_of_ours_or_is_refused_in_words(value: Any, kind: ValueType) -> None:
    with contextlib.suppress(Unmappable):
        json.dumps(converted(value, kind, BERLIN), allow_nan=False)


@pytest.mark.parametrize(
    ("value", "kind", "made"),
    [
        ("Pro;Add-on", "choices", ["Pro", "Add-on"]),
        ("Pro; ;Pro", "choices", ["Pro"]),
        ("2026-12-31T23:30:00.000+0000", "date", "2027-01-01"),
        ("2026-06-30T21:59:59.000+0000", "date", "2026-06-30"),
        ("2026-06-30", "date", "2026-06-30"),
        (15.5, "number", 15.5),
        (True, "text", "true"),
        (5.0, "text", "5"),
        ("   ", "url", None),
        ({"street": "Platz 1", "city": "Berlin", "latitude": 52.5}, "text", "Platz 1, Berlin"),
        ("TRUE", "boolean", True),
        ("Acme.Example/about", "domain", "acme.example"),
        ("acme.example/deal", "url", "https://acme.example/deal"),
    ],
)  # fmt: skip
def test_values_become_ours(value: Any, kind: ValueType, made: Any) -> None:
    assert converted(value, kind, BERLIN) == made


@pytest.mark.parametrize(
    ("value", "kind"),
    [("acme.example, beta.example", "domain"), ("http://[acme.example", "url"), ("acme", "domain"),
     ("in the Salesforce record", "url"), ("x@y.example.", "email"), ("Mars/Olympus", "time_zone"),
     (10**30, "number"), ("1e999999999", "money"), ("31.12.2026", "date"), ("2026-02-30", "date"),
     ("0001-01-01T00:00:00+14:00", "datetime"), ({"latitude": 1.5}, "text"), ([1], "text"),
     (True, "number")],
)  # fmt: skip
def test_values_that_do_not_fit_say_so(value: Any, kind: ValueType) -> None:
    with pytest.raises(Unmappable):
        converted(value, kind, BERLIN)


@given(
    st.sampled_from([each.object for each in SHIPPED.objects]),
    st.dictionaries(st.integers(0, 11), values, max_size=12),
)
def test_whatever_a_row_holds_costs_at_most_the_row(
    name: str, given_values: dict[int, Any]
) -> None:
    mapping = SHIPPED.of(name)
    assert mapping is not None
    row = {
        "Id": ID,
        "SystemModstamp": "2026-03-02T09:00:00.000+0000",
        "Name": "Acme",
        "Email": "ann@acme.example",
        "Type": None,
        **{
            field.source: given_values[at]
            for at, field in enumerate(mapping.fields)
            if at in given_values and field.source not in {"Name", "Email"}
        },
    }
    item = folded(mapping, row, BERLIN)
    assert item.trouble is None
    assert item.content[mapping.fields[0].target] == "Acme"
    assert len(item.hash) == 32


def test_what_a_record_needs_is_cut_and_what_it_does_not_need_is_left_out_and_told() -> None:
    account = SHIPPED.of("Account")
    assert account is not None
    row = {"Name": "A" * 300, "Website": "acme.example, beta.example", "ARR__c": "lots",
           "CurrencyIsoCode": "USD", "Industry": "Software"}  # fmt: skip
    made = mapped(account, row, BERLIN)
    assert made.content == {"name": "A" * 255, "traits.industry": "Software"}
    assert {(each.field, each.target) for each in made.left_out} == {
        ("Name", "name"),
        ("Website", "domain"),
        ("ARR__c", "arr"),
    }
    broken = mapped(account, {"Name": "Acme\r\nGmbH\u2028 & Co"}, BERLIN)
    assert broken.content["name"] == "Acme GmbH & Co"
    assert [each.target for each in broken.left_out] == ["name"]
    with pytest.raises(Unmappable, match=r"It has no email\. .* no e-mail address"):
        mapped(SHIPPED.objects[0], {"Name": "Ann", "Email": "ann@"}, BERLIN)


def test_rows_that_do_not_say_which_they_are_cost_only_themselves() -> None:
    good = {"Id": ID, "SystemModstamp": "2026-03-02T09:00:00.000+0000"}
    odd: list[Any] = [
        7, None, [], {}, {"Id": ID}, {**good, "Id": 7}, {**good, "Id": "x' OR"},
        {**good, "SystemModstamp": "soon"}, {**good, "SystemModstamp": "0001-01-01T00:00:00+1400"},
    ]  # fmt: skip
    assert readable([*odd[:4], good, *odd[4:]]) == [good]


def left(target: str, value: str = "odd") -> LeftOut:
    return LeftOut(field="F", target=target, value=value, reason="It does not fit.")


def test_what_a_row_is_without_is_told_until_it_fits() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    odd = Item(ID, at, {"name": "A"}, (left("domain"),))
    before = Known(at, odd.hash, None, "synced", left_out=(left("domain"),))
    assert planned([odd], {ID: before}).unchanged, "told already"
    before = Known(at, b"", {"name": "A"}, "synced", left_out=(left("domain"),))
    otherwise = Item(ID, at, {"name": "A"}, (left("domain", "odder"),))
    assert planned([otherwise], {ID: before}).changed, "another value is told anew"
    assert left_out_now(before, otherwise, {}) == otherwise.left_out
    mended = Item(ID, at, {"name": "A", "domain": "acme.example"})
    assert planned([mended], {ID: before}).changed
    assert left_out_now(before, mended, {"domain": "acme.example"}) == ()
    refused = Known(at, b"", {"name": "A", "traits.tier": "odd"}, "synced",
                    left_out=(left("traits.tier"),))  # fmt: skip
    same = Item(ID, at, {"name": "B", "traits.tier": "odd"})
    assert left_out_now(refused, same, {"name": "B"}) == (left("traits.tier"),)


ROW = {
    "external_id": ID,
    "source": "salesforce",
    "name": "Acme",
    "domain": "x",
    "arr": 1,
    "currency": "ABC",
    "traits": {"tier": "lead", "employees": 5},
    "key_roles": {"csm": ["m"]},
    "account_external_id": "a",
}


def at(pointer: str) -> dict[str, Any]:
    return {"pointer": f"/rows/7{pointer}", "message": "No."}


@pytest.mark.parametrize(
    ("pointers", "left_out"),
    [
        (["/domain"], {"domain"}),
        (["/traits/tier"], {"traits.tier"}),
        (["/key_roles/csm/0", "/domain"], {"key_roles.csm", "domain"}),
        (["/currency"], {"arr", "currency"}),
        (["/arr"], {"arr", "currency"}),
        (["/name"], None),
        (["/domain", "/account_external_id"], None),
        (["/traits/unsaid"], None),
        ([""], None),
        ([], None),
    ],
)
def test_a_refused_row_is_written_without_what_is_to_blame(
    pointers: list[str], left_out: set[str] | None
) -> None:
    made = trimmed(ROW, [at(pointer) for pointer in pointers])
    assert (set(made.left_out) if made else None) == left_out
    if made is not None:
        assert made.row["name"] == "Acme"
        told = {f"{k}.{each}" for k, v in made.row.items() if isinstance(v, dict) for each in v}
        assert not (told | made.row.keys()) & set(made.left_out)


@pytest.mark.parametrize(
    ("kind", "source", "holds", "found"),
    [
        ("text", "multipicklist", "multi_select", "choices"),
        ("text", "picklist", "multi_select", "choices"),
        ("datetime", "datetime", "date", "date"),
        ("text", "date", "date", "date"),
        ("number", "percent", "number", "number"),
        ("number", "currency", "currency", "money"),
        ("boolean", "boolean", "select", "text"),
        ("number", "double", "string", "text"),
        ("text", "textarea", "text", "text"),
        ("domain", "url", "url", "url"),
        ("date", "date", "datetime", None),
        ("boolean", "boolean", "date", None),
        ("datetime", "datetime", "number", None),
        ("text", "location", "string", None),
        ("text", "base64", "text", None),
        ("text", "string", "formula", None),
        ("text", "reference", "contact", None),
        ("money", "currency", "number", None),
        ("choices", "multipicklist", "boolean", None),
    ],
)
def test_a_mapping_takes_the_way_that_leads_there_or_is_refused(
    kind: ValueType, source: str, holds: str, found: ValueType | None
) -> None:
    field = FieldMap(source="F__c", target="traits.it", type=kind)
    mapping = ObjectMap(object="Account", record_type="account", fields=(field,))
    fit = fitted(mapping, {"it": Target(holds)}, [{"name": "F__c", "type": source}])
    assert [each.type for each in fit.mapping.fields] == ([found] if found else [])
    assert [(pointer, code) for pointer, code, _ in fit.faults] == (
        [] if found else [("/fields/0/type", "kind_mismatch")]
    )


def test_a_text_of_several_lines_is_joined_where_one_line_is_held() -> None:
    targets = ("name", "traits.line", "traits.lines")
    fields = tuple(FieldMap(source=name[-4:], target=name) for name in targets)
    mapping = ObjectMap(object="Account", record_type="account", fields=fields)
    fit = fitted(mapping, {"line": Target("string"), "lines": Target("text")}, None)
    row = dict.fromkeys((field.source for field in fields), " Acme\r\nBerlin \u2028\n 2 ")
    assert mapped(fit.mapping, row, BERLIN).content == {
        "name": "Acme Berlin 2",
        "traits.line": "Acme Berlin 2",
        "traits.lines": "Acme\r\nBerlin \u2028\n 2",
    }


def test_an_amount_in_another_currency_than_its_trait_is_left_out() -> None:
    field = FieldMap(source="Budget__c", target="traits.budget", type="money")
    mapping = ObjectMap(
        object="Account",
        record_type="account",
        fields=(FieldMap(source="Name", target="name"), field),
    )
    fit = fitted(mapping, {"budget": Target("currency", "USD")}, None)
    row = {"Name": "A", "Budget__c": 5.0, "CurrencyIsoCode": "USD"}
    assert mapped(fit.mapping, row, BERLIN).content["traits.budget"] == 500
    told = mapped(fit.mapping, {**row, "CurrencyIsoCode": "JPY"}, BERLIN)
    assert told.content == {"name": "A"}
    assert told.left_out[0].reason == "It is in JPY, and traits.budget is in USD."


def test_the_shipped_mapping_suits_the_standard_fields() -> None:
    described = {each.object: [{"name": f.source} for f in each.fields] for each in SHIPPED.objects}
    assert type_faults(ObjectMapping(objects=SHIPPED.objects), {}, described) == []


def test_a_key_role_that_there_is_not_is_no_target() -> None:
    (fault,) = key_role_faults(SHIPPED, {"renewal_manager"})
    assert fault[1] == "unknown_key_role"
    assert key_role_faults(SHIPPED, {"csm"}) == []


LONGEST = "Ä" * 255
SELECT = {"type": "select", "options": [{"value": "gold"}]}


async def _seeded(org: Org) -> dict[str, str]:
    """Accounts with an odd value each, and what belongs to one of them."""
    create = org.sf.people.create
    ids = {
        "two": create("Account", {"Name": "Two", "Website": "acme.example, beta.example"}),
        "stray": create("Account", {"Name": "Stray", "Website": "http://[acme.example"}),
        "long": create("Account", {"Name": LONGEST, "Website": "long.example"}),
        "tier": create("Account", {"Name": "Tier", "CS_Tier__c": "Scaled", "Industry": "Media"}),
        "zone": create("Account", {"Name": "Zone", "Time_Zone__c": "Mars/Olympus"}),
    }
    ids["contact"] = create(
        "Contact",
        {
            "LastName": "Long\nName",
            "AccountId": ids["two"],
            "Email": "x@y.example",
            "Title": "T" * 128,
        },
    )
    ids["renewal"] = create(
        "Opportunity",
        {"Name": "Renewal", "AccountId": ids["two"], "StageName": "Discovery", "Type": "Renewal",
         "CloseDate": "2026-12-31", "Deal_Room_URL__c": "ask Jo"},
    )  # fmt: skip
    return ids


async def warned(org: Org) -> dict[str, dict[str, str]]:
    answer = await org.ws.admin.get(f"/v1/connections/{org.connection_id}/warned-records")
    assert answer.status_code == 200, answer.text
    return {
        row["external_id"]: {each["target"]: each["value"] for each in row["left_out"]}
        for row in answer.json()["data"]
    }


async def test_records_come_without_the_values_that_do_not_fit(small_org: Org) -> None:
    org = small_org
    ids = await _seeded(org)
    made = await org.ws.admin.post(
        "/v1/traits", {"record_type": "account", "key": "cs_tier", "title": "Tier", **SELECT}
    )
    assert made.status_code == 201, made.text
    await org.connect()
    path = f"/v1/connections/{org.connection_id}"
    expected = {
        ids["two"]: {"domain": "acme.example, beta.example"},
        ids["stray"]: {"domain": "http://[acme.example"},
        ids["tier"]: {"traits.cs_tier": "Scaled"},
        ids["zone"]: {"time_zone": "Mars/Olympus"},
        ids["renewal"]: {"deal_room_url": "ask Jo"},
    }
    preview = await org.ws.admin.post(f"{path}/mapping/preview", {"object": "Account", "limit": 50})
    assert preview.status_code == 200, preview.text
    foreseen = {row["external_id"]: row for row in preview.json()["data"]}
    run = await org.sync()
    assert (run["status"], run["parked"], run["warned"]) == ("succeeded", 0, 5), run["reason"]
    assert "without a value that does not fit" in run["reason"]
    accounts = await org.all("accounts")
    assert {accounts[ids[each]]["name"] for each in ("two", "stray", "long", "tier", "zone")} == {
        "Two", "Stray", LONGEST, "Tier", "Zone",
    }  # fmt: skip
    assert accounts[ids["tier"]]["traits"]["industry"] == "Media"
    contact = (await org.all("contacts"))[ids["contact"]]
    assert contact["name"] == "Long Name", "lines that are joined say what they said"
    assert contact["accounts"][0]["account_id"] == accounts[ids["two"]]["id"]
    assert (await org.all("opportunities"))[ids["renewal"]]["deal_room_url"] is None
    assert await warned(org) == expected
    for external_id, row in foreseen.items():
        left_out = {each["target"]: each["value"] for each in row["left_out"]}
        assert left_out == expected.get(external_id, {}), "the preview foresees what the run does"
        assert row["row"]["name"] == accounts[external_id]["name"]
    shown = (await org.ws.admin.get(path)).json()
    assert (shown["parked_records"], shown["warned_records"]) == (0, 5)

    org.sf.people.update(ids["two"], {"Website": "acme.example"})
    org.sf.people.update(ids["stray"], {"Website": "still odd"})
    run = await org.sync()
    assert run["status"] == "succeeded", run["reason"]
    assert (await org.all("accounts"))[ids["two"]]["domain"] == "acme.example"
    expected[ids["stray"]] = {"domain": "still odd"}
    del expected[ids["two"]]
    assert await warned(org) == expected

    trait = made.json()["id"]
    options = {"options": [{"value": "gold"}, {"value": "Scaled"}]}
    changed = await org.ws.admin.patch(f"/v1/traits/{trait}", options)
    assert changed.status_code == 200, changed.text
    retried = await org.ws.admin.post(f"{path}/parked-records/retry")
    assert retried.status_code == 202, retried.text
    await org.tenure.settle()
    assert (await org.all("accounts"))[ids["tier"]]["traits"]["cs_tier"] == "Scaled"
    del expected[ids["tier"]]
    assert await warned(org) == expected


async def test_a_mapping_is_converted_to_what_its_traits_hold_or_refused(small_org: Org) -> None:
    org = small_org
    zone = await org.ws.admin.patch("/v1/workspace", {"time_zone": "Europe/Berlin"})
    assert zone.status_code == 200, zone.text
    options = [{"value": each} for each in ("Pro", "Basic", "Add-on")]
    traits: dict[str, dict[str, Any]] = {
        "products": {"type": "multi_select", "options": options},
        "bounced_on": {"type": "date"},
        "size": {"type": "number"},
    }
    for key, more in traits.items():
        body = {"record_type": "contact", "key": key, "title": key, **more}
        assert (await org.ws.admin.post("/v1/traits", body)).status_code == 201
    ann = org.sf.people.create(
        "Contact",
        {"LastName": "Ann", "Department": "Pro;Add-on",
         "EmailBouncedDate": "2026-12-31T23:30:00.000+0000"},
    )  # fmt: skip
    bea = org.sf.people.create("Contact", {"LastName": "Bea", "Department": "Pro;Gold"})
    await org.connect()
    await org.tenure.settle()
    path = f"/v1/connections/{org.connection_id}/mapping"
    fields = [
        {"source": "Name", "target": "name"},
        {"source": "Department", "target": "traits.products", "type": "text"},
        {"source": "EmailBouncedDate", "target": "traits.bounced_on", "type": "datetime"},
    ]
    contact = {"object": "Contact", "record_type": "contact", "fields": fields}
    mapping = {"objects": [contact]}
    wrong = {"source": "EmailBouncedDate", "target": "traits.size", "type": "datetime"}
    body = {"objects": [{**contact, "fields": [*fields, wrong]}]}
    headers = {"if-match": '"v1"'}
    refused = await org.ws.admin.put(path, body, headers=headers)
    assert refused.status_code == 422, refused.text
    assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
        ("/objects/0/fields/3/type", "kind_mismatch")
    ]
    preview = await org.ws.admin.post(f"{path}/preview", {"object": "Contact", "mapping": mapping})
    rows = {row["external_id"]: row for row in preview.json()["data"]}
    assert rows[ann]["row"]["traits"] == {"products": ["Pro", "Add-on"], "bounced_on": "2027-01-01"}
    assert [each["target"] for each in rows[bea]["left_out"]] == ["traits.products"]
    put = await org.ws.admin.put(path, mapping, headers=headers)
    assert put.status_code == 200, put.text
    run = await org.sync()
    assert (run["status"], run["warned"]) == ("succeeded", 1), run["reason"]
    contacts = await org.all("contacts")
    assert contacts[ann]["traits"].items() >= rows[ann]["row"]["traits"].items()
    assert contacts[bea]["name"] == "Bea"


async def test_a_refused_mapping_names_all_its_faults_at_once(small_org: Org) -> None:
    org = small_org
    day = {"record_type": "contact", "key": "day", "title": "Day", "type": "date"}
    assert (await org.ws.admin.post("/v1/traits", day)).status_code == 201
    await org.connect()
    path = f"/v1/connections/{org.connection_id}/mapping"
    fields = [
        {"source": "Nonsense__c", "target": "name"},
        {"source": "Department", "target": "nothing"},
        {"source": "EmailBouncedDate", "target": "traits.day", "type": "number"},
        {"source": "Title", "target": "title", "type": "words"},
    ]
    of_accounts = [{"source": "OwnerId", "target": "key_roles.no", "type": "member"}]
    mapping = {
        "objects": [
            {"object": "Contact", "record_type": "contact", "fields": fields},
            {"object": "Account", "record_type": "account", "fields": of_accounts},
        ]
    }
    faults = {
        ("/objects/0/fields/0/source", "unknown_field"),
        ("/objects/0/fields/1/target", "unknown_target"),
        ("/objects/0/fields/2/type", "kind_mismatch"),
        ("/objects/0/fields/3/type", "literal_error"),
        ("/objects/1/fields", "required"),
        ("/objects/1/fields/0/target", "unknown_key_role"),
    }
    put = await org.ws.admin.put(path, mapping, headers={"if-match": "*"})
    told = {(fault["pointer"], fault["code"]) for fault in put.json()["errors"]}
    assert (put.status_code, told) == (422, faults), put.text
    assert (await org.ws.admin.get(path)).json()["is_shipped"]
    preview = await org.ws.admin.post(f"{path}/preview", {"object": "User", "mapping": mapping})
    told = {(fault["pointer"], fault["code"]) for fault in preview.json()["errors"]}
    assert told == {(f"/mapping{pointer}", code) for pointer, code in faults}
