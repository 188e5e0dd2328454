from collections.abc import Callable, Iterator
from typing import Any

from tenure_client.calls import Answer


def follow(
    fetch: Callable[[str | None], Answer[Any]], after: str | None, wait: float | None
) -> Iterator[Any]:
    """Keep the `cursor` of the last event that you have dealt with, and begin `after` it the next
    time. Without `wait` it ends where the feed does.
    """
    place = after
    while True:
        page = fetch(place).data
        yield from page["data"]
        place = page["next_after"]
        if not page["has_more"] and not wait:
            return
