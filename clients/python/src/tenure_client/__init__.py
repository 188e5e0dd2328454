"""Tenure's API: `Tenure(url, key)` has a group of methods for each part of it."""

from tenure_client.calls import Answer
from tenure_client.client import Tenure
from tenure_client.errors import ApiError, ConnectionFailed, TenureError, WebhookRejected
from tenure_client.generated import types
from tenure_client.retries import Retries
from tenure_client.webhooks import verify_webhook

__all__ = [
    "Answer",
    "ApiError",
    "ConnectionFailed",
    "Retries",
    "Tenure",
    "TenureError",
    "WebhookRejected",
    "types",
    "verify_webhook",
]
