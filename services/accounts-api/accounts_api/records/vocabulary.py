"""What the rule language may say about this workspace's records."""

from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pydantic_core import from_json

from accounts_api.records import queries
from accounts_api.records.trait_values import TraitType
from accounts_api.rules.catalog import Catalog, Field, FieldType, trait
from accounts_api.rules.moment import Moment
from accounts_api.rules.standard import STANDARD
from shared.uow import UnitOfWork

FIELD_TYPES: Final[Mapping[TraitType, FieldType]] = {
    "string": FieldType.TEXT,
    "text": FieldType.TEXT,
    "url": FieldType.TEXT,
    "email": FieldType.TEXT,
    "number": FieldType.NUMBER,
    "currency": FieldType.CURRENCY,
    "boolean": FieldType.BOOLEAN,
    "date": FieldType.DATE,
    "datetime": FieldType.DATETIME,
    "select": FieldType.SELECT,
    "multi_select": FieldType.MULTI_SELECT,
    "member": FieldType.ID,
    "contact": FieldType.ID,
}


async def rule_catalog(uow: UnitOfWork) -> Catalog:
    """The standard fields and this workspace's traits. Segments and key roles are not checked."""
    return _catalog(await queries.trait_names(uow.session, uow.workspace_id))


@lru_cache(maxsize=256)
def _catalog(document: str) -> Catalog:
    traits: dict[str, list[Field]] = defaultdict(list)
    for row in from_json(document):
        kind = FIELD_TYPES[row["type"]]
        options = row["options"] or () if kind in _CHOSEN else ()
        traits[row["record_type"]].append(trait(row["key"], kind, options, row["currency"] or ""))
    return STANDARD.with_traits(traits)


_CHOSEN: Final = frozenset({FieldType.SELECT, FieldType.MULTI_SELECT})


async def moment_of(uow: UnitOfWork) -> Moment:
    """Now, in the workspace's clock, zone and fiscal calendar."""
    month = await queries.fiscal_year_start(uow.session, uow.workspace_id)
    return Moment(await uow.now(), await uow.zone(), fiscal_year_start=month)
