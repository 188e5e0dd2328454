"""Which connection writes which field of the records that came from its system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic_core import to_json

from accounts_api.field_owners import queries
from shared.events.sync import FieldOwnersChanged
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Owner:
    connection_id: UUID
    title: str


Owners = Mapping[tuple[str, str], Owner]
"""By the source of a record and the name of a field, such as `arr` or `traits.tier`."""


async def owners_of(uow: UnitOfWork, noun: str, sources: Sequence[str]) -> Owners:
    rows = await queries.owned_fields(uow.session, uow.workspace_id, noun, sources)
    return {(row.system, row.field): Owner(row.connection_id, row.title) for row in rows}


async def keep(uow: UnitOfWork, event: FieldOwnersChanged) -> None:
    """What was said later stands, whatever is heard last."""
    await queries.keep_owner(
        uow.session,
        uow.workspace_id,
        {
            "connection_id": event.connection_id,
            "system": event.system,
            "title": event.title,
            "fields": to_json(event.fields).decode(),
            "version": event.version,
        },
    )
