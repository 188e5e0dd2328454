"""What the columns of a file mean in this workspace, and whether that can be so."""

from collections.abc import Mapping, Sequence

from accounts_api.customers.import_destinations.rules import Target
from accounts_api.customers.import_destinations.service import targets_of
from accounts_api.customers.imports.rules import proposed
from accounts_api.records.holdings.service import key_role_definitions
from accounts_api.records.schema.record_schemas import ACCOUNT
from shared.errors import Fault
from shared.spelling import suggestion
from shared.uow import UnitOfWork


async def mapped(
    uow: UnitOfWork, record_type: str, columns: Sequence[str]
) -> dict[str, str | None]:
    """What the columns seem to mean."""
    if record_type == ACCOUNT.record_type:
        await key_role_definitions(uow)
    return proposed(columns, await targets_of(uow, record_type))


def mapping_faults(
    columns: Sequence[str],
    changes: Mapping[str, str | None],
    mapping: Mapping[str, str | None],
    known: Mapping[str, Target],
) -> list[Fault]:
    """All that is wrong with `changes`, which have led to `mapping`."""
    faults = []
    for column, name in changes.items():
        pointer = f"/mapping/{column.replace('~', '~0').replace('/', '~1')}"
        if column not in columns:
            faults.append(_unknown(pointer, "unknown_column", "the file", column, columns))
        elif name is not None and name not in known:
            faults.append(_unknown(pointer, "unknown_field", "such a record", name, known))
        elif name is not None and list(mapping.values()).count(name) > 1:
            message = f"Two columns are mapped to {name}."
            faults.append(Fault(pointer, "mapped_twice", message))
    return faults


def _unknown(
    pointer: str, code: str, where: str, name: str, known: Sequence[str] | Mapping[str, Target]
) -> Fault:
    message = f"In {where} is no {name[:100]!r}."
    return Fault(pointer, code, message, suggestion(name, known))
