"""What another host answered, or that it gave no usable answer; `shared.net.http` asks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json


class OutgoingError(Exception):
    """No usable answer. `sent` is False only when nothing can have reached the other side."""

    def __init__(self, detail: str, *, sent: bool = True) -> None:
        super().__init__(detail)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Found whatever the case of a name."""
    body: bytes

    def json(self) -> Any:
        """Raises `OutgoingError` when the body is no JSON: truncated, a page, nested too deeply."""
        try:
            return from_json(self.body, allow_inf_nan=False)
        except ValueError as error:
            raise OutgoingError(f"The answer ({self.status}) is not JSON in UTF-8.") from error
