"""Usages of traits, segments, key roles, members and surveys, as features and services exchange
them.
"""

from dataclasses import dataclass
from typing import Final, Literal

UsageTarget = Literal["trait", "segment", "key_role", "member", "metric", "survey"]
MOST_USAGES: Final = 100
"""How many usages a service lists at most."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Something that would not be what it is any more if the target went: a rule, a sequence, a
    task. `type` is its kind, `id` is how its list finds it.
    """

    type: str
    id: str
    title: str
