from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text

from shared.data import Transaction
from shared.uow import UnitOfWork
from sync_worker.partners.webhook_deliveries.rows import NewDelivery
from sync_worker.partners.webhook_sending.rows import Claim, ClaimedEndpoint, ClaimedEvent

_START_TEST = text(
    """
    insert into webhook_deliveries
        (workspace_id, id, endpoint_id, event_id, type, origin, attempts, due_at, lease_token)
    values (:workspace_id, :id, :endpoint_id, :event_id, :type, 'test', 1,
            clock_timestamp() + make_interval(secs => :lease), :token)
    returning created_at
    """
)


async def start_test(uow: UnitOfWork, new: NewDelivery, *, token: UUID, lease: float) -> Claim:
    """A delivery that its maker sends at once."""
    created_at = await uow.one_value(
        datetime,
        _START_TEST,
        id=new.id,
        endpoint_id=new.endpoint_id,
        event_id=new.event_id,
        type=new.type,
        token=token,
        lease=lease,
    )
    return Claim(
        workspace_id=uow.workspace_id,
        id=new.id,
        endpoint_id=new.endpoint_id,
        event_id=new.event_id,
        type=new.type,
        origin="test",
        number=1,
        token=token,
        created_at=created_at,
    )


_READY = text(
    """
    with recursive lane as (
        (select workspace_id, endpoint_id, due_at from webhook_deliveries
         where status = 'pending' order by workspace_id, endpoint_id, due_at limit 1)
        union all
        select next.* from lane cross join lateral (
            select d.workspace_id, d.endpoint_id, d.due_at from webhook_deliveries d
            where d.status = 'pending'
              and (d.workspace_id, d.endpoint_id) > (lane.workspace_id, lane.endpoint_id)
            order by d.workspace_id, d.endpoint_id, d.due_at limit 1) next
    )
    select e.workspace_id, e.id from lane
    join webhook_endpoints e on e.workspace_id = lane.workspace_id and e.id = lane.endpoint_id
    where lane.due_at <= statement_timestamp()
      and e.status = 'enabled' and e.removed_at is null
      and (e.rests_until is null or e.rests_until <= statement_timestamp())
    order by random()
    limit :limit
    for no key update of e skip locked
    """
)
"""Jumps from one endpoint with waiting deliveries to the next, however many wait at each. Whose
turn it is is drawn by lot: nobody's backlog comes first.
"""
_CLAIM = text(
    """
    with free as (
        select e.workspace_id, e.id as endpoint_id, ready.load
        from unnest(cast(:workspaces as uuid[]), cast(:endpoints as uuid[]),
                    cast(:loads as integer[])) as ready(workspace_id, id, load)
        join webhook_endpoints e on e.workspace_id = ready.workspace_id and e.id = ready.id
        cross join lateral generate_series(1,
            (case when e.failures >= :trips then 1 else :each end) - (
                select count(distinct d.lease_token) from webhook_deliveries d
                where d.workspace_id = e.workspace_id and d.endpoint_id = e.id
                  and d.lease_token is not null and d.due_at > statement_timestamp())) as hand
        order by hand, random()
        limit :limit
    ), due as (
        select d.*, row_number() over (
            partition by d.workspace_id, d.endpoint_id order by d.due_at) % hands.count as hand
        from (
            select workspace_id, endpoint_id, load, count(*) from free group by 1, 2, 3
        ) as hands cross join lateral (
            select d.workspace_id, d.id, d.endpoint_id, d.attempts, d.due_at, d.lease_token
            from webhook_deliveries d
            where d.workspace_id = hands.workspace_id and d.endpoint_id = hands.endpoint_id
              and d.status = 'pending' and d.due_at <= statement_timestamp()
            order by d.due_at
            limit hands.load * hands.count
            for update skip locked) d
    ), hands as (
        select workspace_id, endpoint_id, hand, gen_random_uuid() as token
        from due group by 1, 2, 3
    ), lost as (
        insert into webhook_attempts (workspace_id, delivery_id, number, started_at, error)
        select workspace_id, id, attempts, due_at - make_interval(secs => :lease), :lost
        from due where lease_token is not null
        on conflict do nothing
    )
    update webhook_deliveries d
    set lease_token = hands.token, attempts = d.attempts + 1,
        due_at = statement_timestamp() + make_interval(secs => :lease)
    from due join hands using (workspace_id, endpoint_id, hand)
    where d.workspace_id = due.workspace_id and d.id = due.id
    returning d.workspace_id, d.id, d.endpoint_id, d.event_id, d.type, d.origin,
              d.attempts as number, d.lease_token as token, d.created_at
    """
)


@dataclass(frozen=True, slots=True)
class ReadyEndpoint:
    workspace_id: UUID
    id: UUID


async def claim_due(
    scope: Transaction,
    *,
    hands: int,
    endpoints: int,
    each: int,
    trips: int,
    load_of: Callable[[UUID], int],
    lease: float,
    lost: str,
) -> list[Claim]:
    """Lease deliveries of all workspaces that are due to free hands: at most `each` per endpoint,
    one where `trips` attempts in a row have failed, and one for every endpoint before a second for
    any. What goes into one hand has one token; `load_of` an endpoint is how much that may be.
    A lease that ran out is an attempt that ended as `lost`.
    """
    ready = await scope.rows(ReadyEndpoint, _READY, limit=endpoints)
    if not ready:
        return []
    # A statement of its own: what others claimed while we waited for no lock is seen by it.
    return await scope.rows(
        Claim,
        _CLAIM,
        workspaces=[endpoint.workspace_id for endpoint in ready],
        endpoints=[endpoint.id for endpoint in ready],
        loads=[load_of(endpoint.id) for endpoint in ready],
        limit=hands,
        each=each,
        trips=trips,
        lease=lease,
        lost=lost,
    )


_PUT_BACK = text(
    """
    update webhook_deliveries d
    set lease_token = null, attempts = d.attempts - 1, due_at = d.created_at
    from unnest(cast(:workspaces as uuid[]), cast(:ids as uuid[]), cast(:tokens as uuid[]))
        as unsent(workspace_id, id, token)
    where d.workspace_id = unsent.workspace_id and d.id = unsent.id
      and d.lease_token is not distinct from unsent.token
    """
)


async def put_back(scope: Transaction, claims: Sequence[Claim]) -> None:
    """As if they had not been claimed: due, before others."""
    await scope.run(
        _PUT_BACK,
        workspaces=[claim.workspace_id for claim in claims],
        ids=[claim.id for claim in claims],
        tokens=[claim.token for claim in claims],
    )


_EVENTS_OF = text(
    """
    select e.workspace_id, e.id, e.type, e.data::text as data,
        e.quiet_batch_id::text as quiet_batch_id,
        to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as timestamp
    from unnest(cast(:workspaces as uuid[]), cast(:ids as uuid[])) as wanted(workspace_id, id)
    join partner_events e on e.workspace_id = wanted.workspace_id and e.id = wanted.id
    """
)
_ENDPOINTS_OF = text(
    """
    select e.workspace_id, e.id, e.url, e.headers, e.failures,
        array_agg(s.id order by s.id desc) as secret_ids,
        array_agg(s.sealed order by s.id desc) as sealed
    from unnest(cast(:workspaces as uuid[]), cast(:ids as uuid[])) as wanted(workspace_id, id)
    join webhook_endpoints e on e.workspace_id = wanted.workspace_id and e.id = wanted.id
    join webhook_secrets s on s.workspace_id = e.workspace_id and s.endpoint_id = e.id
    where e.removed_at is null and (s.expires_at is null or s.expires_at > clock_timestamp())
    group by e.workspace_id, e.id
    """
)


def _arrays(pairs: set[tuple[UUID, UUID]]) -> dict[str, list[UUID]]:
    return {"workspaces": [first for first, _ in pairs], "ids": [second for _, second in pairs]}


async def events_of(scope: Transaction, claims: Sequence[Claim]) -> Sequence[ClaimedEvent]:
    """As far as they are kept; each event once."""
    wanted = {(claim.workspace_id, claim.event_id) for claim in claims}
    return await scope.rows(ClaimedEvent, _EVENTS_OF, **_arrays(wanted))


async def endpoints_of(scope: Transaction, claims: Sequence[Claim]) -> Sequence[ClaimedEndpoint]:
    wanted = {(claim.workspace_id, claim.endpoint_id) for claim in claims}
    return await scope.rows(ClaimedEndpoint, _ENDPOINTS_OF, **_arrays(wanted))


_SETTLE = text(
    """
    with results as (
        select * from jsonb_to_recordset(cast(:results as jsonb)) as r(
            workspace_id uuid, id uuid, token uuid, number integer, started_at timestamptz,
            status_code integer, milliseconds integer, error text, response text, verdict text,
            due_in float8)
    ), settled as (
        update webhook_deliveries d
        set status = r.verdict, lease_token = null,
            due_at = clock_timestamp() + make_interval(secs => r.due_in),
            finished_at = case when r.verdict <> 'pending' then clock_timestamp() end
        from results r
        where d.workspace_id = r.workspace_id and d.id = r.id
          and d.lease_token is not distinct from r.token
        returning d.workspace_id, d.id
    )
    insert into webhook_attempts
        (workspace_id, delivery_id, number, started_at, status_code, milliseconds, error, response)
    select workspace_id, id, number, started_at, status_code, milliseconds, error, response
    from results join settled using (workspace_id, id)
    returning delivery_id
    """
)
"""`is not distinct from` keeps the planner off the index of what is under way: it believes that to
be empty, and would read all of it again for each result.
"""


async def settle(scope: Transaction, results: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Write down what became of claimed deliveries; those whose lease was not lost."""
    return set(await scope.values(UUID, _SETTLE, results=to_json(results).decode()))
