"""What an endpoint may look like, how long a failing one rests, and when it is given up."""

import base64
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from yarl import URL

SECRET_PREFIX = "whsec_"  # noqa: S105  (what every secret starts with)
SECRET_BYTES = 32
OVERLAP = timedelta(hours=24)
"""How long an old secret signs beside its successor."""

MOST_HEADERS = 20
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,1998}[\x21-\x7e])?")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
    }
)
_OUR_PREFIXES = ("webhook-", "proxy-", "sec-", "x-forwarded-")

FAILURES_UNTIL_REST = 5
_FIRST_REST = 10.0
_LONGEST_REST = 60.0
_MOST_DOUBLINGS = 8

GIVE_UP_AFTER = timedelta(days=5)
GIVE_UP_FAILURES = 10


def new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def fault_of_url(url: str) -> str | None:
    """What is wrong with the form of an address; whether it may be called is the policy's."""
    if not url.isprintable() or " " in url:
        return "A URL has no spaces, line breaks or other signs that cannot be seen."
    try:
        parsed = URL(url)
        host, port = parsed.raw_host, parsed.port
    except ValueError:
        return "This is not a URL."
    if parsed.scheme not in {"http", "https"} or not host or port == 0:
        return "Give a URL with a host, such as https://partner.example/hooks."
    if parsed.raw_user is not None or parsed.raw_password is not None:
        return "Put credentials into a header, not into the URL."
    if parsed.raw_fragment:
        return "Leave out what follows the '#': it is never sent."
    return None


def faults_of_headers(headers: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Name and what is wrong with it."""
    if len({name.lower() for name in headers}) < len(headers):
        yield "", "A header stands twice; upper and lower case are the same."
    for name, value in headers.items():
        lowered = name.lower()
        if not _HEADER_NAME.fullmatch(name):
            yield name, "This is not the name of a header."
        elif lowered in _OURS or lowered.startswith(_OUR_PREFIXES):
            yield name, "This header is set by us."
        elif not _HEADER_VALUE.fullmatch(value):
            yield (
                name,
                "A value is 1 to 2000 printable ASCII characters on one line, no spaces around.",
            )


def seconds_of_rest(failures: int) -> float:
    """How long an endpoint is left alone after so many failures in a row: the breaker."""
    if failures < FAILURES_UNTIL_REST:
        return 0.0
    doublings = min(failures - FAILURES_UNTIL_REST, _MOST_DOUBLINGS)
    return min(_FIRST_REST * 2.0**doublings, _LONGEST_REST)


def is_given_up(
    failures: int, failing_since: datetime | None, now: datetime, scale: float = 1.0
) -> bool:
    """Days of nothing but failures, and enough of them to know."""
    return (
        failures >= GIVE_UP_FAILURES
        and failing_since is not None
        and now - failing_since >= GIVE_UP_AFTER * scale
    )
