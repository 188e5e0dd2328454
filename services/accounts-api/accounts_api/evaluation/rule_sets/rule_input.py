"""Rules as clients send them: in either form, checked against what this workspace has."""

from collections.abc import Callable, Sequence

from accounts_api.evaluation.engine import service as engine
from accounts_api.records.holdings.service import known_key_roles
from accounts_api.records.schema import record_catalog
from shared.errors import Fault, Invalid
from shared.rules.types.catalog import Catalog
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork
from shared.web.problems import not_stored


async def rule_catalog(uow: UnitOfWork) -> Catalog:
    """What rules may say here: fields, traits, and the segments and key roles that there are."""
    catalog = await record_catalog.rule_catalog(uow)
    segments = await engine.active_rules(uow, "segment")
    return catalog.with_names(segments, await known_key_roles(uow))


def usable_beside(faults: Sequence[Fault], read: Callable[[], Rule]) -> Rule:
    """The rule of a body in which `faults` were found. Raises `Invalid` with these and its own."""
    try:
        rule = read()
    except Invalid as refusal:
        raise not_stored([*refusal.faults, *faults]) from refusal
    if faults:
        raise not_stored(faults)
    return rule
