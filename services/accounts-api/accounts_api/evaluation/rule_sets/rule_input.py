"""Rules as clients send them: in either form, checked against what this workspace has."""

from collections.abc import Callable, Sequence
from typing import Any

from accounts_api.evaluation.rule_sets.segment_keys import keys_of, segments_by_key
from accounts_api.records.holdings.service import known_key_roles
from accounts_api.records.schema import record_catalog
from shared.errors import Fault, Invalid
from shared.rules.syntax.json_codec import write_json
from shared.rules.syntax.nodes import with_segments
from shared.rules.syntax.printer import write_text
from shared.rules.types.catalog import Catalog
from shared.rules.types.typed import Rule
from shared.uow import UnitOfWork
from shared.web.problems import not_stored


async def rule_catalog(uow: UnitOfWork) -> Catalog:
    """What rules may say here: fields, traits, and the segments and key roles that there are."""
    catalog = await record_catalog.rule_catalog(uow)
    segments, ids = await segments_by_key(uow)
    return catalog.with_names(segments, await known_key_roles(uow), ids)


async def both_forms(uow: UnitOfWork, rule: Rule) -> dict[str, Any]:
    """As text and as JSON, with segments by their keys."""
    written = with_segments(rule.written, await keys_of(uow, [rule]))
    return {"rule": write_json(written), "rule_text": write_text(written)}


def usable_beside(faults: Sequence[Fault], read: Callable[[], Rule]) -> Rule:
    """The rule of a body in which `faults` were found. Raises `Invalid` with these and its own."""
    try:
        rule = read()
    except Invalid as refusal:
        raise not_stored([*refusal.faults, *faults]) from refusal
    if faults:
        raise not_stored(faults)
    return rule
