"""Which records a file can hold, and what its columns can mean in this workspace."""

from collections.abc import Collection, Mapping, Sequence

from accounts_api.customers.imports.rules import Target, proposed, targets
from accounts_api.customers.objects.service import ObjectTypeArchived, ObjectTypeNotFound
from accounts_api.customers.record_routes.record_type import RecordType
from accounts_api.customers.record_types.service import record_type_to_write
from accounts_api.records.holdings.service import key_role_definitions, stored_key_roles
from accounts_api.records.schema.record_schemas import ACCOUNT, OBJECT
from accounts_api.records.store.service import definitions_of
from shared.errors import Fault
from shared.spelling import nearest
from shared.uow import UnitOfWork


async def importable(uow: UnitOfWork, record_type: str) -> RecordType | None:
    """None for what is no record type here, or one whose instances can only be read."""
    try:
        return await record_type_to_write(uow, record_type)
    except (ObjectTypeNotFound, ObjectTypeArchived):
        return None


def _fields(into: RecordType) -> Collection[str]:
    """Of a row, without the records that an object type does not link to."""
    schema = into.records.schema
    foreign = [parent for parent in OBJECT.parents if parent not in schema.parents]
    unlinked = {name for p in foreign for name in (p.column, p.by_external_id)}
    own = schema.type_id is not None
    return [name for name in into.row.model_fields if not (own and name in unlinked)]


async def targets_of(uow: UnitOfWork, record_type: str) -> dict[str, Target]:
    into = await importable(uow, record_type)
    if into is None:
        return {}
    schema = into.records.schema
    titles: Mapping[str, str] = {}
    if schema.related == "key_roles":
        titles = {role.key: role.title for role in await stored_key_roles(uow)}
    definitions = await definitions_of(uow, schema)
    return targets(schema, _fields(into), definitions, titles)


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
    guess = nearest(name, known)
    message = f"In {where} is no {name[:100]!r}."
    return Fault(pointer, code, message, {"suggestion": guess} if guess else None)
