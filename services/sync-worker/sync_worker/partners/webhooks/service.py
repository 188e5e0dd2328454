"""Partners' endpoints: their addresses, filters, secrets and health."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID

from pydantic_core import from_json, to_json
from yarl import URL

from shared.audit import attributes
from shared.encryption import CannotDecrypt, SecretBox
from shared.errors import Conflict, NotFound, check_version, invalid
from shared.events.base import Cause
from shared.events.sync import WebhookEndpointDisabled
from shared.ids import new_id
from shared.net.egress import AddressRefused
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.audit import audit
from sync_worker.partners.partner_events import service as partner_events
from sync_worker.partners.partner_events.service import Types
from sync_worker.partners.webhooks import queries
from sync_worker.partners.webhooks.models import WebhookEndpoint, WebhookSecret
from sync_worker.partners.webhooks.rules import (
    OVERLAP,
    is_given_up,
    new_secret,
    seconds_of_rest,
)
from sync_worker.partners.webhooks.schemas import EndpointIn, EndpointPatch

__all__ = ["WebhookEndpoint"]

MOST_ENDPOINTS = 50
_MOST_LIVE_SECRETS = 5
_PURGE_AT_ONCE = 1000


class EndpointNotFound(NotFound):
    title = "There is no such webhook endpoint"


class TooManyEndpoints(Conflict):
    code = "too_many_webhook_endpoints"
    title = "A workspace has at most 50 webhook endpoints"


class TooManySecrets(Conflict):
    code = "too_many_webhook_secrets"
    title = "Several secrets of this endpoint are still valid"


class EndpointDisabled(Conflict):
    code = "webhook_endpoint_disabled"
    title = "The webhook endpoint is disabled"


_AUDITED = ("url", "description", "types", "header_names")
_STATE = ("status", "disabled_reason", "failures")


@dataclass(frozen=True)
class OpenEndpoint:
    """An endpoint with its secrets in the clear, newest first: for the moment of use."""

    id: UUID
    url: str
    headers: dict[str, str]
    secrets: list[str]
    is_failing: bool


async def check_address(service: Service, data: EndpointIn | EndpointPatch) -> None:
    """Refuse what could never be called. Asks the name server, so not within a transaction; every
    send judges anew. Raises `Invalid`.
    """
    if "url" not in data.model_fields_set:
        return
    try:
        await service.outside.policy.check_url(data.url)
    except AddressRefused as error:
        raise invalid("/url", "unreachable", str(error)) from error


async def create_endpoint(
    uow: UnitOfWork, box: SecretBox, data: EndpointIn
) -> tuple[WebhookEndpoint, str]:
    """The endpoint and the secret that is shown once."""
    partner_events.checked_types(data.types, "/types/{}")
    if await queries.count_endpoints(uow.session, uow.workspace_id) >= MOST_ENDPOINTS:
        raise TooManyEndpoints("Remove one that is not needed any more.")
    endpoint = WebhookEndpoint(
        workspace_id=uow.workspace_id,
        id=new_id(),
        url=data.url,
        description=data.description,
        types=_sorted(data.types),
    )
    _seal_headers(box, endpoint, data.headers)
    uow.session.add(endpoint)
    await uow.session.flush()  # the secret points to it
    secret = await _add_secret(uow, box, endpoint.id)
    after = attributes(endpoint, *_AUDITED)
    audit.record(uow, "webhook_endpoint.created", endpoint.id, after=after)
    return endpoint, secret


async def get_endpoint(
    uow: UnitOfWork, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint:
    found = await queries.endpoint_by_id(uow.session, uow.workspace_id, endpoint_id, lock=lock)
    if found is None:
        raise EndpointNotFound("Look at GET /v1/webhook-endpoints for those there are.")
    return found


async def list_endpoints(
    uow: UnitOfWork, after: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    return await queries.endpoints_page(uow.session, uow.workspace_id, after, limit)


async def update_endpoint(
    uow: UnitOfWork, box: SecretBox, endpoint_id: UUID, data: EndpointPatch, version: int | None
) -> WebhookEndpoint:
    """A new address starts with a clean record."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    check_version(version, endpoint.version)
    changes = data.changes()
    before = attributes(endpoint, *_AUDITED)
    if "types" in changes:
        partner_events.checked_types(data.types, "/types/{}")
        endpoint.types = _sorted(data.types)
    if "headers" in changes:
        _seal_headers(box, endpoint, data.headers)
    if "description" in changes:
        endpoint.description = data.description
    if "url" in changes and data.url != endpoint.url:
        endpoint.url = data.url
        _recover(endpoint)
    audit.record_difference(uow, "webhook_endpoint.updated", endpoint.id, before, endpoint)
    return await _stored(uow, endpoint)


async def remove_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> None:
    """Gone for its users and for the sender now; its log goes in small steps."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    before = attributes(endpoint, *_AUDITED)
    audit.record(uow, "webhook_endpoint.deleted", endpoint.id, before=before)
    endpoint.removed_at = await uow.machine_now()
    endpoint.headers = None
    await queries.erase_secrets(uow.session, uow.workspace_id, endpoint.id)
    await uow.session.flush()


async def enable_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """What was waiting when it was disabled goes out now."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    if endpoint.status == "enabled" and endpoint.failures == 0:
        return endpoint
    before = attributes(endpoint, *_STATE)
    endpoint.status, endpoint.disabled_reason = "enabled", None
    _recover(endpoint)
    audit.record_difference(uow, "webhook_endpoint.enabled", endpoint.id, before, endpoint)
    uow.wake_worker()
    return await _stored(uow, endpoint)


async def disable_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """By a person, so nobody has to be told."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    if endpoint.status == "disabled":
        return endpoint
    before = attributes(endpoint, *_STATE)
    endpoint.status, endpoint.disabled_reason = "disabled", "Disabled by a person."
    audit.record_difference(uow, "webhook_endpoint.disabled", endpoint.id, before, endpoint)
    return await _stored(uow, endpoint)


async def rotate_secret(uow: UnitOfWork, box: SecretBox, endpoint_id: UUID) -> tuple[str, datetime]:
    """A new secret, and until when the old one signs beside it."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    live = await queries.live_secrets(uow.session, uow.workspace_id, endpoint.id)
    if len(live) >= _MOST_LIVE_SECRETS:
        raise TooManySecrets("Wait until the oldest has expired: 24 hours after its rotation.")
    until = await uow.machine_now() + OVERLAP
    for old in live:
        old.expires_at = old.expires_at or until
    secret = await _add_secret(uow, box, endpoint.id)
    after = {"old_secret_until": until}
    audit.record(uow, "webhook_endpoint.secret_rotated", endpoint.id, after=after)
    return secret, until


# For deliveries


async def subscribers(uow: UnitOfWork) -> list[tuple[UUID, list[str]]]:
    """Enabled endpoints and their filters."""
    return list(await queries.enabled_filters(uow.session, uow.workspace_id))


async def send_again(uow: UnitOfWork, endpoint_id: UUID) -> Types:
    """What an endpoint wants to hear. A person asks for it, so the endpoint's rest is over. Raises
    `EndpointDisabled` for one that hears nothing.
    """
    endpoint = await get_endpoint(uow, endpoint_id)
    if endpoint.status == "disabled":
        raise EndpointDisabled(f"Enable it first. It is disabled: {endpoint.disabled_reason}")
    await queries.end_rest(uow.session, uow.workspace_id, endpoint_id)
    return partner_events.checked_types(endpoint.types, "/types/{}")


def opened(
    box: SecretBox,
    *,
    workspace_id: UUID,
    id: UUID,  # noqa: A002
    url: str,
    headers: bytes | None,
    secrets: Sequence[tuple[UUID, bytes]],
    failures: int,
) -> OpenEndpoint | None:
    """An endpoint with its secrets in the clear; None when no key of ours opens them."""
    try:
        return OpenEndpoint(
            id=id,
            url=url,
            headers=_open_headers(box, headers, workspace_id, id),
            secrets=[
                box.open(sealed, *_secret_binding(workspace_id, id, secret_id))
                for secret_id, sealed in secrets
            ],
            is_failing=failures > 0,
        )
    except CannotDecrypt:
        return None


async def has_succeeded(uow: UnitOfWork, endpoint_id: UUID) -> None:
    """Its failures are forgotten."""
    endpoint = await queries.endpoint_by_id(uow.session, uow.workspace_id, endpoint_id, lock=True)
    if endpoint is not None:
        _recover(endpoint)
        await uow.session.flush()


async def has_failed(
    uow: UnitOfWork, endpoint_id: UUID, times: int, *, asked_pause: float, scale: float
) -> None:
    """Let a failing endpoint rest, and give up one that has failed for days. Told once."""
    endpoint = await queries.endpoint_by_id(uow.session, uow.workspace_id, endpoint_id, lock=True)
    if endpoint is None:
        return
    now = await uow.machine_now()
    endpoint.failures += times
    endpoint.failing_since = endpoint.failing_since or now
    pause = max(seconds_of_rest(endpoint.failures) * scale, asked_pause)
    if pause:
        endpoint.rests_until = now + timedelta(seconds=pause)
    if is_given_up(endpoint.failures, endpoint.failing_since, now, scale):
        await _give_up(uow, endpoint, "Every attempt of the last five days failed.")
    else:
        await uow.session.flush()


async def is_gone(uow: UnitOfWork, endpoint_id: UUID) -> None:
    """It answered 410: nothing is sent there any more. Told once."""
    endpoint = await queries.endpoint_by_id(uow.session, uow.workspace_id, endpoint_id, lock=True)
    if endpoint is not None:
        await _give_up(uow, endpoint, "It answered 410 Gone.")


async def forget_old(service: Service) -> bool:
    """Clear away expired secrets, and what removed endpoints left behind, a step at a time."""
    async with service.units.across_workspaces() as scope:
        await queries.forget_expired_secrets(scope.session)
        removed = await queries.removed_endpoints(scope.session)
    more = False
    for workspace_id, endpoint_id in removed:

        async def purge(uow: UnitOfWork, gone: UUID = endpoint_id) -> bool:
            of = uow.session, uow.workspace_id, gone
            return await queries.purge_endpoint(*of, _PURGE_AT_ONCE)

        by = [Cause(type="system", id="sync")]
        more |= bool(await service.units.attempt(workspace_id, by, purge, what="removed endpoint"))
    return more


# Within


async def _give_up(uow: UnitOfWork, endpoint: WebhookEndpoint, reason: str) -> None:
    if endpoint.status == "disabled":
        await uow.session.flush()
        return
    before = attributes(endpoint, *_STATE)
    endpoint.status, endpoint.disabled_reason = "disabled", reason
    audit.record_difference(uow, "webhook_endpoint.disabled", endpoint.id, before, endpoint)
    await _stored(uow, endpoint)
    host = URL(endpoint.url).host or ""
    uow.publish(WebhookEndpointDisabled(id=endpoint.id, url_host=host, reason=reason))


def _recover(endpoint: WebhookEndpoint) -> None:
    endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None


async def _stored(uow: UnitOfWork, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    endpoint.version += 1
    endpoint.updated_at = await uow.machine_now()
    await uow.session.flush()
    return endpoint


async def _add_secret(uow: UnitOfWork, box: SecretBox, endpoint_id: UUID) -> str:
    secret, secret_id = new_secret(), new_id()
    sealed = box.seal(secret, *_secret_binding(uow.workspace_id, endpoint_id, secret_id))
    uow.session.add(
        WebhookSecret(
            workspace_id=uow.workspace_id, endpoint_id=endpoint_id, id=secret_id, sealed=sealed
        )
    )
    await uow.session.flush()
    return secret


def _secret_binding(workspace_id: UUID, endpoint_id: UUID, secret_id: UUID) -> tuple[object, ...]:
    return (workspace_id, "webhook_secrets", endpoint_id, secret_id)


def _seal_headers(box: SecretBox, endpoint: WebhookEndpoint, headers: Mapping[str, str]) -> None:
    binding = _headers_binding(endpoint.workspace_id, endpoint.id)
    endpoint.header_names = sorted(headers)
    endpoint.headers = box.seal(to_json(headers).decode(), *binding) if headers else None


def _open_headers(
    box: SecretBox, sealed: bytes | None, workspace_id: UUID, endpoint_id: UUID
) -> dict[str, str]:
    if sealed is None:
        return {}
    opened = box.open(sealed, *_headers_binding(workspace_id, endpoint_id))
    return cast("dict[str, str]", from_json(opened))


def _headers_binding(workspace_id: UUID, endpoint_id: UUID) -> tuple[object, ...]:
    return (workspace_id, "webhook_endpoints", "headers", endpoint_id)


def _sorted(types: Sequence[str]) -> list[str]:
    return sorted({each.strip() for each in types})
