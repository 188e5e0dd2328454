"""Who subscribes to whom, and what each may do there. The only file that knows two services."""

from collections.abc import Mapping

from shared.settings import ServiceName

SUBSCRIBES_TO: dict[ServiceName, tuple[ServiceName, ...]] = {
    "accounts": ("tasks", "sequencer", "sync"),
    "tasks": ("accounts", "sequencer", "sync"),
    "sequencer": ("accounts", "tasks", "sync"),
    "sync": ("accounts", "tasks", "sequencer", "sync"),
}
"""Service to the publishers whose feeds it pulls. The sync worker hears everyone, itself included,
because it carries events to partners."""


def subscribers(publisher: ServiceName) -> list[ServiceName]:
    return [service for service, publishers in SUBSCRIBES_TO.items() if publisher in publishers]


_USED = ("traits", "segments", "members", "records", "metrics", "surveys")
_USES = frozenset(f"{resource}:read" for resource in _USED)

SERVICE_GRANTS: Mapping[tuple[ServiceName, ServiceName], frozenset[str]] = {
    ("tasks", "accounts"): frozenset({"records:write"}),
    ("sync", "accounts"): frozenset(
        {"records:read", "records:write", "members:write", "traits:read", "traits:write"}
    ),
    ("sequencer", "accounts"): frozenset({"records:read", "segments:read", "surveys:write"}),
    ("accounts", "tasks"): _USES | {"tasks:write", "notes:write", "members:write"},
    ("accounts", "sequencer"): _USES,
    ("accounts", "sync"): _USES,
}
"""(issuer, audience) to all that the one may do at the other. It never adds to what the subject of
a token may do by itself; work without a person, such as a sync, may do this and no more."""


def grants(issuer: ServiceName, audience: ServiceName) -> frozenset[str]:
    return SERVICE_GRANTS.get((issuer, audience), frozenset())
