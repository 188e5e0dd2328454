from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from accounts_api.customers.accounts.record_type import ACCOUNTS
from accounts_api.customers.contacts.record_type import CONTACTS
from accounts_api.customers.objects import service as objects
from accounts_api.customers.objects.record_type import OBJECTS
from accounts_api.customers.opportunities.record_type import OPPORTUNITIES
from accounts_api.customers.organizations.record_type import ORGANIZATIONS
from accounts_api.customers.record_routes.record_type import RecordType
from shared.uow import UnitOfWork

RECORD_TYPES: Final[Mapping[str, RecordType]] = {
    record_type.name: record_type
    for record_type in (ACCOUNTS, ORGANIZATIONS, CONTACTS, OPPORTUNITIES)
}
"""Those that every workspace has."""


async def record_type_to_write(uow: UnitOfWork, name: str) -> RecordType:
    """One of every workspace or of this one's own. Raises `ObjectTypeNotFound`, or
    `ObjectTypeArchived` for one whose instances can only be read.
    """
    if name in RECORD_TYPES:
        return RECORD_TYPES[name]
    return replace(OBJECTS, records=await objects.instances_of(uow, name))


def body_of(name: str) -> RecordType:
    """As `record_type_to_write`, for what all types of a workspace's own have in common."""
    return RECORD_TYPES.get(name, OBJECTS)
