"""Verifies what Tenure sends to a webhook endpoint, by the Standard Webhooks specification."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from tenure_client.errors import WebhookRejected

TOLERANCE = 300


def verify_webhook(
    secret: str | Sequence[str],
    body: bytes | str,
    headers: Mapping[str, str],
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> dict[str, Any]:
    """The event, if it was signed with the secret, or with one of several while they rotate.

    `body` is what came over the wire, before any parsing. Keep the ids (`webhook-id`) that you
    have handled: a delivery may be repeated.
    """
    names = {name.lower(): value for name, value in headers.items()}
    try:
        identity, timestamp = names["webhook-id"], names["webhook-timestamp"]
        signatures, sent = names["webhook-signature"].split(), int(timestamp)
    except (KeyError, ValueError):
        raise WebhookRejected("The headers of a webhook are missing.") from None
    if abs((time.time() if now is None else now) - sent) > tolerance:
        raise WebhookRejected("The message is too old, or from the future.")
    content = body.encode() if isinstance(body, str) else body
    signed = f"{identity}.{timestamp}.".encode() + content
    secrets = [secret] if isinstance(secret, str) else secret
    expected = [_signature(each, signed) for each in secrets]
    given = [each.removeprefix("v1,") for each in signatures if each.startswith("v1,")]
    # Every pair is compared, so that the time says nothing about which one fits.
    fits = [hmac.compare_digest(ours, theirs.encode()) for ours in expected for theirs in given]
    if not any(fits):
        raise WebhookRejected("No signature fits.")
    return cast("dict[str, Any]", json.loads(content))


def _signature(secret: str, signed: bytes) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("A webhook secret is base64 after `whsec_`.") from None
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
