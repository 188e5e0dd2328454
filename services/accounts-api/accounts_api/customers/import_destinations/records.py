"""Rows that become records of a type of this service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts_api.customers.import_destinations.destination import BY_ID, Identity, Importer
from accounts_api.customers.import_destinations.rules import Target, targets
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.records.editing.edits import Edit, Outcome
from accounts_api.records.holdings.service import stored_key_roles
from accounts_api.records.requests.bodies import row_edit
from accounts_api.records.schema.record_schemas import OBJECT, RecordSchema
from accounts_api.records.store.service import definitions_of
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class RecordDestination:
    into: RecordType

    @property
    def permission(self) -> str:
        return "records:write"

    @property
    def identity(self) -> Identity:
        return BY_ID

    @property
    def schema(self) -> RecordSchema:
        return self.into.records.schema

    @property
    def links_accounts(self) -> bool:
        return self.schema.related == "accounts"

    async def targets(self, uow: UnitOfWork) -> Mapping[str, Target]:
        titles: Mapping[str, str] = {}
        if self.schema.related == "key_roles":
            titles = {role.key: role.title for role in await stored_key_roles(uow)}
        definitions = await definitions_of(uow, self.schema)
        return targets(self.schema, self._fields(), definitions, titles)

    def _fields(self) -> list[str]:
        """Of a row, without the records that an object type does not link to."""
        foreign = [parent for parent in OBJECT.parents if parent not in self.schema.parents]
        unlinked = {name for p in foreign for name in (p.column, p.by_external_id)}
        own = self.schema.type_id is not None
        return [name for name in self.into.row.model_fields if not (own and name in unlinked)]

    def row(self, values: Mapping[str, Any], *, allow_implausible: bool) -> Edit | Outcome:
        wanted = row_edit(self.schema, values, self.into.row, "")
        if isinstance(wanted, Edit):
            wanted.allows_implausible = allow_implausible
            if wanted.links:
                _add_links(wanted, values)
        return wanted

    async def plan(
        self, uow: UnitOfWork, importer: Importer, rows: Sequence[Edit | Outcome]
    ) -> list[Outcome]:
        return await self.into.records.plan(uow, importer.writer, rows)

    async def write(
        self, uow: UnitOfWork, importer: Importer, rows: Sequence[Edit | Outcome]
    ) -> list[Outcome]:
        return await self.into.records.chunk(uow, importer.writer, rows)


def _add_links(edit: Edit, values: Mapping[str, Any]) -> None:
    """A row names one account of a contact; the others stay, and so do roles it says nothing of."""
    edit.adds_links = True
    for link, said in zip(edit.links or (), values["accounts"], strict=True):
        if "plan_roles" not in said:
            link["plan_roles"] = None
