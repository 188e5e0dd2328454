from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from accounts_api.signals.metric_documents.documents import (
    Metric,
    PropertySum,
    happenings,
    walk,
)

Because = Literal["events_began", "no_events", "property_being_counted"]


@dataclass(frozen=True, slots=True)
class Reliable:
    """Without `because` every value is whole; without a day none is."""

    day: date | None
    because: Because | None

    def holds_on(self, day: date) -> bool:
        return self.because is None or (self.day is not None and day >= self.day)


def reliable_from(
    metric: Metric, first_days: Mapping[str, date], being_counted: Collection[str]
) -> Reliable:
    """Before it a zero may only mean that nothing was sent yet: a window is whole when all of its
    events came for the first time on its first day or before.
    """
    counted = happenings(metric)
    summed = {source.property for source, _ in walk(metric) if isinstance(source, PropertySum)}
    if not counted:
        return Reliable(None, None)
    if summed & set(being_counted):
        return Reliable(None, "property_being_counted")
    found = []
    for happened, ago in counted:
        if happened.names is None:
            firsts = [min(first_days.values(), default=None)]
        else:
            firsts = [first_days.get(name) for name in happened.names]
        known = [day for day in firsts if day is not None]
        if len(known) < len(firsts):
            return Reliable(None, "no_events")
        window = happened.window
        found.append(max(known) + timedelta(days=window.days - 1 + window.offset + ago))
    return Reliable(max(found), "events_began")
