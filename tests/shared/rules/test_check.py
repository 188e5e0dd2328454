"""Names and types of a rule, every fault at once and with a suggestion."""

from dataclasses import replace
from uuid import UUID

import pytest

from shared.rules.syntax import nodes as n
from shared.rules.syntax.faults import Fault, RuleFaulty
from shared.rules.syntax.json_codec import read_json
from shared.rules.syntax.parser import read_text
from shared.rules.types import typed as c
from shared.rules.types.type_check import check
from tests.shared.rules.worlds import SEGMENTS, catalog

CATALOG = catalog()


def checked(text: str, type_: str = "account") -> c.Checked:
    return check(read_text(text), CATALOG, type_).root


def faults(text: str, type_: str = "account") -> tuple[Fault, ...]:
    with pytest.raises(RuleFaulty) as caught:
        checked(text, type_)
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "column", "suggestion"),
    [
        ('nmae = "x"', 1, "name"),
        ('lifecycle = "trial"', 1, "lifecycle_status"),
        ("traits.product_admn = true", 1, "traits.product_admin"),
        ("product_admin = true", 1, "traits.product_admin"),
        ("contcts.email is empty", 1, "contacts"),
        ("any contcts (email is empty)", 1, "contacts"),
        ("contacts.emial is empty", 1, "email"),
        ('status = "subscribd"', 10, "subscribed"),
        ('arr contains "5"', 5, None),
        ('traits.products = "crm"', 17, "has_any"),
        ("traits.product_admin in (true)", 22, "eq"),
        ('arr > "5"', 7, None),
        ("arr > 49.9", 7, None),
        ("arr in (5 USD, 6 EUR)", 8, None),
        ("arr between 6 and 5", 13, None),
        ("traits.seats > 5 USD", 16, None),
        ("traits.budget > 5 USD", 17, "EUR"),
        ("traits.go_live > 2026-02-30", 18, None),
        ("traits.go_live within next 5 hours", 28, "days"),
        ("traits.go_live > 0026-01-01", 18, None),
        ('traits.last_call > "2026-01-01T10:00:00"', 20, "2026-01-01T10:00:00Z"),
        ("traits.last_call between 2026-01-01 and 2026-01-01T10:00:00Z", 26, None),
        ("traits.go_live between 2026-02-01 and 2026-01-01", 24, None),
        ("traits.go_live within next 900 business days", 28, None),
        ("traits.go_live = 0001-01-01", 18, None),
        ("traits.go_live anniversary within 367 days", 35, None),
        ("traits.go_live anniversary within 13 months", 35, None),
        ("traits.last_call anniversary within 5 hours", 37, "days"),
        ("traits.last_call anniversry within 5 days", 18, "anniversary"),
        ('organization_id = "acme"', 19, None),
        ('in segment "acme"', 1, None),
        ('name contains "\u0301"', 15, None),
        ('traits.product_admin = "true"', 24, None),
    ],
)
def test_a_fault_names_its_column_and_what_was_meant(
    text: str, column: int, suggestion: str | None
) -> None:
    (fault,) = faults(text)
    assert (fault.place.column, fault.suggestion) == (column, suggestion)


def test_every_fault_is_found_in_one_pass() -> None:
    found = faults('nmae = "x" and (arr > "y" or any contacts (emial is empty))')
    assert [fault.code for fault in found] == ["unknown_field", "bad_value", "unknown_field"]


def test_pointers_lead_into_lists() -> None:
    rule = {"field": "status", "op": "in", "value": ["trial", "churnd"]}
    with pytest.raises(RuleFaulty) as caught:
        check(read_json(rule), CATALOG, "account")
    (fault,) = caught.value.faults
    assert fault.place.pointer == "/value/1"
    assert fault.as_error("/rule")["pointer"] == "/rule/value/1"
    alone = {"field": "arr", "op": "gt", "value": "much"}
    with pytest.raises(RuleFaulty) as caught:
        check(read_json(alone), CATALOG, "account")
    assert [fault.place.pointer for fault in caught.value.faults] == ["/value"]


def test_a_negative_operator_over_a_path_reads_as_none() -> None:
    found = checked('contacts.email_status != "bounced"')
    assert isinstance(found, c.RelatedMatch)
    assert found.quantifier is n.Quantifier.NONE
    assert isinstance(found.where, c.FieldTest)
    assert not found.where.negated


def test_a_long_path_is_negated_once() -> None:
    found = checked('account.organization.domain not in ("a")', "contact")
    assert isinstance(found, c.RelatedMatch)
    assert isinstance(found.where, c.RelatedMatch)
    assert (found.quantifier, found.where.quantifier) == (n.Quantifier.NONE, n.Quantifier.ANY)


def test_names_of_segments_and_roles_are_looked_up() -> None:
    known = replace(CATALOG, segments={str(SEGMENTS[0]): "contact"}, key_roles=frozenset({"csm"}))
    for text, code in (
        (f'in segment "{SEGMENTS[0]}"', "wrong_record_type"),
        (f'in segment "{UUID(int=77)}"', "unknown_segment"),
        ("role csn held", "unknown_key_role"),
    ):
        with pytest.raises(RuleFaulty) as caught:
            check(read_text(text), known, "account")
        assert caught.value.faults[0].code == code
    check(read_text(f'any contacts (in segment "{SEGMENTS[0]}")'), known, "account")


def test_events_need_a_catalog_that_offers_them() -> None:
    (fault,) = faults('count(events "login" within 30 days) < 3', "opportunity")
    assert fault.code == "events_not_available"


def test_key_roles_are_held_on_accounts() -> None:
    (fault,) = faults("role csm held", "opportunity")
    assert fault.code == "wrong_record_type"
    checked("any account (role csm held)", "opportunity")
