"""What a record would say that cannot be so, found where a person or a key writes it.

CRMs hold such data all the same: what comes from a source is taken as it is, and a body can say
that it is meant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from accounts_api.records.schema.rules import RecordState
from shared.errors import Fault

_ADVICE: Final = " If it is so all the same, say `allow_implausible: true`."


@dataclass(frozen=True, slots=True)
class _Check:
    """Fields that contradict each other, the one to blame first."""

    fields: tuple[str, ...]
    contradicts: Callable[..., bool]
    """Of their values, none of which is None."""
    code: str
    message: str


_NEGATIVE: Final = _Check(
    ("arr",), lambda arr: arr < 0, "negative_amount", "Nobody pays less than nothing."
)
_CHECKS: Final[Mapping[str, tuple[_Check, ...]]] = {
    "account": (_NEGATIVE,),
    "opportunity": (
        _NEGATIVE,
        _Check(
            ("contract_expiration", "contract_start"),
            lambda expiration, start: expiration < start,
            "end_before_start",
            "The contract would end before it starts.",
        ),
        _Check(
            ("is_won", "is_closed"),
            lambda is_won, is_closed: is_won and not is_closed,
            "won_and_open",
            "A deal that is won is closed, too.",
        ),
    ),
}


def implausible(
    record_type: str, before: Mapping[str, Any] | None, after: RecordState, pointer: str
) -> list[Fault]:
    """Faults of what changes; what was stored before keeps nobody from changing other things."""
    faults = []
    for check in _CHECKS.get(record_type, ()):
        values = [after[name] for name in check.fields]
        changed = [name for name in check.fields if before is None or before[name] != after[name]]
        if changed and None not in values and check.contradicts(*values):
            message = check.message + _ADVICE
            faults.append(Fault(f"{pointer}/{changed[0]}", check.code, message))
    return faults
