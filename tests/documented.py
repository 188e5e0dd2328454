"""Holds every answer that a test gets to the OpenAPI documents: its status, its headers, and of the
first answers of each operation the body.

The documents are the contracts of `tests/contracts/openapi`, which `make check` holds to the code.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx2
from jsonschema import Draft202012Validator

from deploy.checks.documents import CONTRACTS, resolve

Part = dict[str, Any]

_ANY_PATH = {405, 408, 414, 431}
"""What may come whatever the operation: `info.description` tells of them."""
_DESCRIBED = ("etag", "location", "retry-after", "idempotency-replayed", "ratelimit")
_BODIES_CHECKED = 2
"""Of each operation and status: a validator costs milliseconds."""
_checked: Counter[tuple[str, str]] = Counter()


@contextmanager
def expecting_a_fault() -> Iterator[None]:
    """A 500 within is what the test has made itself."""
    _ANY_PATH.add(500)
    try:
        yield
    finally:
        _ANY_PATH.discard(500)


def check_documented(answer: httpx2.Response) -> None:
    """Raises `AssertionError` for what the document of the operation does not say."""
    target = urlsplit(str(answer.request.url))
    found = _operation(answer.request.method.replace("HEAD", "GET"), target.path)
    if found is None or answer.status_code in _ANY_PATH:
        return
    document, name, operation = found
    status = str(answer.status_code)
    assert status in operation["responses"], f"{name} does not document {status}: {answer.text}"
    documented: Part = resolve(document, operation["responses"][status])
    _check_headers(f"{name}, {status}", answer, documented.get("headers", {}), target.query)
    _check_body(f"{name}, {status}", answer, document, documented.get("content", {}))


def _check_headers(where: str, answer: httpx2.Response, documented: Part, query: str) -> None:
    known = {header.lower() for header in documented}
    present = {header for header in _DESCRIBED if header in answer.headers}
    assert present <= known | {"ratelimit"}, f"{where} does not document {present - known}"
    if "as_of=" not in query:
        expected = {"etag", "location"} & known
        assert expected <= present, f"{where} documents {expected - present}, which did not come"


def _check_body(where: str, answer: httpx2.Response, document: Part, documented: Part) -> None:
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.request.method == "HEAD" or not answer.content:
        return
    assert media_type in documented, f"{where} does not document a body of {media_type}"
    if "json" not in media_type or _checked[where, media_type] >= _BODIES_CHECKED:
        return
    _checked[where, media_type] += 1
    schema = {**documented[media_type]["schema"], "components": document["components"]}
    errors = Draft202012Validator(schema).iter_errors(answer.json())
    faults = [f"{error.json_path}: {error.message[:300]}" for error in errors]
    assert not faults, f"{where} answers what its schema does not have: {faults}"


def _operation(method: str, path: str) -> tuple[Part, str, Part] | None:
    segments = path.split("/")
    for pattern, document, name, operation in _operations().get((method, len(segments)), ()):
        if pattern.fullmatch(path):
            return document, name, operation
    return None


@cache
def _operations() -> dict[tuple[str, int], list[tuple[re.Pattern[str], Part, str, Part]]]:
    """By method and number of segments, the paths with fewest parameters first."""
    found: dict[tuple[str, int], list[Any]] = {}
    for contract in sorted(CONTRACTS.glob("*.json")):
        document = json.loads(contract.read_text(encoding="utf-8"))
        for path, item in document["paths"].items():
            pattern = re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path))))
            for method, operation in item.items():
                key = (method.upper(), path.count("/") + 1)
                entry = (pattern, document, f"{method.upper()} {path}", operation)
                found.setdefault(key, []).append(entry)
    for entries in found.values():
        entries.sort(key=lambda entry: entry[2].count("{"))
    return found
