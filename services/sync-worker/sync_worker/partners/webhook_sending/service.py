"""Claim, send, record. The network is never used within a transaction: whoever dies between the
POST and its record leaves a lease that runs out, and the delivery goes out again with the same id.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from shared.auth import Caller
from shared.clock import utc_now
from shared.data import Transaction
from shared.events.base import Cause
from shared.fault_points import faultpoint
from shared.ids import new_id
from shared.logging import get_logger
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.partners.partner_events.rules import TEST_TYPE
from sync_worker.partners.partner_events.service import KeptEvent
from sync_worker.partners.webhook_deliveries.rows import NewDelivery
from sync_worker.partners.webhook_deliveries.rules import (
    GONE,
    LONGEST_PAUSE,
    DeliveryStatus,
    load_of_hand,
    seconds_asked,
    seconds_until_next,
    signatures,
    verdict_of,
)
from sync_worker.partners.webhook_deliveries.service import body_to_send
from sync_worker.partners.webhook_sending import queries
from sync_worker.partners.webhook_sending.client import TOTAL_SECONDS, Reply, WebhookClient
from sync_worker.partners.webhook_sending.rows import Claim, ClaimedEndpoint
from sync_worker.partners.webhooks import service as webhooks
from sync_worker.partners.webhooks.rules import FAILURES_UNTIL_REST
from sync_worker.partners.webhooks.service import OpenEndpoint

IN_FLIGHT_PER_ENDPOINT = 5
LEASE_SECONDS = 2 * TOTAL_SECONDS
"""Longer than any attempt and its record take."""

log = get_logger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

_ENDPOINTS_AT_ONCE = 200
_TEST_SECONDS = 10.0
_LOST = "Whoever sent it stopped before the answer was noted. It may have arrived."
_NOT_KEPT = "The event is no longer kept, or cannot be read."
_NOT_OPENED = "The endpoint was removed, or its secrets cannot be opened."
_USER_AGENT = "Tenure-Webhooks/1 (+https://www.standardwebhooks.com)"


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A claimed delivery with all that sending it takes. Without body or endpoint it cannot be."""

    claim: Claim
    endpoint: OpenEndpoint | None
    body: bytes | None


@dataclass(frozen=True)
class Outcome:
    delivery: ClaimedDelivery
    started_at: datetime
    reply: Reply

    @property
    def claim(self) -> Claim:
        return self.delivery.claim

    @property
    def is_as_ever(self) -> bool:
        """A success where the attempt before succeeded too."""
        was_failing = self.delivery.endpoint is not None and self.delivery.endpoint.is_failing
        return self.verdict == "succeeded" and not was_failing

    @cached_property
    def verdict(self) -> DeliveryStatus:
        if self.reply.error == _NOT_KEPT:
            return "failed"
        return verdict_of(self.reply.status, self.claim.number, self.claim.origin)

    @property
    def seconds_asked(self) -> float | None:
        return seconds_asked(self.reply.status, self.reply.retry_after, self.started_at)


async def turn_over(
    service: Service,
    hands: int,
    ended: Sequence[Outcome] = (),
    unsent: Sequence[Claim] = (),
    paces: Mapping[UUID, float] = MappingProxyType({}),
) -> list[list[ClaimedDelivery]]:
    """Write down what `ended`, put back what is `unsent`, and claim what is due, of all workspaces:
    for each of so many hands, what it is to send. `paces` are seconds an answer, by endpoint.
    """
    # How an endpoint is doing decides what is claimed for it.
    await record(service, [outcome for outcome in ended if not outcome.is_as_ever])
    as_ever = [outcome for outcome in ended if outcome.is_as_ever]
    async with service.units.across_workspaces() as scope:
        if as_ever:
            await queries.settle(scope, _rows(service, as_ever))
        if unsent:
            await queries.put_back(scope, unsent)
        if not hands:
            return []
        claims = await queries.claim_due(
            scope,
            hands=hands,
            endpoints=_ENDPOINTS_AT_ONCE,
            each=IN_FLIGHT_PER_ENDPOINT,
            trips=FAILURES_UNTIL_REST,
            load_of=lambda endpoint_id: load_of_hand(paces.get(endpoint_id)),
            lease=LEASE_SECONDS,
            lost=_LOST,
        )
        deliveries = await _claimed_deliveries(service, scope, claims) if claims else []
    by_hand: dict[UUID, list[ClaimedDelivery]] = {}
    for delivery in deliveries:
        by_hand.setdefault(delivery.claim.token, []).append(delivery)
    return list(by_hand.values())


async def _claimed_deliveries(
    service: Service, scope: Transaction, claims: Sequence[Claim]
) -> list[ClaimedDelivery]:
    events = {
        (row.workspace_id, row.id): KeptEvent(
            row.id, row.type, row.timestamp, row.data, row.quiet_batch_id
        )
        for row in await queries.events_of(scope, claims)
    }
    endpoints = {
        (row.workspace_id, row.id): made_or_none(_opened, service, row)
        for row in await queries.endpoints_of(scope, claims)
    }
    bodies: dict[tuple[UUID, UUID], bytes | None] = {}
    deliveries = []
    for claim in claims:
        key = (claim.workspace_id, claim.event_id)
        if key not in bodies:
            public_url = service.settings.public_url
            bodies[key] = made_or_none(
                body_to_send,
                claim.origin,
                claim.endpoint_id,
                claim.created_at,
                events.get(key),
                public_url,
            )
        endpoint = endpoints.get((claim.workspace_id, claim.endpoint_id))
        deliveries.append(ClaimedDelivery(claim, endpoint, bodies[key]))
    return deliveries


def _opened(service: Service, row: ClaimedEndpoint) -> OpenEndpoint | None:
    return webhooks.opened(
        service.secrets,
        workspace_id=row.workspace_id,
        id=row.id,
        url=row.url,
        headers=row.headers,
        secrets=list(zip(row.secret_ids, row.sealed, strict=True)),
        failures=row.failures,
    )


def made_or_none(make: Callable[P, T | None], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """None for what cannot be made: its delivery fails, and those of all others go on."""
    try:
        return make(*args, **kwargs)
    except Exception:
        log.exception("webhook not prepared", what=make.__name__)
        return None


async def send(
    client: WebhookClient, delivery: ClaimedDelivery, seconds: float = TOTAL_SECONDS
) -> Outcome:
    """One attempt, signed for this moment."""
    started_at = utc_now()
    if delivery.body is None or delivery.endpoint is None:
        why = _NOT_KEPT if delivery.body is None else _NOT_OPENED
        return Outcome(delivery, started_at, Reply(status=None, error=why))
    headers = _headers(delivery.endpoint, delivery.claim.event_id, started_at, delivery.body)
    reply = await client.post(delivery.endpoint.url, headers, delivery.body, seconds)
    faultpoint("webhooks.after_post", delivery.claim.workspace_id)
    return Outcome(delivery, started_at, reply)


async def record(service: Service, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of deliveries, and then how those endpoints are doing that do not
    simply go on doing well.
    """
    if not outcomes:
        return
    async with service.units.across_workspaces() as scope:
        settled = await queries.settle(scope, _rows(service, outcomes))
    ours = [
        outcome
        for outcome in outcomes
        if outcome.claim.id in settled and outcome.claim.origin != "test"
    ]
    for (workspace_id, endpoint_id), each in groupby(sorted(ours, key=_where), _where):
        of_endpoint = list(each)
        if all(outcome.is_as_ever for outcome in of_endpoint):
            continue
        by = [Cause(type="webhook", id=str(endpoint_id))]
        async with service.units.begin(workspace_id, by) as uow:
            scale = service.settings.webhook_time_scale
            await _record_health(uow, endpoint_id, of_endpoint, scale)


async def send_test(service: Service, caller: Caller, endpoint_id: UUID) -> Outcome:
    """Send a `webhook.test` event now, to an endpoint that may be disabled. It is tried once and
    says nothing about the endpoint's health.
    """
    async with service.units.begin(caller.workspace_id, caller.cause) as uow:
        await webhooks.get_endpoint(uow, endpoint_id)
        new = NewDelivery(new_id(), endpoint_id, new_id(), TEST_TYPE)
        claim = await queries.start_test(uow, new, token=new_id(), lease=LEASE_SECONDS)
        (delivery,) = await _claimed_deliveries(service, uow, [claim])
    client = WebhookClient(service.outside.policy)
    try:
        outcome = await send(client, delivery, _TEST_SECONDS)
    finally:
        await client.close()
    await record(service, [outcome])
    return outcome


async def _record_health(
    uow: UnitOfWork, endpoint_id: UUID, outcomes: Sequence[Outcome], scale: float
) -> None:
    if any(outcome.reply.status == GONE for outcome in outcomes):
        await webhooks.is_gone(uow, endpoint_id)
    elif any(outcome.verdict == "succeeded" for outcome in outcomes):
        await webhooks.has_succeeded(uow, endpoint_id)
    else:
        asked = max(outcome.seconds_asked or 0.0 for outcome in outcomes)
        pause = min(asked, LONGEST_PAUSE) * scale
        await webhooks.has_failed(uow, endpoint_id, len(outcomes), asked_pause=pause, scale=scale)


def _where(outcome: Outcome) -> tuple[UUID, UUID]:
    return outcome.claim.workspace_id, outcome.claim.endpoint_id


def _headers(
    endpoint: OpenEndpoint, webhook_id: UUID, at: datetime, body: bytes
) -> Mapping[str, str]:
    seconds = int(at.timestamp())
    return {
        **endpoint.headers,
        "Content-Type": "application/json",
        "User-Agent": _USER_AGENT,
        "webhook-id": str(webhook_id),
        "webhook-timestamp": str(seconds),
        "webhook-signature": signatures(endpoint.secrets, webhook_id, seconds, body),
    }


def _rows(service: Service, outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    scale = service.settings.webhook_time_scale
    return [_row(outcome, scale) for outcome in outcomes]


def _row(outcome: Outcome, scale: float) -> dict[str, Any]:
    claim, reply, verdict = outcome.claim, outcome.reply, outcome.verdict
    due_in = 0.0
    if verdict == "pending":
        due_in = seconds_until_next(
            claim.number, luck=_luck(), asked=outcome.seconds_asked, scale=scale
        )
    return {
        "workspace_id": claim.workspace_id,
        "id": claim.id,
        "token": claim.token,
        "number": claim.number,
        "started_at": outcome.started_at,
        "status_code": reply.status,
        "milliseconds": reply.milliseconds,
        "error": reply.error,
        "response": shown(reply.body),
        "verdict": verdict,
        "due_in": due_in,
    }


def shown(body: bytes) -> str:
    """An answer as text that can be stored, whatever it was."""
    return body.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _luck() -> float:
    return secrets.randbelow(10_001) / 10_000
