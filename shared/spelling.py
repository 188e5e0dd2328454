"""What somebody probably meant to write."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` was probably meant to be."""
    alike = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), list(alike), n=1, cutoff=0.6)
    return alike[found[0]] if found else None
