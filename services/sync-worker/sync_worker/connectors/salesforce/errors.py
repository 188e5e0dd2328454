"""What a refusal of Salesforce means for us: by error code first, then by HTTP status.

The same code can ask for different waits (REQUEST_LIMIT_EXCEEDED), and the same trouble comes under
different statuses (UNABLE_TO_LOCK_ROW as 400 and as 500).
"""

from collections.abc import Mapping
from typing import Any

from sync_worker.connectors.base import Meaning, Trouble
from sync_worker.connectors.kit.tables import json_of, said
from sync_worker.connectors.kit.waits import wait_asked_for

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
    "QUERY_TIMEOUT": "smaller",
    "OPERATION_TOO_LARGE": "smaller",
    "INVALID_QUERY_LOCATOR": "restart",
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
    error = first if isinstance(first, dict) else {}
    code, message = said(error.get("statusCode")), said(error.get("message"))
    detail = f"{code}: {message}" if error else "Salesforce did not say why."
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
    parsed = json_of(body)
    answer = parsed if isinstance(parsed, dict) else {}
    error, detail = said(answer.get("error")), said(answer.get("error_description"))
    wait = wait_asked_for(headers)
    if not error or error in _PASSING_GRANTS or status in _PASSING_STATUSES:
        return Trouble("retry", error or f"HTTP {status}", error or None, wait)
    return Trouble("reauth", f"{error}: {detail}" if detail else error, error, wait)


def _first_error(body: bytes) -> tuple[str | None, str]:
    parsed = json_of(body)
    first = parsed[0] if isinstance(parsed, list) and parsed else parsed
    if not isinstance(first, dict):
        return None, ""
    code = said(first.get("errorCode") or first.get("statusCode"))
    return code or None, said(first.get("message"))
