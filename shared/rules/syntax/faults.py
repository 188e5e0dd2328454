"""What is wrong with a rule, and where: a JSON pointer or a column of the text."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.logging import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node was written. Columns count characters from 1."""

    pointer: str | None = None
    column: int | None = None
    columns: tuple[tuple[str, int], ...] = ()

    def part(self, *names: str | int) -> "Place":
        """The place of one member of the node that was written here."""
        if self.pointer is None:
            return Place(column=dict(self.columns).get(str(names[0]), self.column))
        steps = (str(name).replace("~", "~0").replace("/", "~1") for name in names)
        return Place(pointer="/".join((self.pointer, *steps)))


@dataclass(frozen=True, slots=True)
class Fault:
    code: str
    message: str
    place: Place = field(default_factory=Place)
    suggestion: str | None = None

    def as_error(self, prefix: str = "") -> dict[str, object]:
        """One entry of a problem's `errors`; `prefix` is the pointer of the rule in the body."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.place.pointer is not None:
            error["pointer"] = prefix + self.place.pointer
        elif prefix:
            error["pointer"] = prefix
        if self.place.column is not None:
            error["column"] = self.place.column
        if self.suggestion is not None:
            error["suggestion"] = self.suggestion
        return error


class RuleFaulty(Exception):
    """A rule that cannot be used, with every fault that was found."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = tuple(faults)

    def as_errors(self, prefix: str = "") -> list[dict[str, object]]:
        return [fault.as_error(prefix) for fault in self.faults]


@contextmanager
def of_what_is_stored() -> Iterator[None]:
    """A rule that is stored was fit once. Whatever reading it raises is a fault of that rule, and
    of none beside it.
    """
    try:
        yield
    except RuleFaulty:
        raise
    except Exception as error:
        log.exception("a stored rule cannot be read")
        message = "This rule cannot be read any more; save it again."
        raise RuleFaulty([Fault("unreadable", message)]) from error
