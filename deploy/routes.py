"""Which service answers which public path: for the gateway, and for `nginx.conf`."""

from shared.settings import ServiceName

# By the first segment after `/v1`.
SEGMENTS: dict[ServiceName, tuple[str, ...]] = {
    "accounts": (
        "accounts",
        "api-keys",
        "audit-log",
        "contacts",
        "key-roles",
        "lifecycle-rules",
        "members",
        "opportunities",
        "organizations",
        "rules",
        "segments",
        "traits",
        "workspace",
    ),
    "tasks": ("calendars", "note-templates", "notes", "notifications", "tasks"),
    "sequencer": (
        "enrollments",
        "mailboxes",
        "messages",
        "sequences",
        "suppressions",
        "unsubscribe",
    ),
    "sync": ("connections", "events", "sync-runs", "webhook-deliveries", "webhook-endpoints"),
}
_SERVICE_OF = {segment: service for service, segments in SEGMENTS.items() for segment in segments}


def service_for(path: str) -> ServiceName | None:
    """The service for a path such as `/v1/accounts/…`; None for what nobody answers."""
    parts = path.split("/", 3)
    if len(parts) < 3 or parts[0] or parts[1] != "v1":  # noqa: PLR2004
        return None
    return _SERVICE_OF.get(parts[2])
