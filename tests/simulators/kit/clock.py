import time
from datetime import UTC, datetime


def machine_now() -> datetime:
    """When something really happened; the outside world does not ask our services for the time."""
    return datetime.fromtimestamp(time.time(), tz=UTC)
