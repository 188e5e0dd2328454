from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class ItsAccount:
    id: str
    name: str
    time_zone: str | None


_ACCOUNTS = text(
    "select id::text as id, name, time_zone from accounts"
    " where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))"
)


async def accounts_by_id(uow: UnitOfWork, ids: Sequence[str]) -> Mapping[str, ItsAccount]:
    accounts = await uow.rows(ItsAccount, _ACCOUNTS, ids=list(ids))
    return {account.id: account for account in accounts}
