"""When a value is written again, and what of it fits."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

WriteBackState = TypeAliasType(
    "WriteBackState",
    Annotated[
        Literal["pending", "done", "rejected"],
        Field(
            description="`pending`: it is to be written, or written again. `done`: it has arrived"
            " there. `rejected`: the other system refused it for good."
        ),
    ],
)

_PAUSES = (5, 30, 120, 600, 3_600, 14_400, 43_200)


def pause_after(attempts: int, asked: float | None) -> float:
    """Seconds before the next try, after `attempts` that ended in passing trouble."""
    own = _PAUSES[min(max(attempts, 1), len(_PAUSES)) - 1]
    return max(float(own), min(asked or 0.0, float(_PAUSES[-1])))


def fitting(value: Any, length: int | None) -> Any:
    """A text cut to what the field there can hold: the beginning says most."""
    if isinstance(value, str) and length and len(value) > length:
        return value[: length - 1] + "…"
    return value
