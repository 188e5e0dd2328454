"""A mapping as it can be carried out here and now: for the preview, for a run, for who saves it."""

from sync_worker.connectors.base import StreamSchema
from sync_worker.crm_sync.records.service import Records
from sync_worker.crm_sync.translation.document import MappedRecordType, ObjectMap
from sync_worker.crm_sync.translation.fitting import Fitted, Target, Targets, fitted
from sync_worker.crm_sync.translation.traits import traits_of


async def fit_mapping(
    records: Records,
    mapping: ObjectMap,
    schema: StreamSchema,
    *,
    currency: str,
    make: bool = False,
) -> Fitted:
    """`make` the traits that the mapping names and that are missing. Raises `AccountsAway`."""
    targets = await targets_of(records, mapping.record_type)
    if make:
        lengths = {field.name: field.length for field in schema.fields}
        wanted = traits_of(mapping, lengths, currency)
        missing = [trait for trait in wanted if trait["key"] not in targets]
        if missing:
            await records.add_traits(missing)
            targets = await targets_of(records, mapping.record_type)
    return fitted(mapping, targets, schema.fields)


async def targets_of(records: Records, record_type: MappedRecordType) -> Targets:
    traits = await records.traits(record_type)
    return {each.key: Target(each.type, each.currency) for each in traits.values()}
