"""What becomes of a contact, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accounts_api.automation.deactivation.rules import Kept, Outcome, decide

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULE = UUID(int=1)
TIMES = st.none() | st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))
KEPT = st.none() | st.builds(Kept, st.just(RULE), st.just(NOW - timedelta(days=1)))


@given(st.none() | st.just(RULE), TIMES, KEPT, TIMES)
def test_deciding_again_changes_nothing(
    rule: UUID | None, mapped: datetime | None, kept: Kept | None, was: datetime | None
) -> None:
    first = decide(rule, mapped, kept, was, NOW, NOW)
    again = decide(rule, mapped, first.kept, first.deactivated_at, NOW + timedelta(hours=1), NOW)
    assert again == first


@given(st.none() | st.just(RULE), TIMES, st.integers(-3, 3))
def test_what_a_person_deactivated_stays_as_it_is(
    rule: UUID | None, mapped: datetime | None, days: int
) -> None:
    was = NOW + timedelta(days=days)
    assert decide(rule, mapped, None, was, NOW, NOW) == Outcome(None, was)


def test_a_rule_puts_out_and_takes_back_what_it_put_out() -> None:
    out = decide(RULE, None, None, None, NOW, NOW)
    assert out == Outcome(Kept(RULE, NOW), NOW)
    assert decide(None, None, out.kept, NOW, NOW, NOW) == Outcome(None, None)
    mapped = NOW - timedelta(days=9)
    assert decide(RULE, mapped, out.kept, NOW, NOW, NOW).deactivated_at == mapped
    # Let in by a person while the rule holds: out again.
    assert decide(RULE, None, out.kept, None, NOW + timedelta(days=1), NOW).deactivated_at == NOW
