from datetime import UTC, datetime, timedelta
from uuid import UUID

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json
from standardwebhooks.webhooks import Webhook

from shared.events.registry import EVENTS
from sync_worker.partners.partner_events.rules import (
    CATALOG,
    ON_REQUEST,
    FeedCursors,
    concrete_types,
    lets_through,
    unknown_types,
)
from sync_worker.partners.webhook_deliveries.rules import (
    JITTER,
    MOST_ATTEMPTS,
    MOST_BYTES,
    SCHEDULE,
    body_of,
    seconds_asked,
    seconds_until_next,
    signature,
    signatures,
    verdict_of,
)
from sync_worker.partners.webhooks.rules import (
    FAILURES_UNTIL_REST,
    GIVE_UP_AFTER,
    fault_of_url,
    faults_of_headers,
    is_given_up,
    new_secret,
    seconds_of_rest,
)
from tests.event_samples import sample

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ID = UUID("0199a3f2-6d1e-7c0a-9b55-2f7d1c3e4a5b")


def test_the_signature_is_that_of_the_specification() -> None:
    content = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'
    expected = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", content) == expected


@given(st.binary(max_size=200), st.integers(1, 4))
def test_the_library_signs_as_we_do(body: bytes, count: int) -> None:
    text = to_json({"body": body.hex()}).decode()
    secrets = [new_secret() for _ in range(count)]
    ours = signatures(secrets, ID, int(AT.timestamp()), text.encode())
    assert ours.split(" ") == [Webhook(secret).sign(str(ID), AT, text) for secret in secrets]


def test_the_schedule_is_the_published_one() -> None:
    assert list(SCHEDULE) == [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert MOST_ATTEMPTS == 10


@given(st.integers(1, 9), st.floats(0, 1), st.one_of(st.none(), st.floats(0, 1e9)))
def test_a_wait_is_the_schedules_within_its_jitter(
    attempts: int, luck: float, asked: float | None
) -> None:
    wait = seconds_until_next(attempts, luck=luck, asked=asked)
    planned = SCHEDULE[attempts]
    assert planned * (1 - JITTER) <= wait <= 2 * planned * (1 + JITTER)
    if asked is None:
        assert wait <= planned * (1 + JITTER)
    elif planned * (1 + JITTER) <= asked <= 2 * planned * (1 - JITTER):
        assert wait == asked


def test_a_scale_shortens_every_wait() -> None:
    assert seconds_until_next(2, luck=0.5, scale=0.01) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("status", "header", "expected"),
    [
        (429, "7", 7.0),
        (503, " 7 ", 7.0),
        (503, "Mon, 02 Mar 2026 09:02:00 GMT", 120.0),
        (503, "Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
        (429, "9" * 400, 999_999_999.0),
        (429, "9" * 5000, 999_999_999.0),
        (503, "Mon, 02 Mar 99999999999999999999 09:00:00 GMT", None),
        (503, "Mon, 02 Mar 2026 09:00:00 +99999999999999999999", None),
        (503, "²", None),
        (429, "soon", None),
        (429, "-1", None),
        (429, "", None),
        (429, None, None),
        (500, "7", None),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms(
    status: int, header: str | None, expected: float | None
) -> None:
    assert seconds_asked(status, header, AT) == expected


@pytest.mark.parametrize(
    ("status", "attempts", "verdict"),
    [
        (200, 1, "succeeded"),
        (299, 10, "succeeded"),
        (301, 1, "pending"),
        (404, 1, "pending"),
        (410, 1, "failed"),
        (500, 9, "pending"),
        (500, 10, "failed"),
        (None, 1, "pending"),
        (None, 10, "failed"),
    ],
)
def test_only_2xx_is_success(status: int | None, attempts: int, verdict: str) -> None:
    assert verdict_of(status, attempts, "event") == verdict


def test_a_test_is_tried_once() -> None:
    assert verdict_of(500, 1, "test") == "failed"


@given(st.text(max_size=60), st.integers(0, 60_000))
def test_a_payload_is_never_large_and_always_json(title: str, size: int) -> None:
    data = {"id": str(ID), "version": 7, "changed": ["traits.notes"] * 300, "name": title}
    text = to_json({**data, "record": {"traits": {"notes": "x" * size}}}).decode()
    body = body_of(ID, "account.updated", "2026-03-02T09:00:00Z", text, "https://tenure.example")
    assert len(body) <= MOST_BYTES
    payload = from_json(body)
    assert payload["data"]["id"] == str(ID)
    assert payload["data"]["version"] == 7
    if payload["data"].get("truncated"):
        assert payload["data"]["url"] == f"https://tenure.example/v1/events/{ID}"
        assert payload["data"]["changed"][0] == "traits.notes"
    else:
        assert payload["data"]["record"] == {"traits": {"notes": "x" * size}}


def test_every_public_event_has_its_type_in_the_catalog() -> None:
    for event in EVENTS.values():
        some = sample(event)
        flags = [name for name, field in event.model_fields.items() if field.annotation is bool]
        plain = some.model_copy(update=dict.fromkeys(flags, False))
        told = [public for one in (some, plain) if (public := one.public_type()) is not None]
        assert all(CATALOG[public] is event for public in told)
        assert bool(told) == bool(event.public_types())


def test_a_filter_lets_through_what_it_names() -> None:
    assert lets_through(["*"], "task.opened")
    assert lets_through(["account.*"], "account.updated")
    assert not lets_through(["account.*"], "task.opened")
    assert lets_through(["account.*", "task.opened"], "task.opened")
    assert not lets_through(["*", "account.*"], "account.computed")
    assert lets_through(["account.computed"], "account.computed")
    assert concrete_types(["*"]) == sorted(CATALOG.keys() - ON_REQUEST, key=[*CATALOG].index)
    assert concrete_types(["task.opened", "nothing.*"]) == ["task.opened"]
    for public_type in CATALOG:
        for filters in (["*"], ["account.*"], ["task.opened", "segment.*"]):
            concrete = concrete_types(filters)
            assert lets_through(filters, public_type) == (public_type in concrete)


def test_a_type_that_does_not_exist_is_told() -> None:
    assert unknown_types(["account.*", "*", "acount.*", "account.exploded"]) == [
        "acount.*",
        "account.exploded",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://partner.example/",
        "https://",
        "https:///hooks",
        "https://ben:secret@partner.example/",
        "https://ben@partner.example/",
        "https://partner.example:0/",
        "https://partner.example:99999/",
        "https://partner.example:x/",
        "https://[::1/",
        "https://partner.example/#part",
        "//partner.example/",
        "javascript:alert(1)",
    ],
)
def test_a_malformed_address_is_refused(url: str) -> None:
    assert fault_of_url(url)


@pytest.mark.parametrize(
    "url", ["https://partner.example", "https://partner.example:8443/a?b=c", "http://[::1]/"]
)
def test_a_well_formed_address_is_left_to_the_policy(url: str) -> None:
    assert fault_of_url(url) is None


@pytest.mark.parametrize(
    "name",
    ["Webhook-Id", "webhook-signature", "HOST", "content-length", "Transfer-Encoding", "Connection",
     "content-type", "user-agent", "x y", "x:y", "", "X-Forwarded-For", "é", "a\r\nb", "X-Key\n"],
)  # fmt: skip
def test_headers_that_are_ours_or_no_headers_are_refused(name: str) -> None:
    assert list(faults_of_headers({name: "value"}))


@pytest.mark.parametrize(
    "value", ["", " ", "a ", "a\r\nwebhook-id: x", "a\nb", "a\n", "é", "\x00", "x" * 2001]
)
def test_a_value_cannot_bring_another_header(value: str) -> None:
    assert list(faults_of_headers({"X-Key": value}))


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_header_that_is_not_refused_can_be_sent(name: str, value: str) -> None:
    if not list(faults_of_headers({name: value})):
        h11.Request(method="POST", target="/", headers=[("Host", "x"), (name, value)])


@given(st.text(max_size=80))
def test_a_url_is_judged_and_never_raises(text: str) -> None:
    for url in (text, f"https://{text}/", f"https://partner.example/{text}"):
        assert fault_of_url(url) is None or fault_of_url(url)


@pytest.mark.parametrize(
    "url",
    ["https://partner.example/\n", "https://exa\nmple.com/", "https://a b/", "https://\u202e.de/",
     "https://" + "ö" * 80 + ".example/", "https://[::1", "https://a:99999/", "https://a:0/",
     "https:///x", "//a", "https://\ud800/"],
)  # fmt: skip
def test_a_url_that_no_request_could_carry_is_refused(url: str) -> None:
    assert fault_of_url(url)


def test_a_header_stands_once() -> None:
    assert list(faults_of_headers({"X-Key": "a", "x-key": "b"}))
    assert not list(faults_of_headers({"X-Key": "a", "Authorization": "Bearer b"}))


def test_an_endpoint_rests_longer_the_longer_it_fails() -> None:
    rests = [seconds_of_rest(failures) for failures in range(40)]
    assert rests[: FAILURES_UNTIL_REST + 1] == [0, 0, 0, 0, 0, 10]
    assert rests == sorted(rests)
    assert max(rests) == 60


def test_an_endpoint_is_given_up_after_days_of_only_failures() -> None:
    long_ago = AT - GIVE_UP_AFTER
    assert is_given_up(10, long_ago, AT)
    assert not is_given_up(9, long_ago, AT)
    assert not is_given_up(10, long_ago + timedelta(seconds=1), AT)
    assert not is_given_up(10, None, AT)
    assert is_given_up(10, AT - timedelta(hours=2), AT, scale=0.01)


def test_a_secret_has_32_random_bytes() -> None:
    import base64

    assert len({new_secret() for _ in range(100)}) == 100
    assert len(base64.b64decode(new_secret().removeprefix("whsec_"))) == 32


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**63 - 1))
def test_a_cursor_holds_for_one_workspace(xid: int, seq: int) -> None:
    from shared.errors import BadRequest

    mine, theirs = FeedCursors("secret", ID), FeedCursors("secret", UUID(int=1))
    cursor = mine.write(xid, seq)
    assert mine.read(cursor) == (xid, seq)
    for reader in (theirs, FeedCursors("other", ID)):
        with pytest.raises(BadRequest):
            reader.read(cursor)


@given(st.text(max_size=40))
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    from shared.errors import BadRequest

    with pytest.raises(BadRequest):
        FeedCursors("secret", ID).read(cursor)
