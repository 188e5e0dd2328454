"""Claim, send, record. The network is never used within a transaction: whoever dies between the
POST and its record leaves a lease that runs out, and the delivery goes out again with the same id.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from shared.auth import Caller
from shared.clock import utc_now
from shared.events.base import Cause
from shared.faults import faultpoint
from shared.ids import new_id
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.partner_events import service as partner_events
from sync_worker.partner_events.rules import TEST_TYPE
from sync_worker.webhook_deliveries import queries
from sync_worker.webhook_deliveries.client import TOTAL_SECONDS, Courier, Reply
from sync_worker.webhook_deliveries.queries import Claim
from sync_worker.webhook_deliveries.rules import (
    GONE,
    LONGEST_PAUSE,
    Verdict,
    seconds_asked,
    seconds_until_next,
    signatures,
    verdict_of,
)
from sync_worker.webhook_deliveries.service import body_to_send
from sync_worker.webhooks import service as webhooks
from sync_worker.webhooks.rules import FAILURES_UNTIL_REST
from sync_worker.webhooks.service import OpenEndpoint

IN_FLIGHT_PER_ENDPOINT = 5
LEASE_SECONDS = 2 * TOTAL_SECONDS
"""Longer than any attempt and its record take."""

_ENDPOINTS_AT_ONCE = 200
_TEST_SECONDS = 10.0
_LOST = "Whoever sent it stopped before the answer was noted. It may have arrived."
_NOT_KEPT = "The event is no longer kept."
_NOT_OPENED = "The endpoint was removed, or its secrets cannot be opened."
_USER_AGENT = "Tenure-Webhooks/1 (+https://www.standardwebhooks.com)"


@dataclass(frozen=True, slots=True)
class Letter:
    """A claimed delivery with all that sending it takes. Without body or endpoint it cannot be."""

    claim: Claim
    endpoint: OpenEndpoint | None
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Outcome:
    claim: Claim
    started_at: datetime
    reply: Reply

    @property
    def verdict(self) -> Verdict:
        if self.reply.error == _NOT_KEPT:
            return "failed"
        return verdict_of(self.reply.status, self.claim.number, self.claim.origin)

    @property
    def seconds_asked(self) -> float | None:
        return seconds_asked(self.reply.status, self.reply.retry_after, self.started_at)


async def claim_due(service: Service, limit: int) -> list[Claim]:
    async with service.units.across_workspaces() as session:
        return await queries.claim_due(
            session,
            limit=limit,
            endpoints=_ENDPOINTS_AT_ONCE,
            each=IN_FLIGHT_PER_ENDPOINT,
            trips=FAILURES_UNTIL_REST,
            lease=LEASE_SECONDS,
            token=new_id(),
            lost=_LOST,
        )


async def letters_of(service: Service, workspace_id: UUID, claims: Sequence[Claim]) -> list[Letter]:
    """What claimed deliveries of one workspace say, and to whom."""
    async with service.units.begin(workspace_id, (), read_only=True) as uow:
        event_ids = list({claim.event_id for claim in claims})
        endpoint_ids = list({claim.endpoint_id for claim in claims})
        events = await partner_events.events_by_id(uow, event_ids)
        endpoints = await webhooks.open_endpoints(uow, service.secrets, endpoint_ids)
    bodies: dict[UUID, bytes | None] = {}
    for claim in claims:
        if claim.event_id not in bodies:
            event = events.get(claim.event_id)
            bodies[claim.event_id] = body_to_send(claim, event, service.settings.public_url)
    return [
        Letter(claim, endpoints.get(claim.endpoint_id), bodies[claim.event_id]) for claim in claims
    ]


async def send(courier: Courier, letter: Letter, seconds: float = TOTAL_SECONDS) -> Outcome:
    """One attempt, signed for this moment."""
    started_at = utc_now()
    if letter.body is None or letter.endpoint is None:
        why = _NOT_KEPT if letter.body is None else _NOT_OPENED
        return Outcome(letter.claim, started_at, Reply(status=None, error=why))
    headers = _headers(letter.endpoint, letter.claim.event_id, started_at, letter.body)
    reply = await courier.post(letter.endpoint.url, headers, letter.body, seconds)
    faultpoint("webhooks.after_post")
    return Outcome(letter.claim, started_at, reply)


async def record(service: Service, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of deliveries of one workspace, and how their endpoints are doing."""
    scale = service.settings.webhook_time_scale
    by = [Cause(type="webhook", id=str(outcomes[0].claim.endpoint_id))]
    async with service.units.begin(outcomes[0].claim.workspace_id, by) as uow:
        rows = [_row(outcome, scale) for outcome in outcomes]
        settled = await queries.settle(uow.session, uow.workspace_id, rows)
        ours = [
            outcome
            for outcome in outcomes
            if outcome.claim.id in settled and outcome.claim.origin != "test"
        ]
        ours.sort(key=_endpoint_of)  # so that recorders beside each other lock in one order
        for endpoint_id, of_endpoint in groupby(ours, _endpoint_of):
            await _judge_endpoint(uow, endpoint_id, list(of_endpoint), scale)


async def send_test(service: Service, caller: Caller, endpoint_id: UUID) -> Outcome:
    """Send a `webhook.test` event now, to an endpoint that may be disabled. It is tried once and
    says nothing about the endpoint's health.
    """
    async with service.units.begin(caller.workspace_id, caller.cause) as uow:
        await webhooks.get_endpoint(uow, endpoint_id)
        claim = await queries.start_test(
            uow.session,
            uow.workspace_id,
            id=new_id(),
            endpoint_id=endpoint_id,
            event_id=new_id(),
            type=TEST_TYPE,
            token=new_id(),
            lease=LEASE_SECONDS,
        )
    (letter,) = await letters_of(service, caller.workspace_id, [claim])
    courier = Courier(service.outside.policy)
    try:
        outcome = await send(courier, letter, _TEST_SECONDS)
    finally:
        await courier.close()
    await record(service, [outcome])
    return outcome


async def _judge_endpoint(
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


def _endpoint_of(outcome: Outcome) -> UUID:
    return outcome.claim.endpoint_id


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


def _row(outcome: Outcome, scale: float) -> dict[str, Any]:
    claim, reply, verdict = outcome.claim, outcome.reply, outcome.verdict
    due_in = 0.0
    if verdict == "pending":
        due_in = seconds_until_next(
            claim.number, luck=_luck(), asked=outcome.seconds_asked, scale=scale
        )
    return {
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
