"""Salesforce's own refusals and disorders, by name, for the fault plan."""

import json
from typing import Any

_MAINTENANCE = (
    "<!DOCTYPE html><html><head><title>Down for Maintenance</title></head><body>"
    "<h1>Down for Maintenance</h1><p>Sorry for the inconvenience. We'll be back shortly.</p>"
    "</body></html>"
)
_EDGE = "<html><body><p>We are setting things up for you. Please wait.</p></body></html>"
_HTML = {"Content-Type": "text/html; charset=UTF-8"}


def _error(status: int, code: str, message: str, **headers: str) -> dict[str, Any]:
    return {
        "kind": "reply",
        "status": status,
        "headers": {"Content-Type": "application/json;charset=UTF-8", **headers},
        "body": json.dumps([{"message": message, "errorCode": code}]),
    }


_LOCKED = "unable to obtain exclusive access to this record or 1 records: 003Hn000000000A"
_DUPLICATES = {
    "message": "You're creating a duplicate record. We recommend you use an existing one instead.",
    "errorCode": "DUPLICATES_DETECTED",
    # The key is misspelt on the wire.
    "duplicateResut": {
        "allowSave": True,
        "duplicateRule": "Standard_Contact_Duplicate_Rule",
        "matchResults": [
            {"matchRecords": [{"record": {"Id": "003Hn000000000AEAY"}}], "success": True}
        ],
    },
}

PRESETS: dict[str, dict[str, Any]] = {
    "invalid_session": _error(401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "total_requests_limit": _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "concurrent_requests_limit": _error(
        403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."
    ),
    "api_disabled": _error(
        403, "API_CURRENTLY_DISABLED", "API is disabled for this User or Organization"
    ),
    "too_many_requests": _error(
        429, "REQUEST_LIMIT_EXCEEDED", "Too many requests", **{"Retry-After": "1"}
    ),
    "unknown_exception": _error(
        500,
        "UNKNOWN_EXCEPTION",
        "An unexpected error occurred. Please include this ErrorId if you contact support: "
        "1423457820-40271 (-1466013462)",
    ),
    "server_unavailable": _error(503, "SERVER_UNAVAILABLE", "Server unavailable"),
    "query_timeout": _error(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "lock_row_400": _error(400, "UNABLE_TO_LOCK_ROW", _LOCKED),
    "lock_row_500": _error(500, "UNABLE_TO_LOCK_ROW", _LOCKED),
    "duplicates_detected": {
        "kind": "reply",
        "status": 400,
        "headers": {"Content-Type": "application/json;charset=UTF-8"},
        "body": json.dumps([_DUPLICATES]),
    },
    "maintenance_page": {"kind": "reply", "status": 503, "headers": _HTML, "body": _MAINTENANCE},
    "html_ok": {"kind": "reply", "status": 200, "headers": _HTML, "body": _MAINTENANCE},
    "edge_420": {"kind": "reply", "status": 420, "headers": _HTML, "body": _EDGE},
    "edge_406": {"kind": "reply", "status": 406},
    "bad_gateway": {"kind": "reply", "status": 502, "headers": _HTML, "body": _EDGE},
    "expired_refresh_token": {
        "kind": "reply",
        "status": 400,
        "headers": {"Content-Type": "application/json;charset=UTF-8"},
        "body": json.dumps(
            {"error": "invalid_grant", "error_description": "expired access/refresh token"}
        ),
    },
    "truncated": {"kind": "truncate"},
    "reset": {"kind": "reset"},
    "lost_response": {"kind": "lost_response"},
    "slow": {"kind": "delay", "seconds": 1.0},
}
