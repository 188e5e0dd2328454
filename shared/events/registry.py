"""Every event by its name."""

from shared.events import accounts, sequences, sync, tasks
from shared.events.base import Event


def _concrete(cls: type[Event]) -> list[type[Event]]:
    below = [found for sub in cls.__subclasses__() for found in _concrete(sub)]
    return ([cls] if "name" in vars(cls) else []) + below


PUBLISHERS = (accounts, sequences, sync, tasks)
EVENTS: dict[str, type[Event]] = {cls.name: cls for cls in _concrete(Event)}
