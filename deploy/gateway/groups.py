"""How the tags of all services stand together in the reference: `x-tagGroups` of the document."""

from collections.abc import Iterable
from typing import Any

GROUPS: dict[str, tuple[str, ...]] = {
    "Customers": (
        "Accounts",
        "Contacts",
        "Organizations",
        "Opportunities",
        "Object types",
        "Objects",
        "Traits",
        "Key roles",
        "Imports",
    ),
    "Automation": ("Segments", "Lifecycle", "Contact deactivation", "Rules"),
    "Work": ("Tasks", "Notes", "Note templates", "Notifications"),
    "Mail and sequences": (
        "Sequences",
        "Enrollments",
        "Quiet batches",
        "Messages",
        "Mailboxes",
        "Suppressions",
        "Unsubscribe",
    ),
    "Signals": ("Product events", "Metrics", "Health", "Indicators", "Surveys"),
    "Integrations": ("Events", "Webhooks", "Connections", "Sync runs"),
    "Administration": ("Workspace", "Calendars", "Members", "API keys", "Audit log", "Status"),
}


def tag_groups(tags: Iterable[str]) -> list[dict[str, Any]]:
    """Those of the tags that there are."""
    present = set(tags)
    named = {name: [tag for tag in tags if tag in present] for name, tags in GROUPS.items()}
    return [{"name": name, "tags": tags} for name, tags in named.items() if tags]
