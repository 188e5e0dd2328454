"""Why formula traits have no value, put in beside records that are read."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic_core import to_json

from accounts_api.customers.formulas import queries
from accounts_api.customers.formulas.service import faults_of, usable
from accounts_api.language.formula_interpreter.depends import needs
from accounts_api.language.formula_interpreter.nulls import Why, why_null
from accounts_api.records.schema import record_catalog
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.lists import moment
from shared.rules.interpreter.snapshots import read_snapshot
from shared.uow import UnitOfWork

PART = "nulls"
_STANDS = Why("formula_faulty", "The formula cannot be used any more; its trait says why.")


async def of_records(
    uow: UnitOfWork, schema: RecordSchema, ids: Sequence[str]
) -> Mapping[str, str]:
    """By record, as JSON: the key of each formula trait without a value, with the reason."""
    found = await queries.formulas(uow, None)
    traits = [trait for trait in found if trait.record_type == schema.record_type]
    if not traits:
        return {}
    catalog = await record_catalog.rule_catalog(uow)
    context = await moment.evaluation_context(uow)
    standing = {one.key: _STANDS.as_json() for one in traits if faults_of(one, catalog)}
    usables = [
        (one, usable(catalog, one.record_type, one.formula))
        for one in traits
        if one.key not in standing
    ]
    if not usables:
        return {id_: to_json(standing).decode() for id_ in ids}
    needed = needs(*(formula for _, formula in usables))
    wanted = [UUID(id_) for id_ in ids]
    loaded = await queries.snapshots(uow, needed, wanted, context)
    nulls = {}
    for row in loaded:
        record = read_snapshot(needed, row.seen)
        reasons = {
            one.key: why.as_json()
            for one, formula in usables
            if (why := why_null(formula, record, context, one.kept_currency)) is not None
        }
        nulls[str(row.id)] = to_json({**standing, **reasons}).decode()
    return nulls
