"""How values, rows and mappings of another system become ours: pure decisions."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_worker.connectors.base import Field, StreamType
from sync_worker.connectors.salesforce.connector import SPEC
from sync_worker.connectors.salesforce.rows import readable, readable_fields
from sync_worker.crm_sync.inbound.rules import Item, folded, left_out_now, planned
from sync_worker.crm_sync.records.rules import trimmed
from sync_worker.crm_sync.source_records.rules import KnownRecord
from sync_worker.crm_sync.translation.document import FieldMap, ObjectMap, ObjectMapping
from sync_worker.crm_sync.translation.faults import key_role_faults
from sync_worker.crm_sync.translation.fitting import Target, fitted, type_faults
from sync_worker.crm_sync.translation.fold import LeftOut, Mapped
from sync_worker.crm_sync.translation.fold import mapped as mapped_row
from sync_worker.crm_sync.translation.transforms import (
    Locale,
    MappedValueType,
    Unmappable,
    converted,
)
from tests.sync_worker.making import SHIPPED, salesforce_row

STAMPED = {"Id": "001000000000001AAA", "SystemModstamp": "2026-03-02T09:00:00.000+0000"}


def mapped(mapping: ObjectMap, wire: dict[str, Any], locale: Locale) -> Mapped:
    kind = SPEC.stream(mapping.object) or StreamType(mapping.object)
    return mapped_row(mapping, kind, salesforce_row(kind.name, STAMPED | wire), locale)


BERLIN = Locale("EUR", ZoneInfo("Europe/Berlin"))
ID = "001000000000001AAA"
KINDS: tuple[MappedValueType, ...] = (
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
def test_any_value_becomes_one_of_ours_or_is_refused_in_words(
    value: Any, kind: MappedValueType
) -> None:
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
def test_values_become_ours(value: Any, kind: MappedValueType, made: Any) -> None:
    assert converted(value, kind, BERLIN) == made


@pytest.mark.parametrize(
    ("value", "kind"),
    [("acme.example, beta.example", "domain"), ("http://[acme.example", "url"), ("acme", "domain"),
     ("in the Salesforce record", "url"), ("x@y.example.", "email"), ("Mars/Olympus", "time_zone"),
     (10**30, "number"), ("1e999999999", "money"), ("31.12.2026", "date"), ("2026-02-30", "date"),
     ("0001-01-01T00:00:00+14:00", "datetime"), ({"latitude": 1.5}, "text"), ([1], "text"),
     (True, "number")],
)  # fmt: skip
def test_values_that_do_not_fit_say_so(value: Any, kind: MappedValueType) -> None:
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
    kind = SPEC.stream(name)
    assert kind is not None
    item = folded(mapping, kind, salesforce_row(name, row), BERLIN)
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
    before = KnownRecord(at, odd.hash, None, "synced", left_out=(left("domain"),))
    assert planned([odd], {ID: before}).unchanged, "told already"
    before = KnownRecord(at, b"", {"name": "A"}, "synced", left_out=(left("domain"),))
    otherwise = Item(ID, at, {"name": "A"}, (left("domain", "odder"),))
    assert planned([otherwise], {ID: before}).changed, "another value is told anew"
    assert left_out_now(before, otherwise, {}) == otherwise.left_out
    mended = Item(ID, at, {"name": "A", "domain": "acme.example"})
    assert planned([mended], {ID: before}).changed
    assert left_out_now(before, mended, {"domain": "acme.example"}) == ()
    refused = KnownRecord(at, b"", {"name": "A", "traits.tier": "odd"}, "synced",
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
    kind: MappedValueType, source: str, holds: str, found: MappedValueType | None
) -> None:
    field = FieldMap(source="F__c", target="traits.it", type=kind)
    mapping = ObjectMap(object="Account", record_type="account", fields=(field,))
    fit = fitted(
        mapping, {"it": Target(holds)}, readable_fields([{"name": "F__c", "type": source}])
    )
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
    described = {
        each.object: [Field(f.source, f.source, "text") for f in each.fields]
        for each in SHIPPED.objects
    }
    assert type_faults(ObjectMapping(objects=SHIPPED.objects), {}, described) == []


def test_a_key_role_that_there_is_not_is_no_target() -> None:
    (fault,) = key_role_faults(SHIPPED, {"renewal_manager"})
    assert fault[1] == "unknown_key_role"
    assert key_role_faults(SHIPPED, {"csm"}) == []
