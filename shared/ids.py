from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A UUIDv7 (RFC 9562): sorts by the millisecond it was made in, so primary keys stay local."""
    return uuid7()
