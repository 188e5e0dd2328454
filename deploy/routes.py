"""Which service answers which public path: for the gateway, and for `nginx.conf`."""

from shared.settings import ServiceName

# By what follows `/v1/`: one segment, or two where every service has its own part of the first.
SEGMENTS: dict[ServiceName, tuple[str, ...]] = {
    "accounts": (
        "a",
        "accounts",
        "alias",
        "api-keys",
        "audit-log",
        "b",
        "batch",
        "calendars",
        "contact-deactivation-rules",
        "contacts",
        "field-owners",
        "g",
        "group",
        "i",
        "identify",
        "imports",
        "indicator-definitions",
        "indicators",
        "dead-events/accounts",
        "health-scores",
        "held-work/accounts",
        "key-roles",
        "lifecycle-rules",
        "members",
        "metrics",
        "object-types",
        "objects",
        "opportunities",
        "openapi",
        "organizations",
        "p",
        "page",
        "product-event-names",
        "product-event-properties",
        "product-events",
        "product-message-types",
        "product-trait-mappings",
        "product-traits",
        "rules",
        "s",
        "screen",
        "segments",
        "survey-invitations",
        "survey-responses",
        "surveys",
        "t",
        "track",
        "traits",
        "workspace",
    ),
    "tasks": (
        "dead-events/tasks",
        "held-work/tasks",
        "note-templates",
        "notes",
        "notifications",
        "tasks",
    ),
    "sequencer": (
        "dead-events/sequencer",
        "enrollments",
        "held-work/sequencer",
        "mailboxes",
        "messages",
        "quiet-batches",
        "sequences",
        "suppressions",
        "unsubscribe",
    ),
    "sync": (
        "connections",
        "dead-events/sync",
        "events",
        "sync-runs",
        "webhook-deliveries",
        "webhook-endpoints",
    ),
}
# Links in mails, which are short: by the first segment of the path, outside of `/v1`.
PAGES: dict[ServiceName, tuple[str, ...]] = {"accounts": ("s",)}
# Bodies above the usual megabyte, by path or its end, in bytes. A test compares them with what the
# services take.
LARGER_BODIES: dict[ServiceName, dict[str, int]] = {
    "accounts": {"/v1/imports/{id}/file": 64 * 1024 * 1024, "/bulk": 16 * 1024 * 1024},
    "tasks": {"/bulk": 16 * 1024 * 1024},
}
# Where a body may hold a key or a signing secret: these answers are not compressed (BREACH). A test
# compares them with the documents.
WITH_SECRETS = ("api-keys", "webhook-endpoints")
_SERVICE_OF = {segment: service for service, segments in SEGMENTS.items() for segment in segments}
_SERVICE_OF_PAGE = {page: service for service, pages in PAGES.items() for page in pages}


def service_for(path: str) -> ServiceName | None:
    """The service for a path such as `/v1/accounts/…` or `/s/…`; None for what nobody answers."""
    parts = path.split("/")
    if len(parts) < 3 or parts[0]:  # noqa: PLR2004
        return None
    if parts[1] != "v1":
        return _SERVICE_OF_PAGE.get(parts[1])
    return _SERVICE_OF.get(parts[2]) or _SERVICE_OF.get("/".join(parts[2:4]))
