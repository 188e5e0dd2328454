"""The answer of another host, or the error that there was none. `shared.net.http` returns them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json


class OutgoingError(Exception):
    """No usable answer came. `sent` is False only if nothing can have reached the other side."""

    def __init__(self, detail: str, *, sent: bool = True) -> None:
        super().__init__(detail)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """Names are compared without case."""
    body: bytes

    def json(self) -> Any:
        """The parsed body. Raises `OutgoingError` if it is not JSON: truncated, HTML, too deep."""
        try:
            return from_json(self.body, allow_inf_nan=False)
        except ValueError as error:
            raise OutgoingError(f"The answer ({self.status}) is not JSON in UTF-8.") from error
