"""The conditions of PostgreSQL that we tell apart, by the names of its manual."""

from typing import Final

SERIALIZATION_FAILURE: Final = "40001"
DEADLOCK_DETECTED: Final = "40P01"
LOCK_NOT_AVAILABLE: Final = "55P03"
QUERY_CANCELED: Final = "57014"
"""In practice, a statement that ran into its timeout."""
TOO_MANY_CONNECTIONS: Final = "53300"
DISK_FULL: Final = "53100"
FOREIGN_KEY_VIOLATION: Final = "23503"
UNIQUE_VIOLATION: Final = "23505"
EXCLUSION_VIOLATION: Final = "23P01"

WRITERS_MET: Final = frozenset({SERIALIZATION_FAILURE, DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE})
"""Two writers met: it is the fault of neither, and trying again helps."""
BUSY: Final = WRITERS_MET | {QUERY_CANCELED, TOO_MANY_CONNECTIONS, DISK_FULL}
CONFLICTS: Final = frozenset({FOREIGN_KEY_VIOLATION, UNIQUE_VIOLATION, EXCLUSION_VIOLATION})
