from collections.abc import Mapping
from typing import Any, Final

from accounts_api.customers.import_destinations.destination import LocalDestination
from accounts_api.customers.import_destinations.elsewhere import NOTES, TASKS, ServiceDestination
from accounts_api.customers.import_destinations.key_role_holdings import (
    KeyRoleHoldingDestination,
)
from accounts_api.customers.import_destinations.members import MemberDestination
from accounts_api.customers.import_destinations.records import RecordDestination
from accounts_api.customers.import_destinations.rules import Target
from accounts_api.customers.objects.service import ObjectTypeArchived, ObjectTypeNotFound
from accounts_api.customers.record_types.service import record_type_to_write
from shared.uow import UnitOfWork

AnyDestination = LocalDestination[Any] | ServiceDestination
_OTHERS: Final[Mapping[str, AnyDestination]] = {
    "key_role_holding": KeyRoleHoldingDestination(),
    "member": MemberDestination(),
    "note": NOTES,
    "task": TASKS,
}
"""What a file can hold beside records of this service."""


async def destination_of(uow: UnitOfWork, record_type: str) -> AnyDestination | None:
    """None for what is nothing here, or an object type whose instances can only be read."""
    if record_type in _OTHERS:
        return _OTHERS[record_type]
    try:
        return RecordDestination(await record_type_to_write(uow, record_type))
    except (ObjectTypeNotFound, ObjectTypeArchived):
        return None


async def targets_of(uow: UnitOfWork, record_type: str) -> dict[str, Target]:
    destination = await destination_of(uow, record_type)
    return {} if destination is None else dict(await destination.targets(uow))
