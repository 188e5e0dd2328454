from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from accounts_api.records.holdings import queries
from accounts_api.records.holdings.queries import KnownKeyRole
from accounts_api.records.holdings.rules import Holders, stints
from shared.ids import new_id
from shared.uow import UnitOfWork

__all__ = [
    "DEFAULT_KEY_ROLES",
    "KnownKeyRole",
    "count_accounts_held",
    "key_role_definitions",
    "known_key_roles",
    "move_holdings",
    "retell_holdings",
    "stored_key_roles",
]

DEFAULT_KEY_ROLES: Final = (
    ("csm", "CSM"),
    ("account_executive", "Account Executive"),
    ("implementation_specialist", "Implementation Specialist"),
    ("renewal_manager", "Renewal Manager"),
)

_PREFIX: Final = "key_roles."
FieldChanges = Mapping[str, tuple[Any, Any]]
"""A field's name to what it was and what it is."""


async def known_key_roles(uow: UnitOfWork) -> frozenset[str]:
    """The keys of the roles there are, or would be once someone asked; makes none."""
    found = [role.key for role in await queries.key_roles(uow)]
    return frozenset(found or (key for key, _ in DEFAULT_KEY_ROLES))


async def stored_key_roles(uow: UnitOfWork) -> list[KnownKeyRole]:
    """By key; makes none."""
    return await queries.key_roles(uow)


async def key_role_definitions(uow: UnitOfWork) -> dict[str, bool]:
    """Key of each key role to whether several members may hold it; makes the usual four if the
    workspace has none yet.
    """
    found = await queries.key_roles(uow)
    if not found:
        rows = [{"id": new_id(), "key": key, "title": title} for key, title in DEFAULT_KEY_ROLES]
        await queries.add_key_roles(uow, rows)
        found = await queries.key_roles(uow)
    return {role.key: role.multi for role in found}


async def move_holdings(
    uow: UnitOfWork, multi: Mapping[str, bool], accounts: Iterable[tuple[str, FieldChanges]]
) -> None:
    """Ends and begins the holdings that changes of accounts say. `multi` says of each key role
    whether several members may hold it.
    """
    ended: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    for account_id, changes in accounts:
        for name, (old, new) in changes.items():
            if not name.startswith(_PREFIX):
                continue
            key = name.removeprefix(_PREFIX)
            held = {"account_id": account_id, "key_role_key": key}
            before, after = set(old or ()), set(new or ())
            ended += [{**held, "member_id": member} for member in before - after]
            begun += [
                {**held, "id": new_id(), "member_id": member, "single": not multi.get(key, False)}
                for member in after - before
            ]
    if ended:
        await queries.end_holdings(uow, ended)
    if begun:
        await queries.begin_holdings(uow, begun)


async def retell_holdings(
    uow: UnitOfWork, multi: Mapping[str, bool], told: Iterable[tuple[str, str, Holders]]
) -> None:
    """Makes the holdings of key roles on accounts (account id, field, holders) what they were told
    to have been.
    """
    cuts: list[dict[str, Any]] = []
    going_on: list[dict[str, Any]] = []
    begun: list[dict[str, Any]] = []
    for account_id, name, holders in told:
        key = name.removeprefix(_PREFIX)
        held = {"account_id": account_id, "key_role_key": key}
        cuts.append({**held, "since": holders.since})
        for stint in stints(holders):
            row = {
                **held,
                "member_id": stint.member,
                "valid_from": stint.valid_from,
                "valid_to": stint.valid_to,
            }
            if stint.goes_on:
                going_on.append(row)
            else:
                begun.append({**row, "id": new_id(), "single": not multi.get(key, False)})
    if cuts:
        await queries.cut_holdings(uow, cuts, going_on)
    if begun:
        await queries.begin_holdings(uow, begun)


async def count_accounts_held(uow: UnitOfWork, member_id: UUID, limit: int) -> int:
    """Living accounts on which a member holds a key role, counted to `limit`."""
    return await queries.count_accounts_held(uow, member_id, limit)
