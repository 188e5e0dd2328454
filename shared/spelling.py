"""Suggestions for misspelt names."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` was probably meant to be."""
    by_lower = {name.lower(): name for name in known}
    matches = get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def suggestion(word: str, known: Iterable[str]) -> dict[str, Any] | None:
    """What a fault says of the name beside its message."""
    guess = nearest(word, known)
    return None if guess is None else {"suggestion": guess}
