"""What the rules were when, and the periods that are stored."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.events.records import LifecycleStatus
from shared.ids import new_id
from shared.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class RuleVersion:
    rule_id: UUID
    status: Any
    rule: str
    """As JSON."""
    since_field: str | None
    end_field: str | None
    deleted: bool
    effective_at: datetime


_VERSIONS = text(
    """
    select rule_id, status, rule::text as rule, since_field, end_field, deleted, effective_at
    from lifecycle_rule_versions
    where workspace_id = :workspace_id
    order by rule_id, effective_at, version
    """
)


async def rule_versions(uow: UnitOfWork) -> list[RuleVersion]:
    """Of every rule, deleted ones too, in their order."""
    return await uow.rows(RuleVersion, _VERSIONS)


@dataclass(frozen=True, slots=True)
class StoredPeriod:
    account_id: UUID
    id: UUID
    status: LifecycleStatus
    started_at: datetime
    rule_id: UUID | None
    trial_ends_at: datetime | None


_PERIODS = text(
    """
    select account_id, id, status, started_at, rule_id, trial_ends_at
    from lifecycle_status_periods
    where workspace_id = :workspace_id and account_id = any(cast(:accounts as uuid[]))
    order by account_id, started_at, id
    """
)


async def periods(uow: UnitOfWork, accounts: Collection[UUID]) -> list[StoredPeriod]:
    return await uow.rows(StoredPeriod, _PERIODS, accounts=sorted(accounts))


_REMOVE = text(
    """
    delete from lifecycle_status_periods
    where workspace_id = :workspace_id and id = any(cast(:ids as uuid[]))
      and account_id = any(cast(:accounts as uuid[]))
    """
)
_END = text(
    """
    update lifecycle_status_periods p set ended_at = x.at
    from jsonb_to_recordset(cast(:ends as jsonb)) as x(account_id uuid, id uuid, at timestamptz)
    where p.workspace_id = :workspace_id and p.account_id = x.account_id and p.id = x.id
    """
)
_ADD = text(
    """
    insert into lifecycle_status_periods
        (workspace_id, account_id, id, status, started_at, ended_at, rule_id, trial_ends_at)
    select :workspace_id, x.account_id, x.id, x.status, x.started_at, x.ended_at, x.rule_id,
           x.trial_ends_at
    from jsonb_to_recordset(cast(:periods as jsonb))
           as x(account_id uuid, id uuid, status text, started_at timestamptz,
                ended_at timestamptz, rule_id uuid, trial_ends_at timestamptz)
    """
)


async def replace_periods(
    uow: UnitOfWork,
    gone: Sequence[StoredPeriod],
    ends: Sequence[Mapping[str, Any]],
    new: Sequence[Mapping[str, Any]],
) -> None:
    """`ends` are account_id, id and instant of periods that stay."""
    ids, accounts = [one.id for one in gone], sorted({one.account_id for one in gone})
    await uow.run(_REMOVE, ids=ids, accounts=accounts)
    await uow.run(_END, ends=to_json(list(ends)).decode())
    await uow.run(_ADD, periods=to_json([{**one, "id": new_id()} for one in new]).decode())
