"""Which changes a rule must hear of."""

import pytest

from shared.rules.interpreter.depends import (
    CALENDAR,
    EXISTENCE,
    Dependency,
    dependencies,
    segments_read,
)
from shared.rules.syntax.parser import read_text
from shared.rules.types.type_check import check
from tests.shared.rules.worlds import SEGMENTS, catalog

CATALOG = catalog()


def seen(text: str, type_: str = "account") -> set[Dependency]:
    always = {Dependency(type_, EXISTENCE), Dependency(type_, CALENDAR)}
    return set(dependencies(check(read_text(text), CATALOG, type_))) - always


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("created_at > 2026-01-01", True),
        ("created_at within last 3 hours", False),
        ("created_at is past", False),
        ("traits.go_live > 2026-01-01", False),
        ("traits.go_live in this fiscal quarter", True),
        ("not (any opportunities (expiration within next 5 business days))", True),
        ("arr changed within 30 days", True),
        ("arr changed within 3 hours", False),
        ('count(events "login" within 30 days) < 3', True),
    ],
)
def test_a_rule_that_asks_for_days_sees_the_calendar(text: str, asks: bool) -> None:  # noqa: FBT001
    found = dependencies(check(read_text(text), CATALOG, "account"))
    assert (Dependency("account", CALENDAR) in found) is asks


def test_a_rule_sees_its_fields_by_their_real_names() -> None:
    assert seen('status = "trial" and traits.tier is empty') == {
        Dependency("account", "lifecycle_status"),
        Dependency("account", "traits.tier"),
    }


def test_a_currency_is_seen_when_the_amount_names_one() -> None:
    assert seen("arr > 5") == {Dependency("account", "arr")}
    assert seen("arr > 5 USD") == {Dependency("account", "arr"), Dependency("account", "currency")}


def test_related_records_are_seen_over_the_path_with_their_coming_and_going() -> None:
    assert seen("opportunity.expiration within next 90 days") == {
        Dependency("account", "opportunities"),
        Dependency("opportunity", EXISTENCE, ("opportunities",)),
        Dependency("opportunity", "account_id", ("opportunities",)),
        Dependency("opportunity", "contract_expiration", ("opportunities",)),
    }
    assert seen('account.name = "x"', "opportunity") == {
        Dependency("opportunity", "account_id"),
        Dependency("account", EXISTENCE, ("account",)),
        Dependency("account", "name", ("account",)),
    }


def test_a_link_and_what_stands_on_it_are_one_thing() -> None:
    assert seen('any contacts (plan_roles has any ("Champion"))') == {
        Dependency("account", "contacts"),
        Dependency("contact", EXISTENCE, ("contacts",)),
    }


def test_segments_roles_and_events_are_things_of_the_record() -> None:
    text = f'any account (in segment "{SEGMENTS[0]}" and role csm held)'
    assert seen(text, "opportunity") >= {
        Dependency("account", f"segment:{SEGMENTS[0]}", ("account",)),
        Dependency("account", "role:csm", ("account",)),
    }
    rule = check(read_text(text), CATALOG, "opportunity")
    assert segments_read(rule) == {str(SEGMENTS[0])}
    assert seen('count(events "login" within 3 days) > 1') == {
        Dependency("account", "events:login")
    }


def test_only_relative_times_move_by_themselves() -> None:
    def moving(text: str) -> bool:
        return check(read_text(text), CATALOG, "account").root.asks.moves

    assert moving("any opportunities (close_date within next 5 days)")
    assert moving("status_since is past")
    assert moving("traits.go_live < today - 3 days")
    assert moving("arr changed within 2 days")
    assert moving("role csm held")
    assert not moving("traits.go_live < 2026-01-01")
    assert not moving(f'in segment "{SEGMENTS[0]}"')
