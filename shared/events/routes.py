"""Who hears whom. The only file that knows two services."""

from shared.settings import ServiceName

HEARS: dict[ServiceName, tuple[ServiceName, ...]] = {
    "accounts": ("sequencer",),
    "tasks": ("accounts", "sequencer", "sync"),
    "sequencer": ("accounts", "sync"),
    "sync": ("accounts", "tasks", "sequencer", "sync"),
}
"""Service to the publishers whose feeds it pulls. The sync worker hears everyone, itself included,
because it carries events to partners."""


def hearers(publisher: ServiceName) -> list[ServiceName]:
    return [service for service, publishers in HEARS.items() if publisher in publishers]
