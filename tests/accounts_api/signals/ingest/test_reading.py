"""What a message says: whom it speaks of, when it happened, where it counts."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts_api.signals.event_counts.rules import NOBODY, Bucket, Owners, bucket, sums
from accounts_api.signals.ingest.reading import Untaken, read_item, read_message
from accounts_api.signals.ingest.schemas import BatchIn, TrackIn
from accounts_api.signals.product_events.rules import Sender, Tracked, happened_at, waits_for

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INSTANTS = st.timedeltas(timedelta(-13_000), timedelta(13_000)).map(lambda by: NOW + by)
ONE, TWO = UUID(int=1), UUID(int=2)


def read(**message: Any) -> Any:
    return read_message(TrackIn.model_validate({"event": "login", **message}), "track").content


@given(st.none() | INSTANTS, st.none() | INSTANTS)
def test_nothing_happens_in_the_future_or_before_the_year_2000(
    original: datetime | None, sent: datetime | None
) -> None:
    at = happened_at(original, sent, NOW)
    assert at <= NOW
    assert at.year >= 2000


@given(
    st.timedeltas(timedelta(0), timedelta(days=900)), st.timedeltas(timedelta(-900), timedelta(900))
)
def test_a_wrong_clock_is_as_wrong_when_it_sends(ago: timedelta, skew: timedelta) -> None:
    assert happened_at(NOW + skew - ago, NOW + skew, NOW) == NOW - ago


def test_without_the_time_of_sending_the_clock_is_believed_but_not_into_the_future() -> None:
    assert happened_at(NOW - timedelta(days=3), None, NOW) == NOW - timedelta(days=3)
    assert happened_at(NOW + timedelta(seconds=1), None, NOW) == NOW


def test_a_group_comes_from_the_context_first_and_an_address_may_be_the_user() -> None:
    tracked = read(userId="Grace@Acme.example", groupId="b", context={"groupId": "a"})
    assert tracked.sender == Sender("Grace@Acme.example", "grace@acme.example", "a")
    assert read(userId=17, context={"traits": {"email": "A@b.example"}}).sender == Sender(
        "17", "a@b.example", None
    )
    assert read(anonymousId="x", groupId=5).sender.group_id == "5"


@pytest.mark.parametrize(
    ("item", "pointer", "code"),
    [
        (5, "/batch/3", "type"),
        ({"type": "trak", "userId": "u"}, "/batch/3/type", "unsupported_type"),
        ({"type": ["track"], "userId": "u"}, "/batch/3/type", "unsupported_type"),
        ({"type": "identify", "traits": {}}, "/batch/3/userId", "required"),
        ({"type": "group", "userId": "u"}, "/batch/3/groupId", "required"),
        (
            {"type": "identify", "userId": "u", "traits": {"a": "x" * 33_000}},
            "/batch/3/traits",
            "too_large",
        ),
        ({"event": "x", "userId": "u"}, "/batch/3/type", "unsupported_type"),
        ({"type": "track", "userId": "u"}, "/batch/3/event", "required"),
        ({"type": "track", "event": "x"}, "/batch/3/userId", "required"),
        ({"type": "track", "event": "", "userId": "u"}, "/batch/3/event", "string_too_short"),
        (
            {"type": "track", "event": "x", "userId": "u", "timestamp": "yesterday"},
            "/batch/3/timestamp",
            "datetime_type",
        ),
        (
            {"type": "track", "event": "x", "userId": "u", "properties": {"a": "x" * 33_000}},
            "/batch/3/properties",
            "too_large",
        ),
    ],
)
def test_a_bad_message_says_where_it_is_bad(item: Any, pointer: str, code: str) -> None:
    with pytest.raises(Untaken) as untaken:
        read_item(item, BatchIn(batch=[item]), "/batch/3")
    assert [(fault.pointer, fault.code) for fault in untaken.value.faults] == [(pointer, code)]


def test_a_message_takes_the_time_and_the_context_of_its_batch() -> None:
    item = {"type": "track", "event": "x", "userId": "u", "_metadata": {}, "context": {"ip": "1"}}
    batch = BatchIn.model_validate({"batch": [item], "sentAt": NOW, "context": {"groupId": "g"}})
    tracked = read_item(item, batch, "/batch/0").content
    assert isinstance(tracked, Tracked)
    assert (tracked.sent_at, tracked.sender.group_id) == (NOW, "g")
    assert tracked.context == {"groupId": "g", "ip": "1"}


def test_an_event_waits_for_what_is_missing_and_counts_for_what_is_known() -> None:
    sender = Sender("u", "u@x", "g")
    assert waits_for(sender, Owners(None, None)) == ["user:u", "email:u@x", "group:g"]
    assert waits_for(sender, Owners(ONE, None)) == ["group:g"]
    assert waits_for(Sender("u", None, None), Owners(ONE, None)) == [f"links:{ONE}"]
    assert waits_for(sender, Owners(ONE, TWO)) == []
    day = date(2026, 3, 2)
    assert bucket(Owners(None, None), "x", day) is None
    assert bucket(Owners(None, TWO), "x", day) == Bucket(TWO, "x", day, NOBODY)


@given(st.lists(st.integers(1, 4)), st.lists(st.integers(1, 4)))
def test_sums_are_the_difference_in_one_order(more: list[int], fewer: list[int]) -> None:
    def made(numbers: list[int]) -> list[Bucket]:
        return [Bucket(UUID(int=n), "x", date(2026, 3, 2), NOBODY) for n in numbers]

    found = sums(made(more), made(fewer))
    assert list(found) == sorted(found, key=lambda counted: counted[0].account_id)
    assert sum(by for _, by in found) == len(more) - len(fewer)
    assert all(by for _, by in found)
