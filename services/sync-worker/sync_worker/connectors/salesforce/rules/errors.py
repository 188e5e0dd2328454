"""What a refusal of Salesforce means for us: by error code first, then by HTTP status.

The same code can ask for different waits (REQUEST_LIMIT_EXCEEDED), and the same trouble comes under
different statuses (UNABLE_TO_LOCK_ROW as 400 and as 500).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic_core import from_json

from shared.headers import http_date, seconds_to_wait

Meaning = Literal[
    "refresh",
    "retry",
    "quota",
    "reauth",
    "config",
    "restart_window",
    "smaller_window",
    "refused",
]
"""`refresh`: get a new session and ask once more. `retry`: passing trouble. `quota`: the day's
requests are spent. `reauth`: a person must connect again. `config`: a person must change something
there or in the mapping. `refused`: this record, for good.
"""

MOST_TRIES = 5
LONGEST_WAIT = 60.0
"""Seconds. Who is told to wait longer gives up and is scheduled anew."""
QUOTA_PAUSE = 900.0
_LONGEST_WORDS = 500

_CODES: dict[str, Meaning] = {
    "INVALID_SESSION_ID": "refresh",
    "INVALID_AUTH_HEADER": "refresh",
    "API_DISABLED_FOR_ORG": "config",
    "API_CURRENTLY_DISABLED": "config",
    "TXN_SECURITY_METERING_ERROR": "config",
    "UNSUPPORTED_API_VERSION": "config",
    "MALFORMED_QUERY": "config",
    "INVALID_FIELD": "config",
    "INVALID_TYPE": "config",
    "INVALID_QUERY_FILTER_OPERATOR": "config",
    "QUERY_TIMEOUT": "smaller_window",
    "OPERATION_TOO_LARGE": "smaller_window",
    "INVALID_QUERY_LOCATOR": "restart_window",
    "UNABLE_TO_LOCK_ROW": "retry",
    "UNKNOWN_EXCEPTION": "retry",
    "SERVER_UNAVAILABLE": "retry",
}
_PASSING_STATUSES = {406, 408, 420, 425, 429}
"""406 and 420 with a page of HTML come from Salesforce's edge while an instance moves."""
_FIRST_ERROR = 400
_FIRST_SERVER_ERROR = 500
_UNAUTHORIZED = 401
_FORBIDDEN = 403

_PASSING_GRANTS = {"rate_limit_exceeded", "unknown_error", "temporarily_unavailable"}


@dataclass(frozen=True, slots=True)
class Trouble:
    meaning: Meaning
    detail: str
    """Salesforce's own words where it had any."""
    code: str | None = None
    wait: float | None = None
    """Seconds that Salesforce asked us to wait."""


def trouble_of(status: int, headers: Mapping[str, str], body: bytes) -> Trouble | None:
    """What is wrong with an answer to a REST request; None when it holds what was asked for."""
    if status < 300:  # noqa: PLR2004
        return _trouble_of_success(headers, body)
    code, message = _first_error(body)
    return Trouble(
        _meaning(status, code, message),
        f"{code}: {message}" if code else f"HTTP {status}",
        code,
        wait_asked_for(headers),
    )


def _trouble_of_success(headers: Mapping[str, str], body: bytes) -> Trouble | None:
    if body and "json" not in headers.get("content-type", ""):
        return Trouble("retry", "Salesforce answered with a page instead of data.")
    return None


def trouble_of_row(result: Mapping[str, Any]) -> Trouble | None:
    """What is wrong with one row of a collection, which is answered 200 whatever became of it."""
    if result.get("success") is True:
        return None
    errors = result.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    said = first if isinstance(first, dict) else {}
    code, message = _said(said.get("statusCode")), _said(said.get("message"))
    detail = f"{code}: {message}" if said else "Salesforce did not say why."
    return Trouble(_meaning(_FIRST_ERROR, code, message), detail, code or None)


def _meaning(status: int, code: str | None, message: str) -> Meaning:
    if code == "REQUEST_LIMIT_EXCEEDED":
        # `TotalRequests Limit exceeded.` frees over hours, the concurrent kinds within seconds.
        return "quota" if "TotalRequests" in message else "retry"
    if code in _CODES:
        return _CODES[code]
    if status == _UNAUTHORIZED:
        return "refresh"
    if status >= _FIRST_SERVER_ERROR or status in _PASSING_STATUSES:
        return "retry"
    if status == _FORBIDDEN:
        return "config"
    return "refused" if status >= _FIRST_ERROR else "config"


def grant_trouble_of(status: int, headers: Mapping[str, str], body: bytes) -> Trouble | None:
    """The same for the token endpoint, whose errors are an object and not a list."""
    if status < 300:  # noqa: PLR2004
        return _trouble_of_success(headers, body)
    parsed = _json(body)
    answer = parsed if isinstance(parsed, dict) else {}
    error, detail = _said(answer.get("error")), _said(answer.get("error_description"))
    wait = wait_asked_for(headers)
    if not error or error in _PASSING_GRANTS or status in _PASSING_STATUSES:
        return Trouble("retry", error or f"HTTP {status}", error or None, wait)
    return Trouble("reauth", f"{error}: {detail}" if detail else error, error, wait)


def _first_error(body: bytes) -> tuple[str | None, str]:
    parsed = _json(body)
    first = parsed[0] if isinstance(parsed, list) and parsed else parsed
    if not isinstance(first, dict):
        return None, ""
    code = _said(first.get("errorCode") or first.get("statusCode"))
    return code or None, _said(first.get("message"))


def _said(given: Any) -> str:
    """Another system's words, short enough for a person and fit to be stored."""
    return str(given or "").replace("\x00", "")[:_LONGEST_WORDS]


def _json(body: bytes) -> Any:
    try:
        return from_json(body)
    except ValueError:
        return None


def wait_asked_for(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` as seconds; its date form is read against the answer's own `Date`, because our
    clock may differ from theirs.
    """
    return seconds_to_wait(headers.get("retry-after"), http_date(headers.get("date")))


def wait_before(attempt: int, base: float, asked: float | None, spread: float) -> float | None:
    """Seconds to wait before try number `attempt` + 1; None when it is not worth waiting.

    `spread` is a random share between 0 and 1 (full jitter).
    """
    if attempt >= MOST_TRIES or (asked is not None and asked > LONGEST_WAIT):
        return None
    if asked is not None:
        return asked
    return float(min(base * 2**attempt, LONGEST_WAIT)) * (0.5 + 0.5 * spread)
