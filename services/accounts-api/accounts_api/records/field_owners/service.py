"""Which connection writes which field of the records that came from its system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json

from accounts_api.records.field_owners import queries
from accounts_api.records.field_owners.queries import StoredOwner
from shared.events.sync import FieldOwnersChanged
from shared.uow import UnitOfWork

_IDENTITY: Final = ("external_id", "source")
"""By which a connection finds its records: never edited here."""


@dataclass(frozen=True, slots=True)
class Owner:
    connection_id: UUID
    title: str


Owners = Mapping[tuple[str, str], Owner]
"""By the source of a record and the name of a field, such as `arr` or `traits.tier`."""


async def owners_of(uow: UnitOfWork, record_type: str, sources: Sequence[str]) -> Owners:
    return {
        (row.system, field): Owner(row.connection_id, row.title)
        for row in await queries.owners(uow, sources)
        for field in _fields(row, record_type)
    }


def _fields(row: StoredOwner, record_type: str) -> tuple[str, ...]:
    own = row.fields.get(record_type) or ()
    return (*_IDENTITY, *own) if own else ()


async def list_owned(uow: UnitOfWork, only: str | None) -> list[dict[str, Any]]:
    """Every field that a connection writes, and of which records."""
    return [
        {
            "record_type": record_type,
            "field": field,
            "source": row.system,
            "connection_id": row.connection_id,
            "connection_title": row.title,
        }
        for row in await queries.owners(uow)
        for record_type in sorted(row.fields)
        if only in {None, record_type}
        for field in _fields(row, record_type)
    ]


async def keep(uow: UnitOfWork, event: FieldOwnersChanged) -> None:
    """What was said later stands, whatever is heard last."""
    await queries.keep_owner(
        uow,
        {
            "connection_id": event.connection_id,
            "system": event.system,
            "title": event.title,
            "fields": to_json(event.fields).decode(),
            "version": event.version,
        },
    )
