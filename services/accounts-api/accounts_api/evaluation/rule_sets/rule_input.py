"""Rules as clients send them: in either form, checked against what this workspace has."""

from collections.abc import Callable, Sequence
from typing import Any

from accounts_api.evaluation.engine import service as engine
from accounts_api.records.holdings.service import known_key_roles
from accounts_api.records.schema import record_catalog
from shared.errors import Fault, Invalid
from shared.rules.syntax.faults import Fault as RuleFault
from shared.rules.syntax.faults import RuleFaulty
from shared.rules.syntax.json_codec import read_json
from shared.rules.syntax.parser import read_text
from shared.rules.types.catalog import Catalog
from shared.rules.types.type_check import check
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork
from shared.web.problems import not_stored


async def rule_catalog(uow: UnitOfWork) -> Catalog:
    """What rules may say here: fields, traits, and the segments and key roles that there are."""
    catalog = await record_catalog.rule_catalog(uow)
    segments = await engine.active_rules(uow, "segment")
    return catalog.with_names(segments, await known_key_roles(uow))


def checked(written: dict[str, Any] | str, catalog: Catalog, record_type: str) -> Rule:
    """Raises `RuleFaulty`."""
    node = read_text(written) if isinstance(written, str) else read_json(written)
    return check(node, catalog, record_type)


def usable(written: dict[str, Any] | str, catalog: Catalog, record_type: str, pointer: str) -> Rule:
    """Raises `Invalid` with every fault, at its place below `pointer`."""
    try:
        return checked(written, catalog, record_type)
    except RuleFaulty as faulty:
        raise refused(faulty, pointer) from faulty


def usable_beside(faults: Sequence[Fault], read: Callable[[], Rule]) -> Rule:
    """The rule of a body in which `faults` were found. Raises `Invalid` with these and its own."""
    try:
        rule = read()
    except Invalid as refusal:
        raise not_stored([*refusal.faults, *faults]) from refusal
    if faults:
        raise not_stored(faults)
    return rule


def refused(faulty: RuleFaulty, pointer: str) -> Invalid:
    return Invalid(
        "The rule cannot be used. See `errors` for each fault.",
        faults=[_fault(fault, pointer) for fault in faulty.faults],
    )


def _fault(fault: RuleFault, pointer: str) -> Fault:
    error = fault.as_error(pointer)
    code, message, at = error.pop("code"), error.pop("message"), error.pop("pointer", pointer)
    return Fault(str(at), str(code), str(message), error or None)
