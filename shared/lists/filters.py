"""Rules as clients send them, in either form, and what is wrong with one as faults of a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic_core import from_json

from shared import sqlstates
from shared.db import sqlstate
from shared.errors import Fault, Invalid
from shared.rules.syntax.faults import Fault as RuleFault
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import read_json
from shared.rules.syntax.nodes import Node
from shared.rules.syntax.parser import read_text
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.values.validation_messages import json_fault


class RuleTooExpensive(Invalid):
    code = "rule_too_expensive"
    title = "This rule takes too long on this workspace's data"


def node_of(written: dict[str, Any] | str) -> Node:
    """Raises `RuleFaulty`."""
    return read_text(written) if isinstance(written, str) else read_json(written)


def checked(written: dict[str, Any] | str, catalog: Catalog, record_type: str) -> Rule:
    """Raises `RuleFaulty`."""
    return check(node_of(written), catalog, record_type)


def usable(written: dict[str, Any] | str, catalog: Catalog, record_type: str, pointer: str) -> Rule:
    """Raises `Invalid` with every fault, at its place below `pointer`."""
    try:
        return checked(written, catalog, record_type)
    except RuleFaulty as faulty:
        raise refused(faulty, pointer) from faulty


def read_filter(
    written: dict[str, Any] | str, catalog: Catalog, record_type: str, pointer: str
) -> Rule:
    """As `usable`, of a rule that may be the text of a JSON document, as in a query string."""
    return usable(unquoted(written, pointer), catalog, record_type, pointer)


def unquoted(written: dict[str, Any] | str, pointer: str) -> dict[str, Any] | str:
    """What a text that is a JSON document holds, and any other as it is. Raises `Invalid`."""
    if isinstance(written, str) and written.lstrip().startswith("{"):
        document: dict[str, Any] = _json(written, pointer)
        return document
    return written


def refused(faulty: RuleFaulty, pointer: str) -> Invalid:
    return Invalid(
        "The rule cannot be used. See `errors` for each fault.",
        faults=[_fault(fault, pointer) for fault in faulty.faults],
    )


@contextmanager
def in_time(pointer: str) -> Iterator[None]:
    """What is done within runs a client's rule: when the database gives it up, the rule is why."""
    try:
        yield
    except Exception as error:
        if sqlstate(error) != sqlstates.QUERY_CANCELED:
            raise
        advice = "Make it narrower, or compare fewer related records."
        fault = Fault(pointer, RuleTooExpensive.code, advice)
        raise RuleTooExpensive(faults=[fault]) from error


def _json(written: str, pointer: str) -> Any:
    try:
        return from_json(written, allow_inf_nan=False)
    except ValueError as error:
        raise Invalid(faults=[Fault(pointer, "not_json", json_fault(error))]) from error


def _fault(fault: RuleFault, pointer: str) -> Fault:
    error = fault.as_error(pointer)
    code, message, at = error.pop("code"), error.pop("message"), error.pop("pointer", pointer)
    return Fault(str(at), str(code), str(message), error or None)
