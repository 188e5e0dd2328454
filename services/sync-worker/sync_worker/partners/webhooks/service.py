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
from shared.events.sync import SyncWatchesProductEvents, WebhookEndpointDisabled
from shared.ids import new_id
from shared.net.egress import AddressRefused
from shared.service import Service
from shared.uow import UnitOfWork
from sync_worker.audit import audit
from sync_worker.partners.partner_events import service as partner_events
from sync_worker.partners.webhooks import queries
from sync_worker.partners.webhooks.queries import KEYS
from sync_worker.partners.webhooks.rows import (
    RECOVERED,
    EndpointChanges,
    Subscriber,
    WebhookEndpoint,
)
from sync_worker.partners.webhooks.rules import (
    OVERLAP,
    is_given_up,
    new_secret,
    seconds_of_rest,
)
from sync_worker.partners.webhooks.schemas import EndpointIn, EndpointPatch

__all__ = ["KEYS", "WebhookEndpoint"]

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


_AUDITED = (
    "key",
    "url",
    "description",
    "types",
    "include_quiet",
    "product_events",
    "header_names",
)
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
    if await queries.count_endpoints(uow) >= MOST_ENDPOINTS:
        raise TooManyEndpoints("Remove one that is not needed any more.")
    endpoint_id = new_id()
    key = await KEYS.key_for(uow, data.key, data.description)
    new: EndpointChanges = {
        "key": key,
        "url": data.url,
        "description": data.description,
        "types": _sorted(data.types),
        "include_quiet": data.include_quiet,
        "product_events": _sorted(data.product_events),
        **_sealed_headers(uow, box, endpoint_id, data.headers),
    }
    endpoint = await queries.insert_endpoint(uow, endpoint_id, new)
    _watch(uow, endpoint)
    secret = await _add_secret(uow, box, endpoint.id)
    after = attributes(endpoint, *_AUDITED)
    audit.record(uow, "webhook_endpoint.created", endpoint.id, after=after)
    return endpoint, secret


async def get_endpoint(
    uow: UnitOfWork, endpoint_id: UUID, *, lock: bool = False
) -> WebhookEndpoint:
    endpoint = await queries.endpoint_by_id(uow, endpoint_id, lock=lock)
    if endpoint is None:
        raise EndpointNotFound("Look at GET /v1/webhook-endpoints for those there are.")
    return endpoint


async def list_endpoints(
    uow: UnitOfWork, after: UUID | None, limit: int
) -> Sequence[WebhookEndpoint]:
    return await queries.endpoints_page(uow, after, limit)


async def update_endpoint(
    uow: UnitOfWork, box: SecretBox, endpoint_id: UUID, data: EndpointPatch, version: int | None
) -> WebhookEndpoint:
    """A new address starts with a clean record."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    check_version(version, endpoint.version)
    given = data.changes()
    changes: EndpointChanges = {}
    if "types" in given:
        partner_events.checked_types(data.types, "/types/{}")
        changes["types"] = _sorted(data.types)
    if "product_events" in given:
        changes["product_events"] = _sorted(data.product_events)
    if "headers" in given:
        changes |= _sealed_headers(uow, box, endpoint_id, data.headers)
    if "description" in given:
        changes["description"] = data.description
    if "include_quiet" in given:
        changes["include_quiet"] = data.include_quiet
    if "url" in given and data.url != endpoint.url:
        changes |= {"url": data.url, **RECOVERED}
    changed = await queries.change_endpoint(uow, endpoint_id, changes)
    if changed.product_events != endpoint.product_events:
        _watch(uow, changed)
    before = attributes(endpoint, *_AUDITED)
    audit.record_difference(uow, "webhook_endpoint.updated", endpoint_id, before, changed)
    return changed


async def rename_endpoint(uow: UnitOfWork, endpoint_id: UUID, key: str) -> WebhookEndpoint:
    """The key before leads to it for ninety days more."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    if key == endpoint.key:
        return endpoint
    await KEYS.rename(uow, endpoint_id, endpoint.key, key)
    changed = await queries.change_endpoint(uow, endpoint_id, {"key": key})
    before = attributes(endpoint, "key")
    audit.record_difference(uow, "webhook_endpoint.renamed", endpoint_id, before, changed)
    return changed


async def remove_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> None:
    """Gone for its users and for the sender now; its log goes in small steps."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    before = attributes(endpoint, *_AUDITED)
    audit.record(uow, "webhook_endpoint.deleted", endpoint_id, before=before)
    removed = await queries.record_health(
        uow, endpoint_id, {"removed_at": await uow.machine_now(), "headers": None}
    )
    _watch(uow, removed)
    await queries.erase_secrets(uow, endpoint_id)


async def enable_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """What was waiting when it was disabled goes out now."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    if endpoint.status == "enabled" and endpoint.failures == 0:
        return endpoint
    enabled: EndpointChanges = {"status": "enabled", "disabled_reason": None, **RECOVERED}
    uow.wake_worker()
    return await _change_state(uow, endpoint, "webhook_endpoint.enabled", enabled)


async def disable_endpoint(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """By a person, so nobody has to be told."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    if endpoint.status == "disabled":
        return endpoint
    return await _disable(uow, endpoint, "Disabled by a person.")


async def rotate_secret(uow: UnitOfWork, box: SecretBox, endpoint_id: UUID) -> tuple[str, datetime]:
    """A new secret, and until when the old one signs beside it."""
    endpoint = await get_endpoint(uow, endpoint_id, lock=True)
    live = await queries.live_secrets(uow, endpoint.id)
    if len(live) >= _MOST_LIVE_SECRETS:
        raise TooManySecrets("Wait until the oldest has expired: 24 hours after its rotation.")
    until = await uow.machine_now() + OVERLAP
    await queries.end_secrets(uow, endpoint.id, until)
    secret = await _add_secret(uow, box, endpoint.id)
    after = {"old_secret_until": until}
    audit.record(uow, "webhook_endpoint.secret_rotated", endpoint.id, after=after)
    return secret, until


# For deliveries


async def subscribers(uow: UnitOfWork) -> Sequence[Subscriber]:
    return await queries.subscribers(uow)


async def send_again(uow: UnitOfWork, endpoint_id: UUID) -> WebhookEndpoint:
    """An endpoint that more is to be sent to. A person asks for it, so its rest is over. Raises
    `EndpointDisabled` for one that hears nothing.
    """
    endpoint = await get_endpoint(uow, endpoint_id)
    if endpoint.status == "disabled":
        raise EndpointDisabled(f"Enable it first. It is disabled: {endpoint.disabled_reason}")
    await queries.end_rest(uow, endpoint_id)
    return endpoint


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
    endpoint = await queries.endpoint_by_id(uow, endpoint_id, lock=True)
    if endpoint is not None:
        await queries.record_health(uow, endpoint_id, RECOVERED)


async def has_failed(
    uow: UnitOfWork, endpoint_id: UUID, times: int, *, asked_pause: float, scale: float
) -> None:
    """Let a failing endpoint rest, and give up one that has failed for days. Told once."""
    endpoint = await queries.endpoint_by_id(uow, endpoint_id, lock=True)
    if endpoint is None:
        return
    now = await uow.machine_now()
    failures = endpoint.failures + times
    failing_since = endpoint.failing_since or now
    health: EndpointChanges = {"failures": failures, "failing_since": failing_since}
    pause = max(seconds_of_rest(failures) * scale, asked_pause)
    if pause:
        health["rests_until"] = now + timedelta(seconds=pause)
    failing = await queries.record_health(uow, endpoint_id, health)
    if is_given_up(failures, failing_since, now, scale):
        await _give_up(uow, failing, "Every attempt of the last five days failed.")


async def is_gone(uow: UnitOfWork, endpoint_id: UUID) -> None:
    """It answered 410: nothing is sent there any more. Told once."""
    endpoint = await queries.endpoint_by_id(uow, endpoint_id, lock=True)
    if endpoint is not None:
        await _give_up(uow, endpoint, "It answered 410 Gone.")


async def forget_old(service: Service) -> bool:
    """Clear away expired secrets, and what removed endpoints left behind, a step at a time."""
    async with service.units.across_workspaces() as scope:
        await queries.forget_expired_secrets(scope)
        removed = await queries.removed_endpoints(scope)
    more = False
    for endpoint in removed:

        async def purge(uow: UnitOfWork, gone: UUID = endpoint.id) -> bool:
            return await queries.purge_endpoint(uow, gone, _PURGE_AT_ONCE)

        by, what = [Cause(type="system", id="sync")], "removed endpoint"
        more |= bool(await service.units.attempt(endpoint.workspace_id, by, purge, what=what))
    return more


# Within


async def _give_up(uow: UnitOfWork, endpoint: WebhookEndpoint, reason: str) -> None:
    if endpoint.status == "disabled":
        return
    await _disable(uow, endpoint, reason)
    host = URL(endpoint.url).host or ""
    uow.publish(WebhookEndpointDisabled(id=endpoint.id, url_host=host, reason=reason))


async def _disable(uow: UnitOfWork, endpoint: WebhookEndpoint, reason: str) -> WebhookEndpoint:
    disabled: EndpointChanges = {"status": "disabled", "disabled_reason": reason}
    return await _change_state(uow, endpoint, "webhook_endpoint.disabled", disabled)


async def _change_state(
    uow: UnitOfWork, endpoint: WebhookEndpoint, action: str, changes: EndpointChanges
) -> WebhookEndpoint:
    changed = await queries.change_endpoint(uow, endpoint.id, changes)
    _watch(uow, changed)
    before = attributes(endpoint, *_STATE)
    audit.record_difference(uow, action, endpoint.id, before, changed)
    return changed


def _watch(uow: UnitOfWork, endpoint: WebhookEndpoint) -> None:
    """Product events that nobody wants to hear of are not published."""
    hears = endpoint.status == "enabled" and endpoint.removed_at is None
    names = endpoint.product_events if hears else []
    uow.publish(SyncWatchesProductEvents(watcher=f"webhook_endpoint:{endpoint.id}", names=names))


async def _add_secret(uow: UnitOfWork, box: SecretBox, endpoint_id: UUID) -> str:
    secret, secret_id = new_secret(), new_id()
    sealed = box.seal(secret, *_secret_binding(uow.workspace_id, endpoint_id, secret_id))
    await queries.add_secret(uow, endpoint_id, secret_id, sealed)
    return secret


def _secret_binding(workspace_id: UUID, endpoint_id: UUID, secret_id: UUID) -> tuple[object, ...]:
    return (workspace_id, "webhook_secrets", endpoint_id, secret_id)


def _sealed_headers(
    uow: UnitOfWork, box: SecretBox, endpoint_id: UUID, headers: Mapping[str, str]
) -> EndpointChanges:
    binding = _headers_binding(uow.workspace_id, endpoint_id)
    sealed = box.seal(to_json(headers).decode(), *binding) if headers else None
    return {"headers": sealed, "header_names": sorted(headers)}


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
