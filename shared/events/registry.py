"""Every event by its name."""

from typing import cast

from shared.events import accounts, product_events, sequences, sync, tasks, traits
from shared.events.base import Event
from shared.events.signals import health, indicators, metrics, surveys
from shared.settings import ServiceName


def _concrete(cls: type[Event]) -> list[type[Event]]:
    below = [event for child in cls.__subclasses__() for event in _concrete(child)]
    return ([cls] if "name" in vars(cls) else []) + below


MODULES = (
    *(accounts, health, indicators, metrics, product_events, sequences),
    *(surveys, sync, tasks, traits),
)
EVENTS: dict[str, type[Event]] = {cls.name: cls for cls in _concrete(Event)}


def publisher_of(name: str) -> ServiceName:
    """The service whose events begin with the first part of `name`."""
    first = name.partition(".")[0]
    return "sequencer" if first == "sequences" else cast("ServiceName", first)
