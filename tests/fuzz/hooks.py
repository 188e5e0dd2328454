# mypy: disable-error-code="import-not-found,untyped-decorator"
"""What schemathesis loads: random ids in a request become ids of records that are there.

Most of the time, so that requests get past the 404; the rest stay random. An id in a path is taken
from the list of what stands before it: of `/v1/accounts/{id}/…` from `/v1/accounts`. It runs in the
environment of the lane and imports nothing of ours.
"""

import json
import os
import random
from pathlib import Path
from typing import Any

import requests
import schemathesis

_URL, _KEY = os.environ["FUZZ_URL"], os.environ["FUZZ_KEY"]
_SPARED = set(json.loads(os.environ["FUZZ_SPARED"]))
"""Ids of what the run itself stands on, such as its key: nothing is written to them."""
_ANSWERED = Path(os.environ["FUZZ_ANSWERED"])
_ENDS = ("/deactivate", "/revoke", "/merge", "/cancel", "/exit")
_LISTS = {
    "assignee": "members",
    "author": "members",
    "created_by": "members",
    "holder": "members",
    "manager": "members",
    "owner": "members",
    "successor": "members",
    "record": "accounts",
    "subject": "opportunities",
    "opportunity": "opportunities",
    "endpoint": "webhook-endpoints",
    "organization": "organizations",
}
_random = random.Random(1)
_session = requests.Session()
_session.headers["authorization"] = f"Bearer {_KEY}"
_session.trust_env = False
_known: dict[str, list[dict[str, Any]]] = {}
_deleted: dict[str, str] = {}
"""Path of a record that was deleted, to its list."""


def _usually() -> bool:
    return _random.random() < 0.85


def _rows(path: str) -> list[dict[str, Any]]:
    if path not in _known:
        answer = _session.get(f"{_URL}{path}", timeout=30)
        body = answer.json() if answer.ok else {}
        rows = body.get("data", []) if isinstance(body, dict) else []
        if path.endswith("/planned"):
            whole = _session.get(f"{_URL}{path.removesuffix('/planned')}", timeout=30)
            rows = whole.json().get("planned", []) if whole.ok else []
        _known[path] = [row for row in rows if isinstance(row, dict)]
    return _known[path]


def _value(row: dict[str, Any], name: str) -> Any:
    return row.get(name) if name in row else row.get("id")


def _picked(path: str, name: str, *, ends: bool, writes: bool) -> str | None:
    """Some row's value. What would end the only one does not get it."""
    rows = [row for row in _rows(path) if not (writes and row.get("id") in _SPARED)]
    values = [str(value) for row in rows if (value := _value(row, name)) not in (None, "")]
    if ends:
        return values[-1] if len(values) > 1 else None
    return _random.choice(values) if values else None


def _fill_path(case: Any) -> None:
    writes = case.method.upper() != "GET"
    ends = case.method.upper() == "DELETE" or case.path.endswith(_ENDS)
    path, taken = "", case.path_parameters
    for part in case.path.strip("/").split("/"):
        if not part.startswith("{"):
            path += f"/{part}"
            continue
        name = part.strip("{}")
        is_last = case.path.split(part)[1].count("{") == 0
        if name in taken:
            found = _candidate(case, path, name, ends=ends and is_last, writes=writes)
            if found is not None and _usually():
                taken[name] = found
        path += f"/{taken.get(name, 'none')}"


def _candidate(case: Any, path: str, name: str, *, ends: bool, writes: bool) -> str | None:
    if case.path.endswith("/undelete"):
        gone = [one for one, collection in _deleted.items() if collection == path]
        return gone[-1].rpartition("/")[2] if gone else None
    if path.endswith("/by-external-id"):
        path = path.removesuffix("/by-external-id")
    if path.endswith("/key-roles") and name == "key":
        path = "/v1/key-roles"
    if path == "/v1/objects" and name == "object_type":
        path, name = "/v1/object-types", "key"
    return _picked(path, name, ends=ends, writes=writes)


def _reference(name: str, case: Any) -> str | None:
    noun = name.removesuffix("_ids").removesuffix("_id")
    collection = _LISTS.get(noun, f"{noun.replace('_', '-')}s")
    if noun == "loser":
        collection = case.formatted_path.removeprefix("/v1/").rpartition("/merge")[0]
        collection = collection.rpartition("/")[0]
    return _picked(f"/v1/{collection}", "id", ends=False, writes=True)


def _pointed(value: Any, case: Any, name: str = "") -> Any:
    if isinstance(value, list):
        return [_pointed(item, case, name) for item in value]
    if isinstance(value, dict):
        return {key: _pointed(item, case, key) for key, item in value.items()}
    if isinstance(value, str) and name.endswith(("_id", "_ids")) and _usually():
        return _reference(name, case) or value
    return value


def _fill_query(case: Any) -> None:
    needed = {each.name for each in case.operation.query if each.is_required}
    if _usually():
        # A random cursor, rule or sort is refused whatever else the request says.
        for name in ("cursor", "filter", "sort", "as_of", "include"):
            if name not in needed:
                case.query.pop(name, None)
    for name, value in case.query.items():
        if isinstance(value, str) and name.endswith("_id") and _usually():
            case.query[name] = _reference(name, case) or value


@schemathesis.hook
def before_call(_: Any, case: Any, kwargs: dict[str, Any]) -> None:
    _fill_path(case)
    if case.query:
        _fill_query(case)
    names = {name.lower(): name for name in case.headers or {}}
    if "if-match" in names and _usually():
        case.headers[names["if-match"]] = "*"
    if case.media_type == "application/json" and isinstance(case.body, dict):
        case.body = _pointed(case.body, case)


@schemathesis.hook
def after_call(_: Any, case: Any, response: Any) -> None:
    operation = case.operation.definition.raw["operationId"]
    with _ANSWERED.open("a", encoding="utf-8") as lines:
        lines.write(f"{operation} {response.status_code}\n")
    if case.method.upper() == "GET" or response.status_code >= 400:
        return
    _known.clear()
    if case.method.upper() == "DELETE":
        path = case.formatted_path
        _deleted[path] = path.rpartition("/")[0]
