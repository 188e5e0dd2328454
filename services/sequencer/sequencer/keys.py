"""Keys of what is configured here, for lists of every area that name it."""

from typing import Final

from shared.keys import Keys

SEQUENCE_KEYS: Final = Keys("sequence", "sequences", "state <> 'archived'")
