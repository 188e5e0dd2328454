"""JSON bodies that can be stored: what FastAPI's default parser lets through ends as a 500 later.

Refused here, before anything else looks: not UTF-8, NaN and infinities, NUL and lone surrogates in
text, integers beyond 64 bits, duplicate keys, nesting deeper than 32, too many values.
"""

import json
import math
from typing import Any

from pydantic_core import from_json

from shared.errors import BadRequest, Fault, Invalid
from shared.values.validation_messages import json_fault

MAX_DEPTH = 32
MAX_VALUES = 500_000
_MAX_INT = 2**63 - 1


def parse(body: bytes) -> Any:
    """Raises `BadRequest` for what is no JSON, `Invalid` with pointers for what cannot be kept."""
    try:
        value = from_json(body, allow_inf_nan=False)
        # The fast parser takes the last of two equal keys and says nothing.
        json.loads(body, object_pairs_hook=_unique)
    except _DuplicateKey as error:
        raise BadRequest(f"The key {error.key!r} stands twice in one object.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body cannot be read. {json_fault(error)}") from error
    faults = _walk(value)
    if faults:
        raise Invalid("Some values cannot be stored.", faults=faults)
    return value


class _DuplicateKey(Exception):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key[:100]


def _unique(pairs: list[tuple[str, Any]]) -> None:
    """Only checks: what json.loads builds is thrown away."""
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _DuplicateKey(key)
        seen.add(key)


def _walk(root: Any) -> list[Fault]:
    faults: list[Fault] = []
    stack: list[tuple[Any, str, int]] = [(root, "", 0)]
    count = 0
    while stack and len(faults) < 20:  # noqa: PLR2004  (enough to mend a client by)
        value, pointer, depth = stack.pop()
        count += 1
        if count > MAX_VALUES:
            raise Invalid(f"More than {MAX_VALUES} values in one body; split it.")
        if isinstance(value, str):
            if "\x00" in value:
                faults.append(
                    Fault(pointer, "nul_character", "Text cannot hold the character NUL.")
                )
        elif isinstance(value, dict | list):
            if depth >= MAX_DEPTH:
                faults.append(Fault(pointer, "too_deep", f"Nested deeper than {MAX_DEPTH}."))
                continue
            items = value.items() if isinstance(value, dict) else enumerate(value)
            stack.extend((item, f"{pointer}/{_escape(key)}", depth + 1) for key, item in items)
        elif isinstance(value, int) and not -_MAX_INT <= value <= _MAX_INT:
            faults.append(Fault(pointer, "integer_too_large", "An integer must fit 64 bits."))
        elif isinstance(value, float) and not math.isfinite(value):
            faults.append(Fault(pointer, "number_too_large", "A number must fit a double."))
    return faults


def _escape(key: str | int) -> str:
    if isinstance(key, int):
        return str(key)
    return key.replace("\x00", "\\0").replace("~", "~0").replace("/", "~1")
