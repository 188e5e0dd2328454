"""A mapping as it can be carried out here and now: for the preview, for a run, for who saves it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sync_worker.connectors.salesforce.rules.fitting import Fitted, Target, Targets, fitted
from sync_worker.connectors.salesforce.rules.mapping import ObjectMap, RecordType
from sync_worker.crm_sync.pulls.rules import traits_of
from sync_worker.crm_sync.records.service import Records


async def fit_mapping(
    records: Records,
    mapping: ObjectMap,
    described: Sequence[Mapping[str, Any]],
    *,
    currency: str,
    make: bool = False,
) -> Fitted:
    """`make` the traits that the mapping names and that are missing. Raises `AccountsAway`."""
    if make:
        lengths = {str(field["name"]): field.get("length") for field in described}
        await records.ensure_traits(traits_of(mapping, lengths, currency))
    return fitted(mapping, await targets_of(records, mapping.record_type), described)


async def targets_of(records: Records, record_type: RecordType) -> Targets:
    traits = await records.traits(record_type)
    return {each.key: Target(each.type, each.currency) for each in traits.values()}
