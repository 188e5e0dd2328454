import time
from datetime import UTC, datetime


def machine_now() -> datetime:
    """The outside world does not ask our services for the time, so it has a clock of its own."""
    return datetime.fromtimestamp(time.time(), tz=UTC)


class WorldClock:
    """The date that a simulated system writes into what it makes; it can be stopped."""

    def __init__(self) -> None:
        self.frozen_at: datetime | None = None

    def now(self) -> datetime:
        return self.frozen_at or machine_now()

    def freeze(self, at: datetime | None) -> None:
        """Stop at an instant; None lets the clock run with the machine's again."""
        if at is not None and at.tzinfo is None:
            raise ValueError("a clock is set to an instant with a time zone")
        self.frozen_at = at
