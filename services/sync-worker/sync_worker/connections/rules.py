"""What may be changed of a connection, when it is asked again, and when its trouble is told."""

from collections.abc import Mapping
from typing import Any, Literal

from shared.errors import Fault, Invalid
from sync_worker.connectors.base import Spec

Health = Literal["ok", "failing", "needs_reauth"]

FAILURES_UNTIL_FAILING = 3
LONGEST_PAUSE = 900
_MOST_DOUBLINGS = 10


def health_after(failures: int) -> Health:
    """A single failure is weather; the third in a row is told."""
    return "failing" if failures >= FAILURES_UNTIL_FAILING else "ok"


def seconds_until_next(every: int, failures: int, asked: float | None = None) -> float:
    """The schedule, stretched with each failure in a row; a wait that was asked for counts too."""
    doubled = every * 2 ** min(failures, _MOST_DOUBLINGS)
    stretched = every if failures == 0 else min(doubled, max(LONGEST_PAUSE, every))
    return max(float(stretched), min(asked or 0.0, 4 * LONGEST_PAUSE))


def refuse_unknown_fields(spec: Spec, changes: Mapping[str, Any]) -> None:
    """Fields of another system, and empty values where there must be one."""
    known = spec.settings.model_fields.keys() - {"system"}
    faults = [
        Fault(f"/{name}", "unknown_field", f"A connection to {spec.key} has no such field.")
        for name in changes
        if name not in known
    ]
    faults += [
        Fault(f"/{name}", "required", "Give a value, or leave the field out.")
        for name, value in changes.items()
        if value in {None, ""} and name not in spec.clearable and name in known
    ]
    if faults:
        raise Invalid("Nothing was stored.", faults=faults)
