"""When a delivery is tried again, what is sent, and how it is signed (Standard Webhooks 1.0.0)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from pydantic_core import from_json, to_json
from typing_extensions import TypeAliasType

from shared.headers import seconds_to_wait
from sync_worker.partners.partner_events.rules import API_VERSION, TEST_TYPE

DeliveryStatus = TypeAliasType(
    "DeliveryStatus",
    Annotated[
        Literal["pending", "succeeded", "failed"],
        Field(
            description="`pending`: an attempt is to come or under way. `succeeded`: the endpoint"
            " answered 2xx. `failed`: it is over without that."
        ),
    ],
)
DeliveryOrigin = TypeAliasType(
    "DeliveryOrigin",
    Annotated[
        Literal["event", "replay", "test"],
        Field(
            description="Why it is sent: the event happened, somebody asked for a replay, or for a"
            " test."
        ),
    ],
)

SECOND, MINUTE, HOUR = 1.0, 60.0, 3600.0
SCHEDULE = (
    0 * SECOND,
    5 * SECOND,
    5 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
)
"""The wait before each attempt, from the attempt before; ±20 %."""
JITTER = 0.2
MOST_ATTEMPTS = len(SCHEDULE)

GONE = 410
THROTTLED = frozenset({429, 503})
LONGEST_PAUSE = 60.0
"""Seconds: what an answer with Retry-After may ask for all other deliveries to its endpoint."""

HAND_SECONDS = 0.25
MOST_IN_HAND = 8
"""A hand sends one delivery after the other to one endpoint. What it takes along costs the database
less; what it does not get to within twice its time goes back."""

MOST_BYTES = 20_000
_LONGEST_KEPT_TEXT = 200
_MOST_KEPT_CHANGES = 100


def verdict_of(status: int | None, attempts: int, origin: DeliveryOrigin) -> DeliveryStatus:
    """Only 2xx is success. A redirect is not followed and 410 is final."""
    if status is not None and 200 <= status < 300:  # noqa: PLR2004
        return "succeeded"
    if status == GONE or attempts >= MOST_ATTEMPTS or origin == "test":
        return "failed"
    return "pending"


def seconds_until_next(
    attempts: int, *, luck: float, asked: float | None = None, scale: float = 1.0
) -> float:
    """The wait after `attempts` attempts. `luck`, from 0 to 1, spreads what failed together; a
    Retry-After (`asked`) is honoured from one to two times the schedule.
    """
    planned = SCHEDULE[attempts] * (1 + JITTER * (2 * luck - 1)) * scale
    return planned if asked is None else min(max(asked, planned), 2 * planned)


def seconds_asked(status: int | None, retry_after: str | None, now: datetime) -> float | None:
    """What Retry-After says (RFC 9110 10.2.3), where we honour it."""
    return seconds_to_wait(retry_after, now) if status in THROTTLED else None


def load_of_hand(pace: float | None) -> int:
    """How many deliveries a hand takes along: what it sends in `HAND_SECONDS` when each takes
    `pace` seconds. One, where nothing is known.
    """
    if pace is None:
        return 1
    return max(1, min(MOST_IN_HAND, int(HAND_SECONDS / max(pace, 0.001))))


def signatures(secrets: Sequence[str], webhook_id: UUID, at: int, body: bytes) -> str:
    """One signature per secret; a receiver is content with any it knows."""
    content = b"%b.%d.%b" % (str(webhook_id).encode(), at, body)
    return " ".join(f"v1,{signature(secret, content)}" for secret in secrets)


def signature(secret: str, content: bytes) -> str:
    encoded = secret.removeprefix("whsec_")
    key = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def body_of(
    event_id: UUID,
    public_type: str,
    timestamp: str,
    data: str,
    public_url: str,
    quiet_batch_id: str | None = None,
) -> bytes:
    """The payload. `data` is spliced as it was written; what is too large is made thin."""
    body = _assembled(public_type, timestamp, data.encode(), quiet_batch_id)
    if len(body) <= MOST_BYTES:
        return body
    thin = {
        **_thin(from_json(data)),
        "truncated": True,
        "url": f"{public_url}/v1/events/{event_id}",
    }
    return _assembled(public_type, timestamp, to_json(thin), quiet_batch_id)


def body_of_test(endpoint_id: UUID, at: datetime) -> bytes:
    data = {"endpoint_id": endpoint_id, "message": "Your endpoint hears Tenure."}
    timestamp: str = from_json(to_json(at))
    return _assembled(TEST_TYPE, timestamp, to_json(data))


def _assembled(
    public_type: str, timestamp: str, data: bytes, quiet_batch_id: str | None = None
) -> bytes:
    around = {
        "type": public_type,
        "timestamp": timestamp,
        "api_version": API_VERSION,
        "quiet_batch_id": quiet_batch_id,
    }
    return to_json(around)[:-1] + b',"data":' + data + b"}"


def _thin(data: dict[str, Any]) -> dict[str, Any]:
    """What tells which record it is, its version and what changed; the rest is to be fetched."""
    kept = {
        name: value
        for name, value in data.items()
        if not isinstance(value, dict | list)
        and not (isinstance(value, str) and len(value) > _LONGEST_KEPT_TEXT)
    }
    changed = data.get("changed")
    if isinstance(changed, list):
        kept["changed"] = changed[:_MOST_KEPT_CHANGES]
    return kept
