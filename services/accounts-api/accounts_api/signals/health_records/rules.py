"""What a person may say of a record's health."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from shared.errors import Fault
from shared.spelling import nearest

LONGEST: Final = timedelta(days=180)


def faults_of(
    label: str | None, score: int | None, expires_at: datetime, now: datetime, labels: Iterable[str]
) -> list[Fault]:
    """`labels` are those of the definition that scores the record."""
    known, faults = list(labels), []
    if (label is None) == (score is None):
        faults.append(Fault("/label", "one_of", "Send `label` or `score`, one of both."))
    if label is not None and label not in known:
        guess = nearest(label, known)
        near = None if guess is None else {"suggestion": guess}
        message = f"The definition of this record has the labels {', '.join(known)}."
        faults.append(Fault("/label", "unknown_label", message, near))
    if expires_at <= now:
        faults.append(Fault("/expires_at", "in_the_past", "Say an instant that is to come."))
    elif expires_at > now + LONGEST:
        message = "It may hold for 180 days; say it again when it ends."
        faults.append(Fault("/expires_at", "override_too_long", message))
    return faults
