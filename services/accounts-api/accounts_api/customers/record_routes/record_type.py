from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from accounts_api.records.requests.schemas import RecordOut
from accounts_api.records.requests.service import Records
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.auth import Caller
from shared.bulk import RowsIn
from shared.uow import UnitOfWork, UnitsOfWork

PathParams = Mapping[str, Any]
"""Of a request: they say which type is meant where several share their routes."""


@dataclass(frozen=True)
class RecordType:
    """A record type as its routes know it: what may be asked of its records, its bodies and the
    examples that the API's document shows.
    """

    prefix: str
    records: Records
    create: type[BaseModel]
    patch: type[BaseModel]
    row: type[BaseModel]
    rows: type[RowsIn]
    out: type[RecordOut]
    example: Mapping[str, Any]
    """A body that creates one."""
    search: Mapping[str, Any]
    """A search by rule."""

    @property
    def name(self) -> str:
        return self.records.schema.record_type

    @property
    def one(self) -> str:
        """With its article: `an account`."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def plural(self) -> str:
        return self.records.schema.plural

    async def schema_to_read(self, _uow: UnitOfWork, _path: PathParams) -> RecordSchema:
        """Of the records that a request is about."""
        return self.records.schema

    async def records_to_write(self, _uow: UnitOfWork, _path: PathParams) -> Records:
        return self.records

    async def records_for_bulk(
        self, _units: UnitsOfWork, _caller: Caller, _path: PathParams
    ) -> Records:
        """A bulk write begins its transactions itself: a chunk of rows is one."""
        return self.records
