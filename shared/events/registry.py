"""Every event by its name."""

from typing import cast

from shared.events import accounts, sequences, sync, tasks
from shared.events.base import Event
from shared.settings import ServiceName


def _concrete(cls: type[Event]) -> list[type[Event]]:
    below = [found for sub in cls.__subclasses__() for found in _concrete(sub)]
    return ([cls] if "name" in vars(cls) else []) + below


PUBLISHERS = (accounts, sequences, sync, tasks)
EVENTS: dict[str, type[Event]] = {cls.name: cls for cls in _concrete(Event)}
_NAMED_OTHERWISE: dict[str, ServiceName] = {"sequences": "sequencer"}


def publisher_of(name: str) -> ServiceName:
    """By the first part of an event's name."""
    first = name.partition(".")[0]
    return _NAMED_OTHERWISE.get(first, cast("ServiceName", first))
