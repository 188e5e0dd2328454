"""Machine time. A decision about a customer uses the workspace's clock (`UnitOfWork.now`)."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
