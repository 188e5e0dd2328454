"""Who uses a trait, and its end: with its values, which are cleared in batches."""

from dataclasses import replace
from functools import partial
from uuid import UUID

from accounts_api.customers.formulas import service as formulas
from accounts_api.customers.peer_values import service as peer_values
from accounts_api.customers.trait_usages import queries
from accounts_api.customers.trait_usages.queries import BuriedTrait
from accounts_api.customers.traits import service as traits
from accounts_api.customers.traits.rules import OF_TASKS
from accounts_api.evaluation.engine import service as engine
from accounts_api.evaluation.usages import service as usage
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.editing.edits import Edit
from accounts_api.records.schema.hooks import notify_of_shape
from accounts_api.records.store.service import all_written, write_each
from shared import held_work
from shared.auth import Caller
from shared.errors import check_version
from shared.events.base import Cause
from shared.service import Service
from shared.settings import ServiceName
from shared.uow import UnitOfWork
from shared.usages import Usage

_BATCH = 500


async def ask_others(service: Service, caller: Caller, trait_id: UUID) -> usage.Elsewhere:
    """Not within a transaction."""
    begin = service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await traits.get_trait(uow, trait_id)
    record_type, key = known.record_type, known.key
    found = await usage.ask_others(service, caller, "trait", key, record_type)
    if record_type not in OF_TASKS or "tasks" in found.not_asked:
        return found
    records = await peer_values.count_values(service, caller, record_type, key)
    not_asked: list[ServiceName] = [] if records is not None else ["tasks"]
    return replace(found, records=records or 0, not_asked=[*found.not_asked, *not_asked])


async def used_by(uow: UnitOfWork, trait_id: UUID, elsewhere: usage.Elsewhere) -> usage.Used:
    known = await traits.get_trait(uow, trait_id)
    record_type, key = known.record_type, known.key
    if record_type in OF_TASKS:
        records = elsewhere.records
    else:
        records = await traits.count_values(uow, await traits.schema_of(uow, record_type), key)
    return await usage.used(uow, "trait", key, elsewhere, record_type=record_type, records=records)


async def find_dependents(
    uow: UnitOfWork, what: str, record_type: str | None, key: str
) -> list[Usage]:
    """The traits whose options a trait narrows."""
    if what != "trait" or record_type is None:
        return []
    rows = await traits.traits_of(uow, record_type)
    return [Usage("trait", str(row.id), row.title) for row in rows if row.depends_on == key]


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The traits that name a member on a living record."""
    if what != "member":
        return []
    rows = await queries.traits_holding(uow, key)
    return [Usage("trait", str(row.id), row.title) for row in rows]


async def delete_trait(
    uow: UnitOfWork,
    trait_id: UUID,
    version: int | None,
    elsewhere: usage.Elsewhere,
    *,
    force: bool,
) -> None:
    """Raises `InUse` with who uses it, unless forced: then its values are cleared, too."""
    known = await traits.get_trait(uow, trait_id, lock=True)
    check_version(version, known.version)
    used = await used_by(uow, trait_id, elsewhere)
    if not force:
        usage.must_be_unused(used, "Send `force=true` to delete it with its values.")
    if known.formula is not None:
        await engine.unregister(uow, trait_id)
    if known.record_type in OF_TASKS:
        await queries.bury_trait(uow, trait_id)
        traits.tell(uow, known, deleted=True)
    elif used.records:
        await queries.bury_trait(uow, trait_id)
        uow.wake_worker()
    else:
        await queries.remove_trait(uow, trait_id)
    await formulas.recheck(uow, known.record_type, known.key)
    await audit_log.record(
        uow,
        "trait.deleted",
        "trait",
        trait_id,
        before={"record_type": known.record_type, "key": known.key},
    )
    await notify_of_shape(uow)


remove_cleared = queries.remove_buried


async def clear_buried(service: Service) -> bool:
    """Clear the values of a deleted trait, a batch at a time; then its definition goes."""
    async with service.units.across_workspaces() as scope:
        buried = await queries.buried_trait(scope)
    if buried is None:
        return False
    cause = (Cause(type="system", id=f"trait:{buried.id}", label=f"{buried.key} was deleted"),)
    await held_work.attempt(
        service.units,
        buried.workspace_id,
        cause,
        partial(_clear, buried=buried),
        step=queries.CLEARING,
        item=str(buried.id),
        about={"trait_id": str(buried.id), "key": buried.key},
    )
    return True


async def _clear(uow: UnitOfWork, buried: BuriedTrait) -> None:
    """A record that cannot be written keeps its value, and the trait waits for another try."""
    schema = await traits.schema_of(uow, buried.record_type)
    page = await traits.values_page(uow, schema, buried.key, after=None, limit=_BATCH)
    edits = [Edit(id=str(record_id), forced_traits={buried.key: None}) for record_id, _ in page]
    if edits:
        all_written(await write_each(uow, schema, edits))
    else:
        await queries.remove_trait(uow, buried.id)
