"""What holds of a record's health while somebody's word does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts_api.signals.scoring.definition import Label


@dataclass(frozen=True, slots=True)
class Override:
    """Either a label or a score was said."""

    id: UUID
    label: str | None
    score: int | None
    expires_at: datetime


def overridden(
    override: Override, computed: int | None, labels: Sequence[Label]
) -> tuple[int | None, str | None]:
    """Score and label that hold. A label alone leaves the computed score as far as it goes with it:
    the two never disagree.
    """
    if override.score is not None:
        score = override.score
        under = [label.key for label in labels if label.start <= score]
        return score, under[-1] if under else None
    keys = [label.key for label in labels]
    if override.label not in keys:
        return computed, override.label
    place = keys.index(override.label)
    least = labels[place].start
    most = labels[place + 1].start - 1 if place + 1 < len(labels) else 100
    score = least if computed is None else min(max(computed, least), most)
    return score, override.label
