"""The one document that a gateway gives out, without a gateway."""

from collections.abc import Mapping
from typing import Any

from deploy.gateway.merged import merge
from deploy.roles import SERVICES

PUBLIC_URL = "https://tenure.example.com"


def merged(documents: Mapping[str, dict[str, Any]], url: str = PUBLIC_URL) -> dict[str, Any]:
    """Of the documents by package; a gateway knows services by name, and its answers show it."""
    by_service = {service.schema: documents[service.package] for service in SERVICES}
    return merge(by_service, url, version="0")
