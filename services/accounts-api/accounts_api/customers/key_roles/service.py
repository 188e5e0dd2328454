from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from accounts_api.customers.key_roles import planned, queries
from accounts_api.customers.key_roles.errors import KeyRoleNotFound, KeyRoleTaken, SeveralHold
from accounts_api.customers.key_roles.queries import KeyRole
from accounts_api.customers.key_roles.schemas import HoldersIn, KeyRoleIn, KeyRolePatch
from accounts_api.evaluation.usages import service as usage
from accounts_api.identity.audit_log import service as audit_log
from accounts_api.records.editing.edits import OURSELVES, Edit, Outcome, Writer
from accounts_api.records.holdings.service import key_role_definitions
from accounts_api.records.schema.errors import OwnedElsewhere, RecordNotFound
from accounts_api.records.schema.record_schemas import ACCOUNT
from accounts_api.records.store.service import plan as what_if
from accounts_api.records.store.service import state_of, write
from shared.auth import Caller
from shared.errors import check_version
from shared.ids import new_id
from shared.keys import Keys
from shared.paging import CursorSigner, page_of
from shared.service import Service
from shared.uow import UnitOfWork
from shared.usages import Usage

KEYS: Final = Keys("key_role", "key_role_definitions", "deleted_at is null")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class KeyRoleHooks:
    on_deletion: Sequence[Callable[[UnitOfWork, UUID], Awaitable[None]]]
    """Called with the id of each key role that is deleted."""


async def list_key_roles(
    uow: UnitOfWork, cursors: CursorSigner, cursor: str | None, limit: int
) -> dict[str, Any]:
    await key_role_definitions(uow)  # makes the usual four
    shape = ("key-roles",)
    after = cursors.read(cursor, uow.workspace_id, shape)[0] if cursor else None
    rows = await queries.key_roles_page(uow, after, limit + 1)
    return page_of(rows, limit, cursors, uow.workspace_id, shape, ("key",))


async def get_key_role(uow: UnitOfWork, role_id: UUID, *, lock: bool = False) -> KeyRole:
    found = await queries.key_role_by_id(uow, role_id, lock=lock)
    if found is None:
        raise KeyRoleNotFound("There is no key role with this id.")
    return found


async def create_key_role(uow: UnitOfWork, data: KeyRoleIn) -> KeyRole:
    await key_role_definitions(uow)  # makes the usual four
    made = await queries.add_key_role(uow, {"id": new_id(), **data.model_dump()})
    if made is None:
        raise KeyRoleTaken(f"There is a key role {data.key!r}.")
    await audit_log.record(uow, "key_role.created", "key_role", made.id, after=data.model_dump())
    return made


async def change_key_role(
    uow: UnitOfWork, role_id: UUID, version: int | None, data: KeyRolePatch
) -> KeyRole:
    known = await get_key_role(uow, role_id, lock=True)
    check_version(version, known.version)
    changes = data.changes()
    was, becomes = audit_log.difference({n: getattr(known, n) for n in changes}, changes)
    if not becomes:
        return known
    if "multi" in becomes:
        several = await queries.accounts_with_several(uow, known.key)
        if several and not becomes["multi"]:
            raise SeveralHold(f"{several} accounts have several holders.", accounts=several)
        await queries.set_single(uow, known.key, single=not becomes["multi"])
    changed = await queries.change_key_role(uow, role_id, becomes)
    await audit_log.record(uow, "key_role.changed", "key_role", role_id, before=was, after=becomes)
    return changed


async def ask_others(service: Service, caller: Caller, role_id: UUID) -> usage.Elsewhere:
    """Not within a transaction."""
    begin = service.units.begin
    async with begin(caller.workspace_id, caller.cause, read_only=True) as uow:
        known = await get_key_role(uow, role_id)
    return await usage.ask_others(service, caller, "key_role", known.key)


async def used_by(uow: UnitOfWork, role_id: UUID, elsewhere: usage.Elsewhere) -> usage.Used:
    key = (await get_key_role(uow, role_id)).key
    most = usage.COUNTED_TO + 1
    held = await queries.accounts_holding(uow, key, most)
    return await usage.used(uow, "key_role", key, elsewhere, records=len(held))


async def find_usages(uow: UnitOfWork, what: str, _: str | None, key: str) -> list[Usage]:
    """The holdings that are to begin, of a key role or with a member."""
    match what:
        case "member":
            plans = await queries.plans_with(uow, UUID(key))
        case "key_role":
            plans = await queries.plans_of_role(uow, key)
        case _:
            return []
    return [Usage("planned_holding", str(plan.id), plan.account) for plan in plans]


async def delete_key_role(
    uow: UnitOfWork,
    role_id: UUID,
    version: int | None,
    elsewhere: usage.Elsewhere,
    *,
    force: bool,
) -> None:
    """Raises `InUse` with who uses it, unless forced: then every holding of it ends."""
    known = await get_key_role(uow, role_id, lock=True)
    check_version(version, known.version)
    if not force:
        used = await used_by(uow, role_id, elsewhere)
        usage.must_be_unused(used, "Send `force=true` to end every holding of it.")
    held = await queries.accounts_holding(uow, known.key, _BATCH)
    while held:
        edits = [Edit(id=str(account_id), key_roles={known.key: []}) for account_id in held]
        await write(uow, ACCOUNT, edits, OURSELVES)
        held = await queries.accounts_holding(uow, known.key, _BATCH)
    await queries.drop_plans(uow, known.key)
    for forget in uow.wired(KeyRoleHooks).on_deletion:
        await forget(uow, role_id)
    await queries.change_key_role(uow, role_id, {"deleted_at": await uow.now()})
    await audit_log.record(uow, "key_role.deleted", "key_role", role_id, before={"key": known.key})


async def assign_key_role(
    uow: UnitOfWork,
    caller: Caller,
    account_id: UUID,
    version: int | None,
    key: str,
    data: HoldersIn,
) -> tuple[Outcome, bool]:
    """The account, and whether it has happened: a later instant is a plan."""
    edit = Edit(
        mode="update",
        id=str(account_id),
        version=version,
        key_roles={key: [str(member) for member in data.member_ids]},
    )
    writer = Writer.of(caller)
    if data.valid_from is not None and data.valid_from > await uow.now():
        (now,) = await what_if(uow, ACCOUNT, [edit], writer)
        if isinstance(now.error, OwnedElsewhere):
            planned.accepted_here(now, key)
        holders, since = data.member_ids, data.valid_from
        return await planned.plan(uow, account_id, version, key, holders, since), False
    edit.effective_at = data.valid_from
    (outcome,) = await write(uow, ACCOUNT, [edit], writer)
    return planned.accepted_here(outcome, key), True


async def holdings_of(uow: UnitOfWork, account_id: UUID) -> dict[str, Any]:
    """Who holds and who held which role, newest first, and who is to hold it."""
    if await state_of(uow, ACCOUNT, account_id) is None:
        raise RecordNotFound("There is no account with this id.")
    return {
        "data": await queries.holdings_of(uow, account_id),
        "planned": await queries.plans_of(uow, account_id),
    }


async def count_due(uow: UnitOfWork) -> int:
    """Planned holdings whose instant has come."""
    return await queries.count_due_plans(uow, await uow.now())


async def cancel_planned(uow: UnitOfWork, account_id: UUID, plan_id: UUID) -> None:
    await planned.cancel(uow, account_id, plan_id)
