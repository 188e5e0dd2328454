"""What a file needs to know of the place to which its rows go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import ValidationError

from accounts_api.customers.import_destinations.rules import Target
from accounts_api.records.editing.edits import ROW_NOT_STORED, SEE_ERRORS, Outcome, Writer
from accounts_api.records.schema.record_schemas import RecordSchema
from shared.auth import Caller
from shared.errors import Fault, Invalid
from shared.uow import UnitOfWork
from shared.web.problems import faults_in

Identity = tuple[tuple[str, ...], ...]
"""Targets that together say what a row is about; of each group, the first that a row fills."""
BY_ID: Final[Identity] = (("id", "external_id"),)
RowT = TypeVar("RowT")
ReadT_co = TypeVar("ReadT_co", covariant=True)
SaidT = TypeVar("SaidT")


@dataclass(frozen=True, slots=True)
class Importer:
    """For whom rows are written, with what they may do now."""

    caller: Caller
    writer: Writer

    @classmethod
    def of(cls, caller: Caller) -> "Importer":
        return cls(caller, Writer.of(caller))


@dataclass(frozen=True, slots=True)
class Row(Generic[SaidT]):
    """A row of what is no record, and by what it can be named when it is refused."""

    said: SaidT
    id: str | None = None
    external_id: str | None = None


def unreadable(values: Mapping[str, Any], error: ValidationError) -> Outcome:
    """The refusal of a row that has not even the right shape."""
    return refused(faults_in(values, error), None)


def refused(faults: Sequence[Fault], external_id: str | None) -> Outcome:
    error = Invalid(f"{ROW_NOT_STORED} {SEE_ERRORS}", faults=faults)
    return Outcome("rejected", external_id=external_id, error=error)


class Destination(Protocol[ReadT_co]):
    """`ReadT_co` is a row as it is written. An `Outcome` in its place was refused before."""

    @property
    def permission(self) -> str:
        """What an importer needs beside `records:write`."""
        ...

    @property
    def identity(self) -> Identity: ...

    @property
    def links_accounts(self) -> bool:
        """Whether an account that a row names is one of several that it is linked to."""
        ...

    async def targets(self, uow: UnitOfWork) -> Mapping[str, Target]:
        """By name: what columns can be mapped to."""
        ...

    def row(self, values: Mapping[str, Any], *, allow_implausible: bool) -> ReadT_co | Outcome:
        """What a row of the file says, as it is written, or its refusal."""
        ...


class LocalDestination(Destination[RowT], Protocol[RowT]):
    """Of this service: rows are written in a transaction with what became of them."""

    @property
    def schema(self) -> RecordSchema | None:
        """Of the records that rows change, by whose ids outcomes name them; None for others."""
        ...

    async def plan(
        self, uow: UnitOfWork, importer: Importer, rows: Sequence[RowT | Outcome]
    ) -> list[Outcome]:
        """What `write` would answer; nothing is stored."""
        ...

    async def write(
        self, uow: UnitOfWork, importer: Importer, rows: Sequence[RowT | Outcome]
    ) -> list[Outcome]:
        """In their order. A row that cannot be written costs itself."""
        ...
