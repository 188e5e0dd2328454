from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.data import Transaction
from shared.uow import UnitOfWork
from sync_worker.crm_sync.write_backs.rules import WriteBackState


@dataclass(frozen=True, slots=True)
class Due:
    """A value that is ours to write until its lease ends."""

    workspace_id: UUID
    connection_id: UUID
    object: str
    external_id: str
    field: str
    value: Any
    revision: int
    attempts: int


@dataclass(frozen=True)
class Verdict:
    """What came of writing one field of one record. `retry_in` None: it ends here."""

    object: str
    external_id: str
    field: str
    revision: int
    state: WriteBackState
    reason: str | None = None
    retry_in: float | None = None


_ASK = text(
    """
    insert into write_backs as w (workspace_id, connection_id, object, external_id, field, value,
                                  cause, record_version)
    select s.workspace_id, s.connection_id, s.object, s.external_id, v.field, v.value,
           cast(:cause as jsonb), :version
    from source_records s
    cross join jsonb_to_recordset(cast(:values as jsonb)) as v(field text, value jsonb)
    where s.workspace_id = :workspace_id and s.connection_id = :connection_id
      and s.object = :object and s.external_id = :external_id
      and s.state in ('synced', 'rejected', 'stale')
    on conflict (workspace_id, connection_id, object, external_id, field) do update
    set value = excluded.value, cause = excluded.cause, record_version = excluded.record_version,
        revision = w.revision + 1, state = 'pending', attempts = 0, reason = null,
        next_attempt_at = clock_timestamp(), updated_at = clock_timestamp()
    where w.record_version < excluded.record_version
    """
)


async def ask(
    uow: UnitOfWork,
    connection_id: UUID,
    *,
    sobject: str,
    external_id: str,
    values: dict[str, Any],
    version: int,
    cause: Sequence[Any],
) -> int:
    """Want these values there, if the record is one that came from there. A newer value takes the
    place of one that has not left yet.
    """
    rows = [{"field": field, "value": value} for field, value in values.items()]
    return await uow.run(
        _ASK,
        connection_id=connection_id,
        object=sobject,
        external_id=external_id,
        values=to_json(rows).decode(),
        version=version,
        cause=to_json(list(cause)).decode(),
    )


_CLAIM = text(
    """
    with due as (
        select w.workspace_id, w.connection_id, w.object, w.external_id, w.field
        from write_backs w
        join connections c on c.workspace_id = w.workspace_id and c.id = w.connection_id
        where w.state = 'pending' and w.next_attempt_at <= clock_timestamp()
          and (w.lease_until is null or w.lease_until < clock_timestamp())
          and c.status in ('ok', 'failing') and c.removed_at is null
        order by w.next_attempt_at
        limit :limit
        for update of w skip locked
    )
    update write_backs w
    set lease_until = clock_timestamp() + make_interval(secs => :seconds)
    from due
    where w.workspace_id = due.workspace_id and w.connection_id = due.connection_id
      and w.object = due.object and w.external_id = due.external_id and w.field = due.field
    returning w.workspace_id, w.connection_id, w.object, w.external_id, w.field, w.value,
              w.revision, w.attempts
    """
)


async def claim_due(scope: Transaction, limit: int, seconds: float) -> list[Due]:
    """Of all workspaces: values whose time has come, oldest first."""
    return await scope.rows(Due, _CLAIM, limit=limit, seconds=seconds)


_RECORD = text(
    """
    update write_backs w
    set lease_until = null, updated_at = clock_timestamp(),
        state = case when w.revision = v.revision then v.state else w.state end,
        reason = case when w.revision = v.revision then v.reason else w.reason end,
        attempts = case when w.revision = v.revision and v.state <> 'done'
                        then w.attempts + 1 else w.attempts end,
        next_attempt_at = case when w.revision = v.revision and v.retry_in is not null
            then clock_timestamp() + make_interval(secs => v.retry_in) else w.next_attempt_at end
    from jsonb_to_recordset(cast(:verdicts as jsonb)) as v(object text, external_id text,
         field text, revision integer, state text, reason text, retry_in double precision)
    where w.workspace_id = :workspace_id and w.connection_id = :connection_id
      and w.object = v.object and w.external_id = v.external_id and w.field = v.field
    """
)


async def record_verdicts(
    uow: UnitOfWork, connection_id: UUID, verdicts: Sequence[Verdict]
) -> None:
    """An answer for a value that has been replaced meanwhile ends nothing."""
    written = to_json([vars(verdict) for verdict in verdicts]).decode()
    await uow.run(_RECORD, connection_id=connection_id, verdicts=written)


@dataclass(frozen=True, slots=True)
class WriteBack:
    object: str
    external_id: str
    field: str
    value: Any
    state: WriteBackState
    reason: str | None
    attempts: int
    next_attempt_at: datetime
    updated_at: datetime


_PAGE = text(
    """
    select object, external_id, field, value, state, reason, attempts, next_attempt_at, updated_at
    from write_backs
    where workspace_id = :workspace_id and connection_id = :connection_id
      and (cast(:state as text) is null or state = :state)
      and (object, external_id, field) > (:after_object, :after_id, :after_field)
    order by object, external_id, field limit :limit
    """
)
_RETRY = text(
    """
    update write_backs
    set state = 'pending', attempts = 0, reason = null, next_attempt_at = clock_timestamp()
    where workspace_id = :workspace_id and connection_id = :connection_id and state = 'rejected'
    """
)
_PENDING = text(
    """
    select count(*) from write_backs w
    join connections c on c.workspace_id = w.workspace_id and c.id = w.connection_id
    where w.workspace_id = :workspace_id and w.state = 'pending'
      and w.next_attempt_at <= clock_timestamp() and c.status in ('ok', 'failing')
      and c.removed_at is null
    """
)


async def write_backs_page(
    uow: UnitOfWork,
    connection_id: UUID,
    state: WriteBackState | None,
    after: tuple[str, str, str],
    limit: int,
) -> Sequence[WriteBack]:
    after_object, after_id, after_field = after
    return await uow.rows(
        WriteBack,
        _PAGE,
        connection_id=connection_id,
        state=state,
        after_object=after_object,
        after_id=after_id,
        after_field=after_field,
        limit=limit + 1,
    )


async def retry_rejected(uow: UnitOfWork, connection_id: UUID) -> int:
    return await uow.run(_RETRY, connection_id=connection_id)


async def count_due(uow: UnitOfWork) -> int:
    return await uow.one_value(int, _PENDING)
